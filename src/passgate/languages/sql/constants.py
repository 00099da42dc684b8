"""Values that can be read off the text: literals, bound parameters, and arithmetic on them."""

from passgate.languages.sql.tree import Node, words
from passgate.languages.sql.walk import Walk

NULL = ""
"""What the text of a NULL is taken for: it names nothing."""


def literal(walk: Walk, wrapped: Node | None) -> str | None:
    """The text of a constant or of a bound parameter; None if it is computed or not yet bound.

    Asking for a parameter makes the statement's meaning depend on its inputs.
    """
    while wrapped:
        if "A_Const" in wrapped:
            return _text(wrapped["A_Const"])
        if "TypeCast" in wrapped or "CollateClause" in wrapped:
            wrapped = next(iter(wrapped.values())).get("arg")
        elif "ParamRef" in wrapped:
            number = wrapped["ParamRef"].get("number", 0)
            if number not in walk.env.arguments:
                return _bound(walk, number)
            wrapped = walk.env.arguments[number]
        else:
            return None
    return None


def _text(node: Node) -> str:
    for kind, field in (
        ("sval", "sval"),
        ("ival", "ival"),
        ("fval", "fval"),
        ("boolval", "boolval"),
        ("bsval", "bsval"),
    ):
        if kind in node:
            found = node[kind].get(field, 0 if kind == "ival" else "")
            return str(found).lower() if isinstance(found, bool) else str(found)
    return NULL


def _bound(walk: Walk, number: int) -> str | None:
    walk.found.inputs_matter = True
    inputs = walk.env.inputs
    if inputs is None or not 0 < number <= len(inputs) or inputs[number - 1].opaque:
        return None
    return inputs[number - 1].value or NULL


_ARITHMETIC = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b if b else float("inf"),
    "^": lambda a, b: float("inf") if abs(b) > 64 or abs(a) > 1e300 else abs(a) ** b,
    "<<": lambda a, b: a * 2.0 ** min(b, 1000),
}


def number(walk: Walk, wrapped: Node | None) -> float | None:
    """The value of a numeric constant expression; infinity where it overflows; None if it is computed of anything else."""
    found = literal(walk, wrapped)
    if found is not None:
        try:
            return float(found)
        except ValueError:
            return None
    if wrapped and "A_Expr" in wrapped:
        node = wrapped["A_Expr"]
        operation = _ARITHMETIC.get((words(node.get("name")) or ("",))[-1])
        right = number(walk, node.get("rexpr"))
        left = number(walk, node["lexpr"]) if "lexpr" in node else 0.0
        if operation is None or left is None or right is None:
            return None
        return operation(left, right)
    if wrapped and "SubLink" in wrapped:
        select = wrapped["SubLink"].get("subselect", {}).get("SelectStmt", {})
        targets = select.get("targetList", ())
        if len(targets) == 1 and "fromClause" not in select and "larg" not in select:
            return number(walk, targets[0]["ResTarget"].get("val"))
    if wrapped and "TypeCast" in wrapped:
        return number(walk, wrapped["TypeCast"].get("arg"))
    return None
