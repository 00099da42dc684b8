"""Constants inside a condition: which expressions are constant, and what they come to.

Sound, not complete: what is not plainly a constant is none. A bound parameter is a constant whose value may not be known yet;
asking for its value makes the meaning depend on the inputs, and ``Folder.inputs_matter`` says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException, Inexact, InvalidOperation, Overflow

from passgate.languages.sql.tree import Node, items, unwrap, words
from passgate.pipeline.protocols import Input

NUMBER_TYPES = frozenset({"int2", "int4", "int8", "numeric", "float4", "float8", "money", "oid"})
TEXT_TYPES = frozenset({"text", "varchar", "bpchar", "name", "citext"})
MOMENT_TYPES = frozenset({"date", "timestamp", "timestamptz"})

_STABLE_FUNCTIONS = frozenset(
    {
        "now", "transaction_timestamp", "statement_timestamp", "lower", "upper", "md5", "concat", "date_trunc",
        "make_date", "make_timestamp", "make_interval", "to_date", "to_timestamp", "trim", "btrim", "timezone",
    }
)  # fmt: skip
"""Functions that give one value for the whole statement when their arguments are constants."""

_ARITHMETIC = frozenset({"+", "-", "*", "/", "%", "||"})
_TRUE = frozenset({"t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"})
_FALSE = frozenset({"f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"})

_EXACT = Context(prec=200, traps=[Inexact, InvalidOperation, Overflow])
"""Arithmetic that would round is not folded."""

Scalar = Decimal | str | bool | None


@dataclass(frozen=True, slots=True)
class Constant:
    """``value`` None is NULL."""

    value: Scalar


class Folder:
    """Folds for one statement, with its bound parameters if they are known."""

    def __init__(self, inputs: Sequence[Input] | None) -> None:
        self._inputs = inputs
        self.inputs_matter = False

    def constant(self, node: Node | None, *, functions: bool = True) -> bool:
        """Whether the expression has one value for the whole statement. ``functions`` False: and it can be read off the text."""
        if not node:
            return False
        tag, body = unwrap(node)
        if tag in ("A_Const", "ParamRef"):
            return True
        if tag in ("TypeCast", "CollateClause"):
            return self.constant(body.get("arg"), functions=functions)
        if tag == "A_Expr":
            sides = [body[side] for side in ("lexpr", "rexpr") if side in body]
            operator = words(body.get("name"))
            return (
                body.get("kind") == "AEXPR_OP"
                and operator[-1:] != ()
                and operator[-1] in _ARITHMETIC
                and all(self.constant(side, functions=functions) for side in sides)
            )
        if tag == "SubLink" and body.get("subLinkType") == "EXPR_SUBLINK":
            return self.constant(_bare_select(body.get("subselect")), functions=functions)
        if not functions:
            return False
        if tag == "FuncCall":
            name = words(body.get("funcname"))
            return (
                name[-1] in _STABLE_FUNCTIONS
                and name[:-1] in ((), ("pg_catalog",))
                and all(self.constant(argument) for argument in items(body.get("args")))
            )
        return tag == "SQLValueFunction"

    def value(self, node: Node | None) -> Constant | None:
        """What a constant comes to, None if that cannot be told. Numbers are decimals."""
        if not node:
            return None
        tag, body = unwrap(node)
        if tag == "A_Const":
            return _literal(body)
        if tag == "ParamRef":
            return self._bound(body.get("number", 0))
        if tag == "CollateClause":
            return self.value(body.get("arg"))
        if tag == "TypeCast":
            return _cast(self.value(body.get("arg")), type_of(body))
        if tag == "A_Expr" and body.get("kind") == "AEXPR_OP":
            return self._sum(body)
        if tag == "SubLink" and body.get("subLinkType") == "EXPR_SUBLINK":
            return self.value(_bare_select(body.get("subselect")))
        return None

    def number(self, node: Node | None) -> Decimal | None:
        """The value as a finite number, near enough to judge a bound by: a text that reads as one counts."""
        if not node:
            return None
        tag, body = unwrap(node)
        if tag == "TypeCast" and type_of(body) in NUMBER_TYPES:
            return self.number(body.get("arg"))
        if tag == "A_Expr" and body.get("kind") == "AEXPR_OP":
            left = self.number(body["lexpr"]) if "lexpr" in body else Decimal(0)
            return _arithmetic(words(body.get("name")), left, self.number(body.get("rexpr")))
        found = self._raw(body.get("number", 0)) if tag == "ParamRef" else self.value(node)
        return None if found is None or isinstance(found.value, bool) else _decimal(found.value)

    def _raw(self, number: int) -> Constant | None:
        self.inputs_matter = True
        if self._inputs is None or not 0 < number <= len(self._inputs) or self._inputs[number - 1].opaque:
            return None
        return Constant(self._inputs[number - 1].value)

    def _bound(self, number: int) -> Constant | None:
        raw = self._raw(number)
        type_ = self._inputs[number - 1].type if raw is not None and self._inputs is not None else ""
        return _cast(raw, type_) if type_ else raw

    def _sum(self, body: Node) -> Constant | None:
        left = self.value(body["lexpr"]) if "lexpr" in body else Constant(Decimal(0))
        right = self.value(body.get("rexpr"))
        numbers = [side.value for side in (left, right) if side is not None and isinstance(side.value, Decimal)]
        found = _arithmetic(words(body.get("name")), *numbers) if len(numbers) == 2 else None
        return None if found is None else Constant(found)


def type_of(cast: Node) -> str:
    """Internal name of the type that a cast is to, ``_int4`` for an array; empty where a length or precision changes the value."""
    type_name = cast.get("typeName", {})
    names = words(type_name.get("names"))
    if not names or "typmods" in type_name or names[:-1] not in ((), ("pg_catalog",)):
        return ""
    return f"_{names[-1]}" if "arrayBounds" in type_name else names[-1]


def as_boolean(constant: Constant | None) -> bool | None:
    """TRUE or FALSE as the server takes a value where a condition stands; None for NULL and for what cannot be told."""
    if constant is None or constant.value is None:
        return None
    if isinstance(constant.value, bool):
        return constant.value
    text = str(constant.value).strip().lower()
    return True if text in _TRUE else False if text in _FALSE else None


def _arithmetic(operator: tuple[str, ...], left: Decimal | None, right: Decimal | None) -> Decimal | None:
    """Exact, or None."""
    if left is None or right is None:
        return None
    try:
        if operator == ("+",):
            return _EXACT.add(left, right)
        if operator == ("-",):
            return _EXACT.subtract(left, right)
        return _EXACT.multiply(left, right) if operator == ("*",) else None
    except DecimalException:
        return None


def _literal(body: Node) -> Constant | None:
    if body.get("isnull"):
        return Constant(None)
    if "ival" in body:
        return Constant(Decimal(body["ival"].get("ival", 0)))
    if "fval" in body:
        found = _decimal(body["fval"].get("fval", ""))
        return None if found is None else Constant(found)
    if "boolval" in body:
        return Constant(bool(body["boolval"].get("boolval", False)))
    if "sval" in body:
        return Constant(body["sval"].get("sval", ""))
    return None


def _cast(constant: Constant | None, type_: str) -> Constant | None:
    if constant is None or constant.value is None:
        return constant
    if type_ in ("int2", "int4", "int8", "numeric"):
        found = None if isinstance(constant.value, bool) else _decimal(constant.value)
        # A cast that rounds could make two constants equal that do not look it.
        exact = found is not None and (type_ == "numeric" or found == found.to_integral_value())
        return Constant(found) if exact else None
    if type_ == "bool":
        found_bool = as_boolean(constant)
        return None if found_bool is None else Constant(found_bool)
    kept = type_ in TEXT_TYPES or type_ in MOMENT_TYPES or type_ == "unknown" or type_.startswith("_")
    return constant if kept and isinstance(constant.value, str) else None


def _decimal(value: Decimal | str | None) -> Decimal | None:
    if isinstance(value, str):
        try:
            value = Decimal(value.strip())
        except DecimalException:
            return None
    return value if value is not None and value.is_finite() else None


def _bare_select(select: object) -> Node | None:
    """The one target of ``SELECT constant`` with nothing else to it."""
    body = unwrap(select)[1] if isinstance(select, dict) else {}
    targets = items(body.get("targetList"))
    plain = {"targetList", "limitOption", "op"}
    if len(targets) != 1 or not plain.issuperset(body):
        return None
    found: Node = targets[0]["ResTarget"].get("val", {})
    return found
