"""Expressions: what can show in their value, and what they do on the way.

``value`` returns lineage; whoever uses the value reports its sources in the position it is used in. Parts that only decide (a CASE
condition, a FILTER) are reported where they stand.
"""

from collections.abc import Callable, Sequence

from passgate.core.action import Position
from passgate.core.errors import NotUnderstoodError
from passgate.languages.sql.lineage import NO_SOURCES, NOTHING, Field, Value, computed, derived, row
from passgate.languages.sql.scope import AMBIGUOUS, Scope
from passgate.languages.sql.tree import Node, words
from passgate.languages.sql.walk import MAX_DEPTH, Reader, Readers, Walk, reader

READERS: Readers = {}
"""Every expression node that is known, with its fields; the modules beside this one add theirs."""


def declares(kind: str, fields: str) -> Callable[[Reader], Reader]:
    return reader(READERS, kind, fields)


def value(walk: Walk, wrapped: Node | None, scope: Scope) -> Value:
    """Any expression. An unknown node is a gap. Raises NotUnderstoodError past the depth limit."""
    if not wrapped:
        return NOTHING
    kind, node = next(iter(wrapped.items()))
    found = READERS.get(kind)
    if found is None:
        walk.gap(f"node {kind} is not known")
        return NOTHING
    known, read = found
    if not known.issuperset(node):
        walk.check(kind, node, known)
    walk.depth += 1
    if walk.depth > MAX_DEPTH:
        raise NotUnderstoodError(f"the statement nests more than {MAX_DEPTH} levels")
    result = read(walk, node, scope)
    walk.depth -= 1
    return result


def values(walk: Walk, wrapped: list[Node] | None, scope: Scope) -> Value:
    """Several expressions whose values come together."""
    if not wrapped:
        return NOTHING
    sources = NO_SOURCES
    for one in wrapped:
        found = value(walk, one, scope).sources
        if found:
            sources = sources | found if sources else found
    return Value(sources) if sources else NOTHING


def decides(walk: Walk, wrapped: Node | None, scope: Scope, position: Position = Position.PREDICATE) -> Value:
    """An expression that only decides: reported in that position."""
    found = value(walk, wrapped, scope)
    walk.found.use(found.sources, position)
    return found


_TYPES_OF_LITERALS = {"ival": "int4", "fval": "numeric", "boolval": "bool", "sval": "unknown", "bsval": "bit"}
_LITERALS = {kind: Value(type=type_) for kind, type_ in _TYPES_OF_LITERALS.items()}


@declares("A_Const", "ival fval boolval sval bsval isnull location")
def _constant(_walk: Walk, node: Node, _scope: Scope) -> Value:
    for kind in node:
        found = _LITERALS.get(kind)
        if found is not None:
            return found
    return NOTHING


@declares("ColumnRef", "fields location")
def column(walk: Walk, node: Node, scope: Scope) -> Value:
    """A column, or a FROM item as a whole row (PostgreSQL's transformColumnRef)."""
    parts = node["fields"]
    if len(parts) == 1:
        return _bare(walk, parts[0], scope)
    *qualifiers, last = parts
    names = words(qualifiers)
    if len(names) != len(qualifiers) or len(names) > 3:
        walk.gap("a column reference is not understood")
        return NOTHING
    entry = scope.entry(names[-1], names[-2] if len(names) > 1 else "")
    if entry is None:
        walk.gap(f"FROM item {'.'.join(names)} is not known")
        return NOTHING
    if "A_Star" in last:
        return entry.whole()
    name = last["String"].get("sval", "")
    found = entry.column(name)
    if found is AMBIGUOUS:
        walk.gap(f"column {names[-1]}.{name} is ambiguous")
        return NOTHING
    if found is None or (entry.open and name not in entry.index):
        return _by_function(walk, name, qualifiers, scope, found)
    return found


def _bare(walk: Walk, part: Node, scope: Scope) -> Value:
    if "A_Star" in part:
        return row(scope.fields)
    name = part["String"].get("sval", "")
    found = scope.column(name)
    if found is not None and found is not AMBIGUOUS:
        return found
    if found is None:
        entry = scope.entry(name)
        if entry is not None:
            return entry.whole()
    walk.gap(f"column {name} is {'ambiguous' if found is AMBIGUOUS else 'not known'}")
    return NOTHING


def _by_function(walk: Walk, name: str, qualifiers: list[Node], scope: Scope, column_: Value | None) -> Value:
    """``item.name`` where there is no such column calls the function of that name on the item.

    Where the columns cannot all be told (``column_``), it may mean either.
    """
    if walk.names.calls(name, "", 1, walk.env.paths):
        item: Node = {"ColumnRef": {"fields": [*qualifiers, {"A_Star": {}}]}}
        called = value(walk, {"FuncCall": {"funcname": [{"String": {"sval": name}}], "args": [item]}}, scope)
        return computed(called if column_ is None else derived((called, column_)))
    if column_ is None:
        walk.gap(f"column {'.'.join((*words(qualifiers), name))} is not known")
        return NOTHING
    return column_


@declares("ParamRef", "number location")
def _parameter(walk: Walk, node: Node, scope: Scope) -> Value:
    argument = walk.env.arguments.get(node.get("number", 0))
    return NOTHING if argument is None else value(walk, argument, scope)


@declares("BoolExpr", "boolop args location")
def _boolean(walk: Walk, node: Node, scope: Scope) -> Value:
    return as_needed(walk, node["args"], scope)


@declares("NullTest", "arg nulltesttype argisrow location")
@declares("BooleanTest", "arg booltesttype location")
@declares("NamedArgExpr", "arg name argnumber location")
@declares("JsonIsPredicate", "expr format item_type unique_keys location")
def _test(walk: Walk, node: Node, scope: Scope) -> Value:
    return computed(value(walk, node.get("arg", node.get("expr")), scope))


@declares("CollateClause", "arg collname location")
def _collate(walk: Walk, node: Node, scope: Scope) -> Value:
    return value(walk, node.get("arg"), scope)


@declares("CaseExpr", "arg args defresult location")
def _case(walk: Walk, node: Node, scope: Scope) -> Value:
    shown = [decides(walk, node.get("arg"), scope), value(walk, node.get("defresult"), scope)]
    for wrapped in node["args"]:
        when = wrapped["CaseWhen"]
        walk.check("CaseWhen", when, _CASE_WHEN)
        shown += (decides(walk, when.get("expr"), scope), value(walk, when.get("result"), scope))
    return derived(shown)


_CASE_WHEN = frozenset({"expr", "result", "location"})


def as_needed(walk: Walk, wrapped: list[Node], scope: Scope) -> Value:
    """Several expressions, of which the server looks at the next only if those before leave it open.

    What a sub-select read is counted (``pg_stat_xact_user_tables``), so that it was run tells of what stood before it.
    """
    sources = NO_SOURCES
    for one in wrapped:
        ran = walk.ran
        found = value(walk, one, scope).sources
        if sources and walk.ran != ran:
            walk.found.use(sources, Position.PREDICATE)
        if found:
            sources = sources | found if sources else found
    return Value(sources) if sources else NOTHING


@declares("CoalesceExpr", "args location")
def _coalesce(walk: Walk, node: Node, scope: Scope) -> Value:
    return as_needed(walk, node["args"], scope)


@declares("MinMaxExpr", "op args location")
def _several(walk: Walk, node: Node, scope: Scope) -> Value:
    return values(walk, node.get("args"), scope)


@declares("List", "items")
def _list(walk: Walk, node: Node, scope: Scope) -> Value:
    return values(walk, node.get("items"), scope)


@declares("A_ArrayExpr", "elements list_start list_end location")
def _array(walk: Walk, node: Node, scope: Scope) -> Value:
    return array_of([value(walk, one, scope) for one in node.get("elements", ())])


def array_of(elements: Sequence[Value]) -> Value:
    """An array put together. It has a type only where no element can be an array itself, whose length would be in its own."""
    found = derived(elements)
    plain = all(not one.sources or one.fields is not None or _is_scalar(one.type) for one in elements)
    return computed(found, ARRAY_OF_SCALARS) if plain else found


def _is_scalar(type_: str) -> bool:
    return bool(type_) and not type_.startswith("_") and not type_.endswith("[]")


ARRAY_OF_SCALARS = "scalar[]"
"""The type of an array whose length says nothing of what is in it."""


@declares("RowExpr", "args row_format colnames location")
def _row(walk: Walk, node: Node, scope: Scope) -> Value:
    args = node.get("args", [])
    found = [value(walk, arg, scope) for arg in args]
    if any(_is_star(arg) for arg in args):
        return derived(found)
    return row([Field(f"f{number}", one) for number, one in enumerate(found, 1)])


def _is_star(wrapped: Node) -> bool:
    fields = wrapped.get("ColumnRef", {}).get("fields")
    return bool(fields) and "A_Star" in fields[-1]


def part(of: Value, name: str) -> Value:
    """A named part of a row value. Of a row whose parts cannot be told, any part may be anything in it."""
    for field in of.fields or ():
        if field.name == name:
            return field.value
    return computed(of)


def subscript(walk: Walk, node: Node, scope: Scope) -> Value:
    """The index expressions of ``[low:high]``."""
    walk.check("A_Indices", node, _INDICES)
    return derived((value(walk, node.get("lidx"), scope), value(walk, node.get("uidx"), scope)))


_INDICES = frozenset({"is_slice", "lidx", "uidx"})


@declares("GroupingFunc", "args location")
def _grouping(walk: Walk, node: Node, scope: Scope) -> Value:
    walk.found.use(values(walk, node.get("args"), scope).sources, Position.GROUP)
    return NOTHING


@declares("SetToDefault", "location")
@declares("SQLValueFunction", "op typmod location")
@declares("MergeSupportFunc", "msftype msfcollid location")
def _nothing(_walk: Walk, _node: Node, _scope: Scope) -> Value:
    return NOTHING


@declares("CurrentOfExpr", "cursor_name cursor_param")
def _current_of(walk: Walk, node: Node, _scope: Scope) -> Value:
    name = node.get("cursor_name", "")
    if name not in walk.env.cursors:
        walk.gap(f"cursor {name} is not known")
    return NOTHING


@declares("MultiAssignRef", "source colno ncolumns")
def _multiple(walk: Walk, node: Node, scope: Scope) -> Value:
    found = value(walk, node.get("source"), scope)
    fields = found.fields
    number = node.get("colno", 0)
    if fields is not None and len(fields) == node.get("ncolumns", 0) and 0 < number <= len(fields):
        field: Field = fields[number - 1]
        return field.value
    return computed(found)
