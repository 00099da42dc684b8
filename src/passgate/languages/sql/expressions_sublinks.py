"""Sub-selects inside expressions."""

from passgate.core.action import Position
from passgate.languages.sql.expressions import array_of, declares, value
from passgate.languages.sql.expressions_operators import calls
from passgate.languages.sql.lineage import NOTHING, Value, computed, derived, row
from passgate.languages.sql.scope import Scope
from passgate.languages.sql.subqueries import rows, use
from passgate.languages.sql.tree import Node, words
from passgate.languages.sql.walk import Walk

_COMPARING = frozenset({"ALL_SUBLINK", "ANY_SUBLINK", "ROWCOMPARE_SUBLINK"})


@declares("SubLink", "subLinkType subLinkId testexpr operName subselect location")
def _sub_select(walk: Walk, node: Node, scope: Scope) -> Value:
    kind = node["subLinkType"]
    walk.ran += 1
    if kind == "EXISTS_SUBLINK":
        _exists(walk, node["subselect"], scope)
        return NOTHING
    columns = rows(walk, node["subselect"], scope, scope.with_).fields
    if kind == "EXPR_SUBLINK":
        return columns[0].value if len(columns) == 1 else row(columns)
    found = derived(column.value for column in columns)
    if kind == "ARRAY_SUBLINK":
        return array_of([column.value for column in columns])
    if kind not in _COMPARING:
        walk.gap(f"sub-select of kind {kind} is not known")
    tested = value(walk, node.get("testexpr"), scope)
    calls(walk, words(node.get("operName")) or ("=",), tested, columns[0].value if len(columns) == 1 else found)
    met = computed(derived((tested, found)))
    walk.found.use(
        met.sources, Position.PREDICATE
    )  # the server goes through its rows until one decides, and counts them
    return met


def _exists(walk: Walk, wrapped: Node, scope: Scope) -> None:
    """EXISTS asks only whether there is a row: a plain sub-select's targets do not matter, though their calls are reported."""
    node = wrapped.get("SelectStmt")
    if (
        node is None
        or not _DECIDING.isdisjoint(node)
        or node.get("op", "SETOP_NONE") != "SETOP_NONE"
        or "fromClause" not in node
    ):
        use(walk, rows(walk, wrapped, scope, scope.with_).fields, Position.PREDICATE)
        return
    stars = [one for one in node.get("targetList", ()) if _is_star(one)]
    rest = [one for one in node.get("targetList", ()) if not _is_star(one)]
    plain = {**node, "targetList": rest} if stars else node
    found = rows(walk, {"SelectStmt": plain}, scope, scope.with_)
    use(walk, found.fields, Position.ARGUMENT)


_DECIDING = frozenset({"distinctClause", "intoClause", "larg", "rarg", "valuesLists", "all"})


def _is_star(wrapped: Node) -> bool:
    reference = wrapped.get("ResTarget", {}).get("val", {}).get("ColumnRef")
    return reference is not None and "A_Star" in reference["fields"][-1]
