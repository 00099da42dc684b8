"""WITH: names for sub-selects, and recursion by going round until lineage no longer grows."""

from passgate.core.action import Position
from passgate.languages.sql.expressions import value
from passgate.languages.sql.lineage import NOTHING, Field, Value, derived
from passgate.languages.sql.scope import Cte, Scope, With
from passgate.languages.sql.subqueries import OPEN, pass_on, renamed, rows
from passgate.languages.sql.tree import Node, words
from passgate.languages.sql.walk import Walk

_WITH = frozenset({"ctes", "recursive", "location"})
_CTE = frozenset(
    {
        "ctename", "aliascolnames", "ctematerialized", "ctequery", "search_clause", "cycle_clause", "location",
        "cterecursive", "cterefcount",
    }
)  # fmt: skip
_SEARCH = frozenset({"search_col_list", "search_breadth_first", "search_seq_column", "location"})
_CYCLE = frozenset(
    {"cycle_col_list", "cycle_mark_column", "cycle_mark_value", "cycle_mark_default", "cycle_path_column", "location"}
)

_ROUNDS = 20
"""Lineage only grows, by at least one source a round; past this it is a gap."""


def open_with(walk: Walk, node: Node, outer: Scope | None, around: With) -> With:
    """The names that a WITH clause adds. A plain WITH sees the names before it, a recursive one all of them."""
    walk.check("WithClause", node, _WITH)
    level = With(around)
    nodes: list[Node] = [wrapped["CommonTableExpr"] for wrapped in node["ctes"]]
    if not node.get("recursive"):
        for one in nodes:
            cte = Cte(one.get("ctename", ""))
            cte.fields, cte.large = _understood(walk, one, outer, level)
            level.names[cte.name] = cte
        return level
    for one in nodes:
        level.names[one.get("ctename", "")] = Cte(one.get("ctename", ""))
    _fixpoint(walk, nodes, outer, level)
    return level


def _fixpoint(walk: Walk, nodes: list[Node], outer: Scope | None, level: With) -> None:
    """Understand all of them again until nothing is added: forward references and recursion alike."""
    gaps = dict(walk.found.gaps)
    for _ in range(_ROUNDS):
        before = [_lineage(level.names[one.get("ctename", "")]) for one in nodes]
        walk.found.gaps = dict(gaps)
        for one in nodes:
            cte = level.names[one.get("ctename", "")]
            seed = _seed(one) if cte.fields is None else None
            cte.fields, cte.large = _understood(walk, one if seed is None else seed, outer, level)
        if [_lineage(level.names[one.get("ctename", "")]) for one in nodes] == before:
            return
    walk.gap("the lineage of a recursive WITH does not settle")


def endless(node: Node) -> bool:
    """Whether a recursive term reads nothing but itself under no condition: it then goes on until something stops it."""
    if not node.get("recursive"):
        return False
    for wrapped in node["ctes"]:
        body = wrapped["CommonTableExpr"].get("ctequery", {}).get("SelectStmt", {})
        term = body.get("rarg", {})
        froms = term.get("fromClause", ())
        itself = len(froms) == 1 and froms[0].get("RangeVar", {}).get("relname") == wrapped["CommonTableExpr"].get(
            "ctename"
        )
        condition = str(term.get("whereClause", "")) + str(term.get("limitCount", ""))
        if body.get("all") and itself and "ColumnRef" not in condition and "limitCount" not in term:
            return True
    return False


def _seed(node: Node) -> Node | None:
    """A recursive definition without its recursive term, which needs the columns of the other."""
    body = node.get("ctequery", {}).get("SelectStmt", {})
    if "larg" not in body:
        return None
    left = body["larg"]
    if "withClause" in body and "withClause" not in left:
        left = {**left, "withClause": body["withClause"]}
    return {**node, "ctequery": {"SelectStmt": left}}


def _lineage(cte: Cte) -> "list[tuple[str, frozenset[object], bool]] | None":
    if cte.fields is None:
        return None
    return [(field.name, frozenset(field.value.sources), field.value.direct) for field in cte.fields]


def _understood(walk: Walk, node: Node, outer: Scope | None, level: With) -> tuple[tuple[Field, ...], bool]:
    walk.check("CommonTableExpr", node, _CTE)
    query = node.get("ctequery")
    found = rows(walk, query, outer, level)
    if query and "SelectStmt" not in query:
        walk.found.fact("sql.modifies_data_in_read")
    fields = renamed(found.fields, words(node.get("aliascolnames")))
    fields += _search(walk, node, fields) + _cycle(walk, node, fields)
    pass_on(walk, fields)
    return fields, found.large


def _search(walk: Walk, node: Node, fields: tuple[Field, ...]) -> tuple[Field, ...]:
    clause = node.get("search_clause")
    if not clause:
        return ()
    walk.check("CTESearchClause", clause, _SEARCH)
    return (Field(clause.get("search_seq_column", ""), _together(fields, words(clause.get("search_col_list")))),)


def _cycle(walk: Walk, node: Node, fields: tuple[Field, ...]) -> tuple[Field, ...]:
    clause = node.get("cycle_clause")
    if not clause:
        return ()
    walk.check("CTECycleClause", clause, _CYCLE)
    empty = Scope(None, With())
    for each in ("cycle_mark_value", "cycle_mark_default"):
        value(walk, clause.get(each), empty)
    shown = _together(fields, words(clause.get("cycle_col_list")))
    walk.found.use(shown.sources, Position.GROUP)  # where a value comes again the recursion ends
    return (Field(clause.get("cycle_mark_column", ""), shown), Field(clause.get("cycle_path_column", ""), shown))


def _together(fields: tuple[Field, ...], names: tuple[str, ...]) -> Value:
    if any(field.name == OPEN for field in fields):
        return derived(field.value for field in fields)
    return derived(field.value for field in fields if field.name in names) if names else NOTHING
