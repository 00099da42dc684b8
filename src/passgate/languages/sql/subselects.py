"""What a sub-select inside a condition says about the rows outside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from passgate.languages.sql.folding import Folder
from passgate.languages.sql.narrowing import Strength
from passgate.languages.sql.sources import Source, Target, constant_rows, sources_of
from passgate.languages.sql.tree import Node, items, unwrap, words

Inside = Callable[[Target, Sequence[Node]], Strength]
"""Judges conditions over a relation inside a sub-select."""

_FEW = 1000
"""A sub-select with at most so many rows leaves out the rest of a table worth guarding."""

_SINGLE_ROW = frozenset({"min", "max", "sum", "avg", "count"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The values that a sub-select of one column gives.

    ``constants``: how many, if all are constants. ``narrows``: they cannot well be all values of the outer column.
    ``uncorrelated``: they are the same for every outer row.
    """

    constants: int = 0
    narrows: bool = False
    uncorrelated: bool = False


_UNKNOWN = Selected()


def array_subselect(node: Node) -> Node | None:
    """The SELECT of ``ARRAY(SELECT ...)`` or of ``ANY (SELECT ...)``."""
    tag, body = unwrap(node)
    if tag == "SubLink" and body.get("subLinkType") == "ARRAY_SUBLINK":
        found: Node = unwrap(body.get("subselect", {}))[1]
        return found
    return None


def select_narrows(select: Node, column: str, target: Target, folder: Folder, inside: Inside) -> Selected:
    """What ``column IN (select)`` leaves out of the target. ``inside`` judges conditions within the select."""
    constants = constant_rows(select, folder)
    if constants:
        return Selected(constants=constants, narrows=True, uncorrelated=True)
    if "withClause" in select:
        return _UNKNOWN
    if select.get("op", "SETOP_NONE") != "SETOP_NONE":
        left = select_narrows(select["larg"], column, target, folder, inside)
        right = select_narrows(select["rarg"], column, target, folder, inside)
        return _combined(select["op"], left, right)
    from_ = items(select.get("fromClause"))
    others, joined = sources_of(
        from_, catalog=target.catalog, search_path=target.search_path, ctes=target.ctes, folder=folder
    )
    targets = items(select.get("targetList"))
    if len(targets) != 1 or _outer_join(from_) or not _stands_alone(select, others):
        return _UNKNOWN
    value = unwrap(targets[0])[1].get("val", {})
    single = _single_row(select, value)
    chosen = _column_of(items(value["FuncCall"].get("args"))[0] if single else value, others)
    if chosen is None:
        return _UNKNOWN
    alias, source = chosen
    if source.relation is None:
        return _UNKNOWN
    if single or _few_rows(select, folder) or source.narrows(target.relation, column):
        return Selected(narrows=True, uncorrelated=True)
    inner = Target(
        relation=source.relation,
        name=alias,
        catalog=target.catalog,
        search_path=target.search_path,
        others={name: other for name, other in others.items() if name != alias},
        ctes=target.ctes,
    )
    where = [select["whereClause"]] if "whereClause" in select else []
    # The condition of a join sees the joined relations only, so an unqualified name in it may be another's.
    conditions = where + [condition for condition in joined if _all_qualified(condition)]
    return Selected(narrows=inside(inner, conditions) > Strength.NONE, uncorrelated=True)


def _combined(operation: str, left: Selected, right: Selected) -> Selected:
    if operation == "SETOP_UNION":
        narrows = left.narrows and right.narrows
    else:
        narrows = left.narrows or (operation == "SETOP_INTERSECT" and right.narrows)
    return Selected(narrows=narrows, uncorrelated=left.uncorrelated and right.uncorrelated)


def exists_narrows(select: Node, target: Target, folder: Folder) -> str:
    """The target's column that ``EXISTS (select)`` ties to another relation; empty if it ties none.

    Only the plain form counts: one other stored relation, and a condition with ``theirs = ours`` in it.
    """
    others, _ = sources_of(
        items(select.get("fromClause")),
        catalog=target.catalog,
        search_path=target.search_path,
        ctes=target.ctes,
        folder=folder,
    )
    plain = {"targetList", "fromClause", "whereClause", "limitOption", "op"}
    if len(others) != 1 or not plain.issuperset(select) or "whereClause" not in select or _may_aggregate(select):
        return ""
    ((alias, source),) = others.items()
    if source.relation is None or alias == target.name:
        return ""
    tag, body = unwrap(select["whereClause"])
    conjuncts = (
        items(body.get("args")) if tag == "BoolExpr" and body.get("boolop") == "AND_EXPR" else [select["whereClause"]]
    )
    for conjunct in conjuncts:
        expression = conjunct.get("A_Expr", {})
        if expression.get("kind") != "AEXPR_OP" or words(expression.get("name")) != ("=",):
            continue
        sides = (expression.get("lexpr", {}), expression.get("rexpr", {}))
        for theirs, ours in (sides, sides[::-1]):
            column = _outer_column(ours, target, source)
            if column and _column_of(theirs, others) is not None and source.narrows(target.relation, column):
                return column
    return ""


def _outer_column(node: Node, target: Target, source: Source) -> str:
    """A column of the target seen from inside: qualified, or of a name that the inner relation does not have."""
    names = words(node.get("ColumnRef", {}).get("fields"))
    if not names or target.relation.column(names[-1]) is None:
        return ""
    if len(names) == 2:
        return names[1] if names[0] == target.name else ""
    return (
        names[0] if len(names) == 1 and source.relation is not None and source.relation.column(names[0]) is None else ""
    )


def _single_row(select: Node, value: Node) -> bool:
    """An aggregate without GROUP BY gives one row."""
    call = value.get("FuncCall", {})
    name = words(call.get("funcname"))[-1:]
    plain = "over" not in call and "groupClause" not in select and bool(call.get("args"))
    return plain and bool(name) and name[0] in _SINGLE_ROW


def _may_aggregate(select: Node) -> bool:
    """``EXISTS (SELECT count(*) ...)`` is true without any row."""
    values = [unwrap(target)[1].get("val", {}) for target in items(select.get("targetList"))]
    return not all("A_Const" in value or "ColumnRef" in value for value in values)


def _few_rows(select: Node, folder: Folder) -> bool:
    """LIMIT with a small constant."""
    limit = folder.number(select.get("limitCount"))
    return limit is not None and limit <= _FEW and select.get("limitOption") == "LIMIT_OPTION_COUNT"


def _column_of(node: Node, others: dict[str, Source]) -> tuple[str, Source] | None:
    """The source that a column reference means, and its alias; None for any other expression and for an outer column."""
    fields = node.get("ColumnRef", {}).get("fields", ())
    names = words(fields)
    if not names or len(names) != len(fields) or len(names) > 2:
        return None
    if len(names) == 2:
        source = others.get(names[0])
        known = source is not None and source.relation is not None and source.relation.column(names[1]) is not None
        return (names[0], source) if source is not None and known else None
    for alias, source in others.items():
        if source.relation is None:
            return None
        if source.relation.column(names[0]) is not None:
            return alias, source
    return None


def _stands_alone(select: Node, others: dict[str, Source]) -> bool:
    """Whether every column that the select names is of its own FROM, and nothing in it nests further."""
    waiting: list[object] = [
        select[part] for part in ("targetList", "whereClause", "limitCount", "sortClause") if part in select
    ]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            if "SubLink" in part:
                return False
            if "ColumnRef" in part and _column_of(part, others) is None:
                return False
            waiting += [value for key, value in part.items() if key != "ColumnRef"]
    return True


def _all_qualified(node: Node) -> bool:
    waiting: list[object] = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += part
        elif isinstance(part, dict):
            if "ColumnRef" in part and len(part["ColumnRef"].get("fields", ())) < 2:
                return False
            waiting += part.values()
    return True


def _outer_join(nodes: list[Node]) -> bool:
    """An outer join brings back the rows that its condition leaves out."""
    waiting = list(nodes)
    while waiting:
        tag, body = unwrap(waiting.pop())
        if tag == "JoinExpr":
            if body.get("jointype") != "JOIN_INNER":
                return True
            waiting += [body[side] for side in ("larg", "rarg") if side in body]
    return False
