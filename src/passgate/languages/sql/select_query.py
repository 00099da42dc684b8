"""SELECT, VALUES and set operations: one query level at a time, in the order in which the server gives names their meaning."""

from passgate.core.action import ObjectRef, Position, VerbClass
from passgate.languages.sql.column_names import UNNAMED, column_name
from passgate.languages.sql.common_tables import endless, open_with
from passgate.languages.sql.conjuncts import decide
from passgate.languages.sql.expressions import decides, value
from passgate.languages.sql.expressions_calls import sort_key, window
from passgate.languages.sql.expressions_operators import calls as operators
from passgate.languages.sql.from_items import from_item
from passgate.languages.sql.lineage import NOTHING, Field, Value, computed, merged
from passgate.languages.sql.scope import Joins, Scope, With
from passgate.languages.sql.subqueries import OPEN, Rows, rows, use, yields
from passgate.languages.sql.tree import Node, words
from passgate.languages.sql.walk import RANGE_VAR, Walk

_FIELDS = (
    "distinctClause intoClause targetList fromClause whereClause groupClause groupDistinct havingClause windowClause valuesLists "
    "sortClause limitOffset limitCount limitOption lockingClause withClause op all larg rarg groupByAll"
)
_KNOWN = frozenset(_FIELDS.split())
_SET_OPERATIONS = frozenset({"SETOP_UNION", "SETOP_INTERSECT", "SETOP_EXCEPT"})
_LEVEL = frozenset({"withClause", "sortClause", "limitOffset", "limitCount", "lockingClause"})
_RES_TARGET = frozenset({"name", "indirection", "val", "location"})


@yields("SelectStmt", _FIELDS)
def select(walk: Walk, node: Node, outer: Scope | None, with_: With) -> Rows:
    """One query level with its CTEs, its sort and its limit."""
    if not _KNOWN.issuperset(node):
        walk.check("SelectStmt", node, _KNOWN)
    if "intoClause" in node:
        walk.gap("INTO inside a query is not understood")
    if "withClause" in node:
        with_ = open_with(walk, node["withClause"], outer, with_)
        if "limitCount" not in node and endless(node["withClause"]):
            walk.found.fact("sql.cartesian")
    if node.get("op", "SETOP_NONE") != "SETOP_NONE":
        return _set_operation(walk, node, outer, with_)
    if "valuesLists" in node:
        found = _values(walk, node, Scope(outer, with_))
        scope = Scope(outer, with_)
        _sort_and_limit(walk, node, scope, found)
        return Rows(found, large=False)
    return _simple(walk, node, Scope(outer, with_))


def _simple(walk: Walk, node: Node, scope: Scope) -> Rows:
    froms = node.get("fromClause", ())
    joins = Joins() if len(froms) > 1 or (froms and "JoinExpr" in froms[0]) else None
    scope.joins = joins
    for wrapped in froms:
        scope.items.append(from_item(walk, wrapped, scope))
    if "whereClause" in node:
        decide(walk, node["whereClause"], scope, Position.PREDICATE)
    for wrapped in node.get("windowClause", ()):
        definition = wrapped["WindowDef"]
        scope.windows[definition.get("name", "")] = window(walk, definition, scope)
    fields = targets(walk, node.get("targetList", ()), scope)
    for wrapped in node.get("groupClause", ()):
        _group(walk, wrapped, scope, fields)
    if "havingClause" in node:
        decides(walk, node["havingClause"], scope)
    if "distinctClause" in node:
        _distinct(walk, node["distinctClause"], scope, fields)
    _sort_and_limit(walk, node, scope, fields)
    for wrapped in node.get("lockingClause", ()):
        _lock(walk, wrapped["LockingClause"], scope)
    if joins is not None and joins.cartesian(scope.leaves):
        walk.found.fact("sql.cartesian")
    return Rows(fields, any(leaf.large for leaf in scope.leaves) and not _few(node))


def targets(walk: Walk, wrapped: "list[Node] | tuple[()]", scope: Scope) -> tuple[Field, ...]:
    """A target list with every star expanded. A ``*`` whose columns cannot be told stays one field named OPEN."""
    found: list[Field] = []
    for one in wrapped:
        target = one["ResTarget"]
        if not _RES_TARGET.issuperset(target):
            walk.check("ResTarget", target, _RES_TARGET)
        expression = target.get("val", {})
        reference = expression.get("ColumnRef")
        if reference is not None and "A_Star" in reference["fields"][-1]:
            found += _star(walk, reference, scope)
            continue
        if "A_Indirection" in expression and "A_Star" in expression["A_Indirection"]["indirection"][-1]:
            whole = value(walk, expression, scope)
            found += whole.fields if whole.fields is not None else (Field(OPEN, computed(whole)),)
            continue
        name = target.get("name") or column_name(expression)
        found.append(Field(name, value(walk, expression, scope)))
    return tuple(found)


def _star(walk: Walk, node: Node, scope: Scope) -> list[Field]:
    *qualifiers, _ = node["fields"]
    if not qualifiers:
        if not scope.items:
            walk.gap("* has nothing to stand for")
        if scope.touched is not None:
            scope.touched.update(*(entry.leaves for entry in scope.entries))
        found = list(scope.fields)
        entries = scope.entries
    else:
        names = words(qualifiers)
        entry = scope.entry(names[-1], names[-2] if len(names) > 1 else "")
        if entry is None:
            walk.gap(f"FROM item {'.'.join(names)} is not known")
            return []
        found = list(entry.fields)
        entries = (entry,)
    for entry in entries:
        if entry.open:
            found.append(Field(OPEN, entry.unlisted(OPEN) or NOTHING))
    return found


def _values(walk: Walk, node: Node, scope: Scope) -> tuple[Field, ...]:
    columns: list[Value] = []
    for wrapped in node["valuesLists"]:
        for number, item in enumerate(wrapped["List"].get("items", ())):
            found = value(walk, item, scope)
            if number == len(columns):
                columns.append(found)
            elif found.sources or columns[number].sources:
                columns[number] = merged(columns[number], found)
    return tuple(Field(f"column{number}", found) for number, found in enumerate(columns, 1))


# -- set operations -------------------------------------------------------------------------------------------------------


def _set_operation(walk: Walk, node: Node, outer: Scope | None, with_: With) -> Rows:
    """A left-deep chain is followed in a loop: a thousand UNION ALL are an honest statement."""
    chain = [node]
    while True:
        left = chain[-1]["larg"]
        if left.get("op", "SETOP_NONE") == "SETOP_NONE" or not _LEVEL.isdisjoint(left):
            break
        walk.check("SelectStmt", left, _KNOWN)
        chain.append(left)
    found = rows(walk, {"SelectStmt": chain[-1]["larg"]}, outer, with_).fields
    for link in reversed(chain):
        right = rows(walk, {"SelectStmt": link["rarg"]}, outer, with_).fields
        found = combined(walk, link, found, right)
    _sort_and_limit(walk, node, Scope(outer, with_), found)
    for wrapped in node.get("lockingClause", ()):
        _lock(walk, wrapped["LockingClause"], Scope(outer, with_))
    return Rows(found)


def combined(walk: Walk, node: Node, left: tuple[Field, ...], right: tuple[Field, ...]) -> tuple[Field, ...]:
    """The columns of one set operation, matched by position."""
    operation = node.get("op", "")
    if operation not in _SET_OPERATIONS:
        walk.gap(f"set operation {operation} is not known")
    if len(left) != len(right) and not any(field.name == OPEN for field in (*left, *right)):
        walk.gap("the sides of a set operation have different numbers of columns")
    if operation != "SETOP_UNION":
        use(walk, left, Position.PREDICATE)
        use(walk, right, Position.PREDICATE)
    elif not node.get("all"):
        use(walk, left, Position.GROUP)
        use(walk, right, Position.GROUP)
    if operation == "SETOP_EXCEPT":
        return left
    if any(field.name == OPEN for field in (*left, *right)):
        return (Field(OPEN, computed(Value(frozenset().union(*(f.value.sources for f in (*left, *right)))))),)
    return tuple(Field(one.name, merged(one.value, other.value)) for one, other in zip(left, right, strict=False))


# -- what refers to targets -----------------------------------------------------------------------------------------------


def _sort_and_limit(walk: Walk, node: Node, scope: Scope, fields: tuple[Field, ...]) -> None:
    for wrapped in node.get("sortClause", ()):
        by = _target(wrapped["SortBy"].get("node"), fields, by_name=True)
        found = sort_key(walk, wrapped, scope) if by is None else by
        if by is not None and "useOp" in wrapped["SortBy"]:
            operators(walk, words(wrapped["SortBy"]["useOp"]), by, by)
        walk.found.use(found.sources, Position.ORDER)
    decides(walk, node.get("limitCount"), scope)
    decides(walk, node.get("limitOffset"), scope)


def _target(wrapped: Node | None, fields: tuple[Field, ...], *, by_name: bool) -> Value | None:
    """The output column that an ORDER BY or GROUP BY item means: by position, or by name."""
    if not wrapped:
        return None
    constant = wrapped.get("A_Const")
    if constant is not None:
        position = constant.get("ival", {}).get("ival", 0)
        return fields[position - 1].value if 0 < position <= len(fields) else NOTHING
    name = _bare_name(wrapped)
    if by_name and name and name != UNNAMED:
        for field in fields:
            if field.name == name:
                return field.value
    return None


def _bare_name(wrapped: Node) -> str:
    """The name of an unqualified column reference; empty for anything else."""
    fields = wrapped.get("ColumnRef", {}).get("fields", ())
    return str(fields[0].get("String", {}).get("sval", "")) if len(fields) == 1 else ""


def _group(walk: Walk, wrapped: Node, scope: Scope, fields: tuple[Field, ...]) -> None:
    """GROUP BY takes a name for an input column first, then for an output column."""
    sets = wrapped.get("GroupingSet")
    if sets is not None:
        walk.check("GroupingSet", sets, _GROUPING_SET)
        for one in sets.get("content", ()):
            _group(walk, one, scope, fields)
        return
    if "List" in wrapped or "RowExpr" in wrapped:
        inner: Node = next(iter(wrapped.values()))
        for one in (*inner.get("items", ()), *inner.get("args", ())):
            _group(walk, one, scope, fields)
        return
    name = _bare_name(wrapped)
    input_column = bool(name) and any(item.column(name) is not None for item in scope.items)
    by = None if input_column else _target(wrapped, fields, by_name=True)
    found = by if by is not None else value(walk, wrapped, scope)
    walk.found.use(found.sources, Position.GROUP)


_GROUPING_SET = frozenset({"kind", "content", "location"})


def _distinct(walk: Walk, clause: list[Node], scope: Scope, fields: tuple[Field, ...]) -> None:
    on = [wrapped for wrapped in clause if wrapped]
    if not on:  # GROUP BY in other words: it says how many differ, and may sort the rows by them
        use(walk, fields, Position.GROUP)
    for wrapped in on:
        by = _target(wrapped, fields, by_name=True)
        found = by if by is not None else value(walk, wrapped, scope)
        walk.found.use(found.sources, Position.GROUP)


_AGGREGATES = frozenset(
    {"count", "sum", "min", "max", "avg", "bool_and", "bool_or", "every", "string_agg", "array_agg"}
)


def _few(node: Node) -> bool:
    """Whether the text itself says that few rows come: a small LIMIT, or an aggregate of everything."""
    limit = node.get("limitCount", {}).get("A_Const", {}).get("ival")
    if limit is not None and limit.get("ival", 0) <= _SMALL:
        return True
    first = (node.get("targetList") or [{}])[0].get("ResTarget", {}).get("val", {}).get("FuncCall", {})
    if "groupClause" in node or "over" in first:
        return False
    return bool(first) and words(first["funcname"])[-1] in _AGGREGATES


_SMALL = 1000


def _lock(walk: Walk, node: Node, scope: Scope) -> None:
    """FOR UPDATE, FOR SHARE: of the items named, or of all, through sub-selects too."""
    walk.check("LockingClause", node, _LOCKING)
    walk.found.fact("sql.locking")
    names = []
    for wrapped in node.get("lockedRels", ()):
        walk.check("RangeVar", wrapped["RangeVar"], RANGE_VAR)
        names.append(wrapped["RangeVar"].get("relname", ""))
    locked = [entry for entry in scope.entries if not names or entry.name in names]
    objects: dict[ObjectRef, None] = {}
    for entry in locked:
        if entry.table is not None:
            objects[entry.table.object] = None
        for field in entry.fields if entry.table is None else ():
            objects.update(dict.fromkeys(source.object for source in field.value.sources))
    if not objects:
        objects[ObjectRef(kind="relation", name=", ".join(names), known=False)] = None
    for object_ in objects:
        walk.found.act("lock_rows", VerbClass.WRITE, object_)  # as the server: it takes the right to UPDATE


_LOCKING = frozenset({"lockedRels", "strength", "waitPolicy"})
