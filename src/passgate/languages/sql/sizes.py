"""Calls that make much out of little: a gigabyte from ten characters, a billion rows from two numbers."""

import re

from passgate.languages.sql.constants import literal, number
from passgate.languages.sql.tree import Node, words
from passgate.languages.sql.walk import Walk

MAX_BYTES = 10_000_000
MAX_ROWS = 10_000_000

_TYPICAL = 256.0
"""Bytes that a value is taken for whose length cannot be told."""


def amplifies(walk: Walk, name: str, args: list[Node]) -> bool:
    """Whether a call of the server's own function of that name makes more than ``MAX_BYTES`` or ``MAX_ROWS``."""
    if name == "generate_series":
        return _rows(walk, args) > MAX_ROWS
    if name == "format":
        return _widest(walk, args) > MAX_BYTES
    if name in ("repeat", "lpad", "rpad", "array_fill"):
        return _length(walk, name, args, 0) > MAX_BYTES
    return False


_WIDTH = re.compile(r"%(?:\d+\$)?-?(?:(\d+)|(\*))")


def _widest(walk: Walk, args: list[Node]) -> float:
    """The widest field that ``format`` pads to. Where a width is an argument, any number among them is one."""
    pattern = literal(walk, args[0]) if args else None
    found = list(_WIDTH.finditer(pattern or ""))
    widths = [float(match[1]) for match in found if match[1]]
    if any(match[2] for match in found):
        widths += [abs(size) for size in (number(walk, argument) for argument in args[1:]) if size is not None]
    return max(widths, default=0.0)


def many_rows(walk: Walk, call: Node) -> bool:
    """Whether a function in FROM is a series long enough for a join with it to matter."""
    node = call.get("FuncCall", {})
    names = words(node.get("funcname"))
    return names[-1:] == ("generate_series",) and _rows(walk, node.get("args", [])) > _LONG


_LONG = 1000


def _rows(walk: Walk, args: list[Node]) -> float:
    """Rows of a numeric series. Bounds that are computed are taken for modest ones: they are mostly dates."""
    first, last = (number(walk, argument) for argument in (*args, None, None)[:2])
    step = number(walk, args[2]) if len(args) > 2 else 1.0
    if first is None or last is None or step is None:
        return 0.0
    return abs(last - first) / abs(step) if step else 0.0


def _length(walk: Walk, name: str, args: list[Node], depth: int) -> float:
    if name == "array_fill":
        elements = args[1].get("A_ArrayExpr", {}).get("elements", []) if len(args) > 1 else []
        total = 8.0
        for element in elements:
            size = number(walk, element)
            total *= _unless_known(element) if size is None else max(size, 0.0)
        return total
    if len(args) < 2:
        return 0.0
    count = number(walk, args[1])
    if count is None:
        count = _unless_known(args[1])
    return max(count, 0.0) * (_bytes(walk, args[0], depth + 1) if name == "repeat" else 1.0)


def _unless_known(wrapped: Node) -> float:
    """A count that is computed: of columns or rows it is taken for a modest one, of nothing but constants for a hidden one."""
    text = str(wrapped)
    return 1.0 if "ColumnRef" in text or "agg_star" in text else float("inf")


def _bytes(walk: Walk, wrapped: Node, depth: int) -> float:
    """Bytes of a text value, roughly."""
    text = literal(walk, wrapped)
    if text is not None:
        return float(max(len(text), 1))
    if depth > 20:
        return float("inf")
    call = wrapped.get("FuncCall")
    if call is not None and call.get("args"):
        name = words(call["funcname"])[-1]
        if name in ("repeat", "lpad", "rpad", "array_fill"):
            return _length(walk, name, call["args"], depth + 1)
        return max(_bytes(walk, argument, depth + 1) for argument in call["args"])
    operation = wrapped.get("A_Expr")
    if operation is not None:
        return sum(_bytes(walk, operation[side], depth + 1) for side in ("lexpr", "rexpr") if side in operation)
    return _TYPICAL


def as_many_as_written(walk: Walk, query: Node) -> bool:
    """Whether a query gives no more rows than are written out in it: VALUES, or a SELECT of constants or from one VALUES.

    Frameworks send a bulk INSERT as ``SELECT ... FROM (VALUES ...) AS v ORDER BY n``.
    """
    select = query.get("SelectStmt", {})
    if "valuesLists" in select:
        return True
    if "withClause" in select or select.get("op", "SETOP_NONE") != "SETOP_NONE":
        return False
    sources = select.get("fromClause", [])
    if len(sources) > 1 or not all(_is_values(source) for source in sources):
        return False
    return not _repeats(walk, select.get("targetList", []))


def _is_values(source: Node) -> bool:
    subquery: Node = source.get("RangeSubselect", {}).get("subquery", {})
    return "valuesLists" in subquery.get("SelectStmt", {})


def _repeats(walk: Walk, part: object) -> bool:
    """Whether an expression holds a call that may give several rows, or one that nobody knows."""
    if isinstance(part, list):
        return any(_repeats(walk, each) for each in part)
    if not isinstance(part, dict):
        return False
    call = part.get("FuncCall")
    if call is not None:
        names = words(call.get("funcname"))
        name, namespace = (names[-1] if names else ""), (names[-2] if len(names) > 1 else "")
        arguments = len(call.get("args", []))
        if not walk.names.functions(name, namespace, walk.env.paths) or walk.names.returns_rows(
            name, namespace, arguments, walk.env.paths
        ):
            return True
    return any(_repeats(walk, each) for each in part.values())
