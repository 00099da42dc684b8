"""INSERT, UPDATE, DELETE, MERGE: what is written, what is read in order to write it, and what of it shows."""

from collections.abc import Iterable

from passgate.core.action import Position, VerbClass
from passgate.languages.sql.common_tables import open_with
from passgate.languages.sql.conjuncts import decide
from passgate.languages.sql.expressions import decides, subscript, value
from passgate.languages.sql.from_items import alias_of, from_item, table_entry
from passgate.languages.sql.lineage import NOTHING, Field, Reach, Value, computed, merged
from passgate.languages.sql.memory import Memory
from passgate.languages.sql.names import Table, unknown_object
from passgate.languages.sql.reach import ANYWHERE, reach
from passgate.languages.sql.scope import Entry, Item, Joins, Scope, With
from passgate.languages.sql.select_query import targets
from passgate.languages.sql.sizes import as_many_as_written
from passgate.languages.sql.statements.meaning import Meaning, states
from passgate.languages.sql.subqueries import OPEN, Rows, rows, use, yields
from passgate.languages.sql.tree import Node
from passgate.languages.sql.walk import Walk, named

_INSERT = "relation cols selectStmt onConflictClause returningClause withClause override"
_UPDATE = "relation targetList whereClause fromClause returningClause withClause"
_DELETE = "relation usingClause whereClause returningClause withClause"
_MERGE = "relation sourceRelation joinCondition mergeWhenClauses returningClause withClause"

Assigned = dict[str, Value]
"""What is written into each column, since RETURNING shows it."""


class Target:
    """The relation that a statement writes to."""

    __slots__ = ("entry", "node", "table", "walk")

    def __init__(self, walk: Walk, node: Node) -> None:
        self.walk = walk
        self.node = node
        alias, _ = alias_of(walk, node)
        relation = walk.relation(node)
        self.table: Table | None = None
        if relation is None:
            self.entry = Entry(alias or node.get("relname", ""), (), rest=NOTHING)
            return
        self.table = walk.names.table(relation)
        self.entry = table_entry(self.table, alias, (), only=not node.get("inh", False))
        if relation.has_rules:
            walk.gap(f"rules of {relation} may turn the statement into another")

    def act(self, verb: str, how: Reach, columns: Iterable[str] = ()) -> None:
        """Atoms of writing: to the relation as a whole, to each column, to what inherits, to what a view stands for."""
        found = self.walk.found
        if self.table is None:
            name, namespace = self.node.get("relname", ""), self.node.get("schemaname", "")
            found.write(verb, unknown_object("relation", name, namespace), how)
            return
        found.write(verb, self.table.object, how)
        for column in columns:
            found.write(verb, self.table.object, how, column)
        for relative in self.table.inherited(only=not self.node.get("inh", False)):
            found.write(verb, relative.object, how)
            for column in columns:
                if column in relative.names:
                    found.write(verb, relative.object, how, column)
        self._beneath(verb, how, columns)

    def _beneath(self, verb: str, how: Reach, columns: Iterable[str]) -> None:
        """A write to a view is a write to the relations it reads. Whether it is pinned there is not told."""
        assert self.table is not None  # noqa: S101 - act() returned where it is
        body = self.table.body
        if body is None:
            return
        loose = Reach(where_effective=how.where_effective, key_pinned=False)
        for atom in body.atoms:
            if atom.object.kind == "relation" and not atom.column:
                self.walk.found.write(verb, atom.object, loose)
        for column in columns:
            value_ = self.table.column(column)
            for source in value_.sources if value_ is not None else ():
                self.walk.found.write(verb, source.object, loose, source.ref.column)
        for gap in body.gaps:
            self.walk.gap(gap)

    def column(self, name: str) -> str:
        """A column that is written to; a gap if there is none."""
        if self.table is not None and self.table.column(name) is None:
            self.walk.gap(f"column {named(self.node)}.{name} is not known")
        return name

    def returned(self, assigned: Assigned) -> Item:
        """The row after the write: a column shows what was in it, or what was written into it."""
        if not assigned:
            return Item.of(self.entry)
        fields = tuple(
            Field(name, _after(shown, assigned[name]) if name in assigned else shown)
            for name, shown in self.entry.fields
        )
        entry = Entry(self.entry.name, fields, namespace=self.entry.namespace, table=self.table, only=self.entry.only)
        return Item.of(entry)


def _after(before: Value, written: Value) -> Value:
    if not written.sources:
        return before
    return Value(before.sources | written.sources)


def assignments(
    walk: Walk, target: Target, wrapped: Iterable[Node], scope: Scope, assigned: Assigned
) -> tuple[str, ...]:
    """SET column = value: the values are sources. Returns the columns."""
    columns: list[str] = []
    for one in wrapped:
        node = one["ResTarget"]
        walk.check("ResTarget", node, _RES_TARGET)
        name = target.column(node.get("name", ""))
        found = value(walk, node.get("val"), scope)
        for step in node.get("indirection", ()):
            if "A_Indices" in step:
                walk.found.use(subscript(walk, step["A_Indices"], scope).sources, Position.PREDICATE)
            elif "String" not in step:
                walk.gap("an assignment to a part of a column is not understood")
        walk.found.use(found.sources, Position.SOURCE)
        _assign(assigned, name, found)
        columns.append(name)
    return tuple(columns)


_RES_TARGET = frozenset({"name", "indirection", "val", "location"})


def _assign(assigned: Assigned, name: str, found: Value) -> None:
    if found.sources:
        assigned[name] = merged(assigned[name], computed(found)) if name in assigned else computed(found)


def returning(walk: Walk, node: Node, target: Target, scope: Scope, assigned: Assigned) -> tuple[Field, ...]:
    """RETURNING: the row written, the other FROM items, and OLD and NEW (PostgreSQL 18)."""
    clause = node.get("returningClause")
    if not clause:
        return ()
    walk.check("ReturningClause", clause, _RETURNING)
    after = target.returned(assigned)
    names = {"old", "new"}
    for wrapped in clause.get("options", ()):
        option = wrapped["ReturningOption"]
        walk.check("ReturningOption", option, _OPTION)
        names.add(option.get("value", ""))
    entry = after.entries[0]
    both = Item(
        tuple(
            Entry(name, entry.fields, table=entry.table, index=entry.index, rest=entry.rest) for name in sorted(names)
        ),
        (),
    )
    level = Scope(scope.parent, scope.with_, (after, *scope.items, both))
    return targets(walk, clause.get("exprs", ()), level)


_RETURNING = frozenset({"options", "exprs"})
_OPTION = frozenset({"option", "value", "location"})


# -- INSERT ---------------------------------------------------------------------------------------------------------------


@yields("InsertStmt", _INSERT)
def insert(walk: Walk, node: Node, outer: Scope | None, with_: With) -> Rows:
    if "withClause" in node:
        with_ = open_with(walk, node["withClause"], outer, with_)
    target = Target(walk, node["relation"])
    source = node.get("selectStmt")
    fields = rows(walk, source, outer, with_).fields if source else ()
    use(walk, fields, Position.SOURCE)
    empty = Scope(outer, with_)
    columns = _insert_columns(walk, node, target, empty)
    assigned: Assigned = {}
    for name, field in zip(columns, fields, strict=False):
        _assign(assigned, name, field.value)
    if any(field.name == OPEN for field in fields):
        for name in columns:
            _assign(assigned, name, Value(frozenset().union(*(field.value.sources for field in fields))))
    listed = source is None or as_many_as_written(walk, source)
    how = Reach(where_effective=True, key_pinned=listed)
    target.act("insert", how, columns)
    if "onConflictClause" in node:
        _on_conflict(walk, node["onConflictClause"], target, empty, how, assigned)
    return Rows(returning(walk, node, target, empty, assigned))


def _insert_columns(walk: Walk, node: Node, target: Target, scope: Scope) -> tuple[str, ...]:
    if "cols" not in node:
        return tuple(name for name, _ in target.entry.fields)
    columns = []
    for wrapped in node["cols"]:
        column = wrapped["ResTarget"]
        walk.check("ResTarget", column, _RES_TARGET)
        columns.append(target.column(column.get("name", "")))
        for step in column.get("indirection", ()):
            if "A_Indices" in step:
                decides(walk, step["A_Indices"].get("lidx"), scope)
                decides(walk, step["A_Indices"].get("uidx"), scope)
    return tuple(columns)


def _on_conflict(walk: Walk, node: Node, target: Target, scope: Scope, how: Reach, assigned: Assigned) -> None:
    """DO UPDATE touches at most one row for each row inserted, so it is as narrow as the INSERT."""
    walk.check("OnConflictClause", node, _ON_CONFLICT)
    row_scope = Scope(scope.parent, scope.with_, (Item.of(target.entry),))
    infer = node.get("infer")
    if infer:
        walk.check("InferClause", infer, _INFER)
        for wrapped in infer.get("indexElems", ()):
            element = wrapped["IndexElem"]
            walk.check("IndexElem", element, INDEX_ELEMENT)
            decides(walk, element.get("expr"), row_scope)
            if "name" in element:
                decides(walk, {"ColumnRef": {"fields": [{"String": {"sval": element["name"]}}]}}, row_scope)
        decides(walk, infer.get("whereClause"), row_scope)
    if not infer or "indexElems" not in infer:  # any unique index may find the conflict, one on an expression too
        use(walk, tuple(target.entry.fields), Position.PREDICATE)
    excluded = Entry(
        "excluded",
        tuple(Field(name, assigned.get(name, NOTHING)) for name, _ in target.entry.fields),
        rest=NOTHING if target.table is None else None,
    )
    scope = Scope(scope.parent, scope.with_, (Item.of(target.entry), Item((excluded,), ())))
    if node.get("action") == "ONCONFLICT_UPDATE":
        columns = assignments(walk, target, node.get("targetList", ()), scope, assigned)
        target.act("update", how, columns)
    elif node.get("action") != "ONCONFLICT_NOTHING":
        walk.gap(f"conflict action {node.get('action')} is not known")
    decides(walk, node.get("whereClause"), scope)


_ON_CONFLICT = frozenset({"action", "infer", "targetList", "whereClause", "location"})
_INFER = frozenset({"indexElems", "whereClause", "conname", "location"})
INDEX_ELEMENT = frozenset(
    {"name", "expr", "indexcolname", "collation", "opclass", "opclassopts", "ordering", "nulls_ordering"}
)


# -- UPDATE, DELETE -------------------------------------------------------------------------------------------------------


@yields("UpdateStmt", _UPDATE)
def update(walk: Walk, node: Node, outer: Scope | None, with_: With) -> Rows:
    target, scope = _joined(walk, node, "fromClause", outer, with_)
    assigned: Assigned = {}
    columns = assignments(walk, target, node.get("targetList", ()), scope, assigned)
    target.act("update", _condition(walk, node, target, scope, "fromClause"), columns)
    if target.table is not None and walk.names.referenced(target.table.relation, columns):
        walk.found.fact("sql.cascades")
    return _finished(walk, node, target, scope, assigned)


@yields("DeleteStmt", _DELETE)
def delete(walk: Walk, node: Node, outer: Scope | None, with_: With) -> Rows:
    target, scope = _joined(walk, node, "usingClause", outer, with_)
    target.act("delete", _condition(walk, node, target, scope, "usingClause"))
    if target.table is not None and walk.names.referenced(target.table.relation):
        walk.found.fact("sql.cascades")
    return _finished(walk, node, target, scope, {})


def _joined(walk: Walk, node: Node, clause: str, outer: Scope | None, with_: With) -> tuple[Target, Scope]:
    """The target and the other FROM items, which do not see it."""
    if "withClause" in node:
        with_ = open_with(walk, node["withClause"], outer, with_)
    target = Target(walk, node["relation"])
    scope = Scope(outer, with_)
    others = node.get(clause, ())
    if others:
        scope.joins = Joins()
        for wrapped in others:
            scope.items.append(from_item(walk, wrapped, scope))
        scope.leaves.append(target.entry)
    scope.items.insert(0, Item.of(target.entry))
    return target, scope


def _condition(walk: Walk, node: Node, target: Target, scope: Scope, clause: str) -> Reach:
    where = node.get("whereClause")
    if where is not None:
        decide(walk, where, scope, Position.PREDICATE)
    return reach(walk, where, target.table, target.entry.name, node.get(clause, ()), scope)


def _finished(walk: Walk, node: Node, target: Target, scope: Scope, assigned: Assigned) -> Rows:
    if scope.joins is not None and scope.joins.cartesian(scope.leaves):
        walk.found.fact("sql.cartesian")
    others = Scope(scope.parent, scope.with_, scope.items[1:])
    return Rows(returning(walk, node, target, others, assigned))


# -- MERGE ----------------------------------------------------------------------------------------------------------------


@yields("MergeStmt", _MERGE)
def merge(walk: Walk, node: Node, outer: Scope | None, with_: With) -> Rows:
    if "withClause" in node:
        with_ = open_with(walk, node["withClause"], outer, with_)
    target = Target(walk, node["relation"])
    scope = Scope(outer, with_)
    scope.joins = Joins()
    source = from_item(walk, node["sourceRelation"], scope)
    scope.items += [source, Item.of(target.entry)]
    scope.leaves.append(target.entry)
    decide(walk, node["joinCondition"], scope, Position.JOIN)
    how = reach(walk, node["joinCondition"], target.table, target.entry.name, [node["sourceRelation"]], scope)
    target.act("merge", how)
    assigned: Assigned = {}
    for wrapped in node.get("mergeWhenClauses", ()):
        _when(walk, wrapped["MergeWhenClause"], target, scope, how, assigned)
    others = Scope(outer, with_, (source,))
    return Rows(returning(walk, node, target, others, assigned))


def _when(walk: Walk, node: Node, target: Target, scope: Scope, how: Reach, assigned: Assigned) -> None:
    walk.check("MergeWhenClause", node, _WHEN)
    if node.get("matchKind") not in ("MERGE_WHEN_MATCHED", "MERGE_WHEN_NOT_MATCHED_BY_TARGET"):
        how = ANYWHERE  # every row that is not matched
    decides(walk, node.get("condition"), scope)
    action = node.get("commandType")
    if action == "CMD_INSERT":
        columns = _merge_insert(walk, node, target, scope, assigned)
        target.act("insert", Reach(where_effective=True, key_pinned=False), columns)
    elif action == "CMD_UPDATE":
        columns = assignments(walk, target, node.get("targetList", ()), scope, assigned)
        target.act("update", how, columns)
    elif action == "CMD_DELETE":
        target.act("delete", how)
        if target.table is not None and walk.names.referenced(target.table.relation):
            walk.found.fact("sql.cascades")
    elif action != "CMD_NOTHING":
        walk.gap(f"merge action {action} is not known")


def _merge_insert(walk: Walk, node: Node, target: Target, scope: Scope, assigned: Assigned) -> tuple[str, ...]:
    columns = _insert_columns(walk, {"cols": node["targetList"]} if "targetList" in node else {}, target, scope)
    for number, wrapped in enumerate(node.get("values", ())):
        found = value(walk, wrapped, scope)
        walk.found.use(found.sources, Position.SOURCE)
        if number < len(columns):
            _assign(assigned, columns[number], found)
    return columns


_WHEN = frozenset({"matchKind", "commandType", "override", "condition", "targetList", "values"})


# -- as statements --------------------------------------------------------------------------------------------------------


def _statement(kind: str, verb: str, fields: str) -> None:
    @states(kind, fields)
    def read(walk: Walk, node: Node, memory: Memory) -> Meaning:  # noqa: ARG001 - the same shape for every statement
        found = rows(walk, {kind: node}, None, With()).fields
        use(walk, found, Position.RETURNING)
        return Meaning(verb, VerbClass.WRITE, None if any(field.name == OPEN for field in found) else found)


_statement("InsertStmt", "insert", _INSERT)
_statement("UpdateStmt", "update", _UPDATE)
_statement("DeleteStmt", "delete", _DELETE)
_statement("MergeStmt", "merge", _MERGE)
