"""Values that can be read off the text: literals, bound parameters, and arithmetic on them."""

import math
import operator
from collections.abc import Callable

from passgate.languages.sql.folding import type_of
from passgate.languages.sql.tree import Node, words
from passgate.languages.sql.walk import Walk

NULL = ""
"""What the text of a NULL is taken for: it names nothing."""


def literal(walk: Walk, wrapped: Node | None) -> str | None:
    """The text of a constant or of a bound parameter; None if it is computed, cut short by a cast, or not yet bound.

    Asking for a parameter makes the statement's meaning depend on its inputs.
    """
    while wrapped:
        if "A_Const" in wrapped:
            return _text(wrapped["A_Const"])
        if "TypeCast" in wrapped:
            if type_of(wrapped["TypeCast"]) in _CUTTING:
                return None
            wrapped = wrapped["TypeCast"].get("arg")
        elif "CollateClause" in wrapped:
            wrapped = wrapped["CollateClause"].get("arg")
        elif "ParamRef" in wrapped:
            number = wrapped["ParamRef"].get("number", 0)
            if number not in walk.env.arguments:
                return _bound(walk, number)
            wrapped = walk.env.arguments[number]
        else:
            return None
    return None


_CUTTING = frozenset({"", "char"})
"""Types that may keep a part of a text only: one with a length (or of a user's making), and the one-byte ``"char"``."""


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


_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "%": operator.mod,
    "^": math.pow,
    "<<": lambda number, by: number * math.pow(2.0, by),
}


def number(walk: Walk, wrapped: Node | None) -> float | None:
    """The value of a numeric constant expression; infinity where it overflows; None if it is computed of anything else."""
    found = literal(walk, wrapped)
    if found is not None:
        try:
            return _computed("+", float(found), 0.0)
        except ValueError:
            return None
    if wrapped and "A_Expr" in wrapped:
        node = wrapped["A_Expr"]
        left = number(walk, node["lexpr"]) if "lexpr" in node else 0.0
        return _computed((words(node.get("name")) or ("",))[-1], left, number(walk, node.get("rexpr")))
    if wrapped and "SubLink" in wrapped:
        select = wrapped["SubLink"].get("subselect", {}).get("SelectStmt", {})
        targets = select.get("targetList", ())
        if len(targets) == 1 and "fromClause" not in select and "larg" not in select:
            return number(walk, targets[0]["ResTarget"].get("val"))
    if wrapped and "TypeCast" in wrapped:
        return number(walk, wrapped["TypeCast"].get("arg"))
    return None


def _computed(name: str, left: float | None, right: float | None) -> float | None:
    """One operation. What overflows, or has no value, is taken for endless."""
    operation = _ARITHMETIC.get(name)
    if operation is None or left is None or right is None:
        return None
    try:
        found = operation(left, right)
    except (ArithmeticError, ValueError):
        return math.inf
    return math.inf if math.isnan(found) else found
