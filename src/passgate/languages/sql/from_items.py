"""FROM items: tables, sub-selects, functions, joins, XMLTABLE and JSON_TABLE."""

from collections.abc import Callable, Iterator

from passgate.core.action import Position
from passgate.languages.sql.catalog import Function
from passgate.languages.sql.column_names import column_name
from passgate.languages.sql.conjuncts import decide
from passgate.languages.sql.expressions import decides, value, values
from passgate.languages.sql.expressions_casts import type_name
from passgate.languages.sql.expressions_documents import behavior, document, passing
from passgate.languages.sql.lineage import NOTHING, Field, Value, computed, derived, merged
from passgate.languages.sql.names import Table, call_atom
from passgate.languages.sql.scope import AMBIGUOUS, Entry, Item, Scope
from passgate.languages.sql.sizes import many_rows
from passgate.languages.sql.subqueries import OPEN, entry, pass_on, renamed, rows
from passgate.languages.sql.tree import Node, items, words
from passgate.languages.sql.walk import RANGE_VAR, Walk

FromReader = Callable[[Walk, Node, Scope], Item]
_READERS: dict[str, tuple[frozenset[str], FromReader]] = {}


def _from(kind: str, fields: str) -> Callable[[FromReader], FromReader]:
    def declare(function: FromReader) -> FromReader:
        _READERS[kind] = (frozenset(fields.split()), function)
        return function

    return declare


def from_item(walk: Walk, wrapped: Node, scope: Scope) -> Item:
    """One FROM item. ``scope`` holds the items before it, which only LATERAL items and functions see."""
    kind, node = next(iter(wrapped.items()), ("", {}))
    found = _READERS.get(kind)
    if found is None:
        walk.gap(f"FROM item {kind} is not known")
        return Item((), ())
    known, read = found
    if not known.issuperset(node):
        walk.check(kind, node, known)
    return read(walk, node, scope)


def alias_of(walk: Walk, node: Node) -> tuple[str, tuple[str, ...]]:
    """``(name, column names)`` of an alias; empty where there is none."""
    alias = node.get("alias")
    if not alias:
        return "", ()
    walk.check("Alias", alias, _ALIAS)
    return alias.get("aliasname", ""), words(alias.get("colnames"))


_ALIAS = frozenset({"aliasname", "colnames"})


def _leaf(scope: Scope, found: Entry) -> Item:
    scope.leaves.append(found)
    return Item.of(found)


@_from("RangeVar", " ".join(RANGE_VAR))
def table(walk: Walk, node: Node, scope: Scope) -> Item:
    """A CTE, or a stored relation with what inherits from it."""
    name = node.get("relname", "")
    alias, names = alias_of(walk, node)
    cte = None if "schemaname" in node else scope.with_.find(name)
    if cte is not None:
        if cte.fields is None:
            return _leaf(scope, Entry(alias or name, (), rest=NOTHING, large=True))
        return _leaf(scope, entry(alias or name, tuple(cte.fields), names, large=cte.large))
    relation = walk.relation(node)
    if relation is None:
        return _leaf(scope, Entry(alias or name, (), rest=NOTHING))
    only = not node.get("inh", False)
    found = walk.read(relation, only=only)
    return _leaf(scope, table_entry(found, alias, names, only=only))


def table_entry(found: Table, alias: str, names: tuple[str, ...], *, only: bool = False) -> Entry:
    """A stored relation under its own name or an alias."""
    relation = found.relation
    namespace = "" if alias else relation.namespace
    fields = tuple(Field(name, found.own[name]) for name, _ in found.fields) if only else found.fields
    large = not relation.system and relation.kind != "sequence"
    if names:
        return Entry(
            alias or relation.name, renamed(fields, names), namespace=namespace, table=found, only=only, large=large
        )
    index = found.own if only else found.index
    return Entry(alias or relation.name, fields, namespace=namespace, table=found, only=only, index=index, large=large)


@_from("RangeSubselect", "lateral subquery alias")
def _sub_select(walk: Walk, node: Node, scope: Scope) -> Item:
    alias, names = alias_of(walk, node)
    if not node.get("lateral"):
        found = rows(walk, node["subquery"], scope.parent, scope.with_)
        pass_on(walk, found.fields)
        return _leaf(scope, entry(alias, found.fields, names, large=found.large))
    before, scope.touched = scope.touched, set()
    found = rows(walk, node["subquery"], scope, scope.with_)
    touched, scope.touched = scope.touched, before
    pass_on(walk, found.fields)
    item = _leaf(scope, entry(alias, found.fields, names, large=found.large))
    if scope.joins is not None:
        scope.joins.join(frozenset((*touched, id(item.entries[0]))))
    return item


@_from("RangeFunction", "lateral ordinality is_rowsfrom functions alias coldeflist")
def _function(walk: Walk, node: Node, scope: Scope) -> Item:
    """A function in FROM sees the items before it, LATERAL or not. Its columns all show whatever its arguments show."""
    alias, names = alias_of(walk, node)
    fields: list[Field] = []
    first = ""
    large = False
    for call, definitions in _written(node["functions"]):
        shown = value(walk, call, scope)
        name = column_name(call)
        first = first or name
        large = large or many_rows(walk, call)
        fields += _columns_of(walk, call, computed(shown), name, items(definitions), alias)
    fields += (
        _defined(walk, node.get("coldeflist", []), derived(field.value for field in fields))
        if "coldeflist" in node
        else []
    )
    if "coldeflist" in node:
        fields = [field for field in fields if field.name != OPEN]
    if node.get("ordinality"):
        fields.append(Field("ordinality", NOTHING))
    return _leaf(scope, entry(alias or first, tuple(fields), names, large=large))


def _written(functions: list[Node]) -> Iterator[tuple[Node, Node]]:
    """Each call with its column definitions. ``unnest`` of several arrays is one ``unnest`` of each, side by side.

    The server takes it apart by this very name, unqualified and without any clause (PostgreSQL, ``transformRangeFunction``).
    """
    for wrapped in functions:
        call, definitions = (*items(wrapped), {}, {})[:2]
        node = call.get("FuncCall", {})
        args = node.get("args", [])
        if (
            words(node.get("funcname")) == ("unnest",)
            and len(args) > 1
            and not definitions
            and not _CLAUSES & node.keys()
        ):
            for arg in args:
                yield {"FuncCall": {**node, "args": [arg]}}, {}
        else:
            yield call, definitions


_CLAUSES = frozenset(
    {"agg_order", "agg_filter", "over", "agg_within_group", "agg_star", "agg_distinct", "func_variadic"}
)


def _columns_of(walk: Walk, call: Node, shown: Value, name: str, definitions: list[Node], alias: str) -> list[Field]:
    """The columns of one function: as defined in the text, as the catalog says, or one named like the function."""
    if definitions:
        return _defined(walk, definitions, shown)
    names = words(call.get("FuncCall", {}).get("funcname"))
    if not names:
        return [Field(alias or name, shown)]
    namespace = names[-2] if len(names) > 1 else ""
    if names[-1] == "unnest":  # one column, but of an array of rows theirs
        return [Field(alias or name, shown), *([Field(OPEN, shown)] if shown.sources else [])]
    functions = walk.names.functions(names[-1], namespace, walk.env.paths)
    shapes = {_shape(walk, function, alias or name) for function in functions}
    if len(shapes) != 1 or not functions:
        return [Field(OPEN, shown)]
    shape = shapes.pop()
    return [Field(OPEN, shown)] if shape is None else [Field(each or alias or name, shown) for each in shape]


def _shape(walk: Walk, function: Function, name: str) -> tuple[str, ...] | None:
    """Column names of a function's result; None if they cannot be told."""
    if function.out_columns:
        return function.out_columns if len(function.out_columns) > 1 or function.return_type == "record" else (name,)
    returned = function.return_type
    if returned in ("record", "anyelement", "anycompatible", "any", ""):
        return None
    type_ = walk.names.type_(returned, "", walk.env.paths)
    if type_ is not None and type_.kind != "composite":
        return (name,)
    relation = walk.names.relation(returned, "", walk.env.paths)
    return tuple(column.name for column in relation.columns) if relation is not None else None


def _defined(walk: Walk, definitions: list[Node], shown: Value) -> list[Field]:
    found = []
    for wrapped in definitions:
        node = wrapped["ColumnDef"]
        walk.check("ColumnDef", node, _COLUMN_DEFINITION)
        type_name(walk, node.get("typeName", {}))
        found.append(Field(node.get("colname", ""), shown))
    return found


_COLUMN_DEFINITION = frozenset({"colname", "typeName", "is_local", "collClause", "location"})


@_from("RangeTableSample", "relation method args repeatable location")
def _sample(walk: Walk, node: Node, scope: Scope) -> Item:
    """TABLESAMPLE calls its method, which a user may have written."""
    item = from_item(walk, node["relation"], scope)
    names = words(node.get("method"))
    if names[-1:] not in (("bernoulli",), ("system",)):
        namespace = names[-2] if len(names) > 1 else ""
        walk.found.add(call_atom(name=names[-1] if names else "", namespace=namespace, known=False))
    for argument in (*node.get("args", ()), node.get("repeatable")):
        decides(walk, argument, scope)
    return item


# -- joins ----------------------------------------------------------------------------------------------------------------


@_from("JoinExpr", "jointype isNatural larg rarg usingClause join_using_alias quals alias rtindex")
def _join(walk: Walk, node: Node, scope: Scope) -> Item:
    left = from_item(walk, node["larg"], scope)
    right = from_item(walk, node["rarg"], scope.inside(left))
    names = words(node.get("usingClause"))
    if node.get("isNatural"):
        names = _common(walk, left, right)
    if "quals" in node:
        decide(walk, node["quals"], scope.between(left, right), Position.JOIN)
    shared = _merge(walk, left, right, names)
    if names and scope.joins is not None:
        scope.joins.join(frozenset().union(*(each.leaves for side in (left, right) for each in side.entries)))
    fields = (*shared, *_others(left, names), *_others(right, names))
    entries = (*left.entries, *right.entries)
    using = node.get("join_using_alias")
    if using:
        entries = (*entries, Entry(using.get("aliasname", ""), shared, leaves=frozenset()))
    alias, columns = alias_of(walk, node)
    if not alias:
        return Item(entries, fields)
    rest = [each.unlisted(OPEN) or NOTHING for each in entries if each.open]
    joined = Entry(
        alias,
        renamed(fields, columns),
        rest=derived(rest) if rest else None,
        leaves=frozenset().union(*(each.leaves for each in entries)),
    )
    return Item.of(joined)


def _common(walk: Walk, left: Item, right: Item) -> tuple[str, ...]:
    """The columns that a NATURAL join compares."""
    if any(each.open for each in (*left.entries, *right.entries)):
        walk.gap("a NATURAL join of columns that cannot be told")
    names = {field.name for field in right.fields}
    return tuple(field.name for field in left.fields if field.name in names)


def _merge(walk: Walk, left: Item, right: Item, names: tuple[str, ...]) -> tuple[Field, ...]:
    found = []
    for name in names:
        sides = (left.column(name), right.column(name))
        if sides[0] is None or sides[1] is None or AMBIGUOUS in sides:
            walk.gap(f"column {name} cannot be joined by")
            continue
        for side in sides:
            walk.found.use(side.sources if side is not None else frozenset(), Position.JOIN)
        found.append(Field(name, merged(sides[0], sides[1])))
    return tuple(found)


def _others(item: Item, names: tuple[str, ...]) -> list[Field]:
    return [field for field in item.fields if field.name not in names]


# -- documents as tables --------------------------------------------------------------------------------------------------


@_from("RangeTableFunc", "lateral docexpr rowexpr namespaces columns alias location")
def _xml_table(walk: Walk, node: Node, scope: Scope) -> Item:
    alias, names = alias_of(walk, node)
    shown = [value(walk, node.get("docexpr"), scope), value(walk, node.get("rowexpr"), scope)]
    shown += [value(walk, wrapped["ResTarget"].get("val"), scope) for wrapped in node.get("namespaces", ())]
    columns = [wrapped["RangeTableFuncCol"] for wrapped in node.get("columns", ())]
    for column in columns:
        walk.check("RangeTableFuncCol", column, _XML_COLUMN)
        if "typeName" in column:
            type_name(walk, column["typeName"])
        shown.append(values(walk, [column[each] for each in ("colexpr", "coldefexpr") if each in column], scope))
    whole = derived(shown)
    walk.found.use(whole.sources, Position.PREDICATE)  # the document and the row's path say how many rows come
    fields = tuple(
        Field(column.get("colname", ""), NOTHING if column.get("for_ordinality") else whole) for column in columns
    )
    return _leaf(scope, entry(alias or "xmltable", fields, names))


_XML_COLUMN = frozenset({"colname", "typeName", "for_ordinality", "is_not_null", "colexpr", "coldefexpr", "location"})


@_from("JsonTable", "context_item pathspec passing columns on_error alias lateral location")
def _json_table(walk: Walk, node: Node, scope: Scope) -> Item:
    alias, names = alias_of(walk, node)
    shown = [document(walk, node.get("context_item", {}), scope), passing(walk, node, scope)]
    shown.append(behavior(walk, node.get("on_error"), scope))
    shown.append(_path(walk, node, scope))
    found: list[str] = []
    _json_columns(walk, node.get("columns", []), scope, shown, found)
    whole = derived(shown)
    walk.found.use(whole.sources, Position.PREDICATE)
    return _leaf(scope, entry(alias or "json_table", tuple(Field(name, whole) for name in found), names))


def _json_columns(walk: Walk, columns: list[Node], scope: Scope, shown: list[Value], found: list[str]) -> None:
    for wrapped in columns:
        column = wrapped["JsonTableColumn"]
        walk.check("JsonTableColumn", column, _JSON_COLUMN)
        if "typeName" in column:
            type_name(walk, column["typeName"])
        shown += (_path(walk, column, scope), behavior(walk, column.get("on_empty"), scope))
        shown.append(behavior(walk, column.get("on_error"), scope))
        if column.get("coltype") == "JTC_NESTED":
            _json_columns(walk, column.get("columns", []), scope, shown, found)
        else:
            found.append(column.get("name", ""))


def _path(walk: Walk, node: Node, scope: Scope) -> Value:
    path = node.get("pathspec")
    if not path:
        return NOTHING
    walk.check("JsonTablePathSpec", path, _JSON_PATH)
    return value(walk, path.get("string"), scope)


_JSON_COLUMN = frozenset(
    {
        "coltype",
        "name",
        "typeName",
        "pathspec",
        "format",
        "wrapper",
        "quotes",
        "columns",
        "on_empty",
        "on_error",
        "location",
    }
)
_JSON_PATH = frozenset({"string", "name", "name_location", "location"})
