"""Conditions that have a type and still cannot be meant: they never hold, always hold, or never have a value.

Only what can be shown from the text is said; nothing here is about the actions that come.
"""

import operator
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from passgate.policy.cel import Checked, EvaluationError, Frame, Getter, Value, compile_condition, dotted
from passgate.policy.cel.syntax import (
    Binary,
    Call,
    Comprehension,
    Junction,
    ListLiteral,
    Literal,
    Name,
    Node,
    Select,
    Unary,
    parts,
    walk,
)

_RANGES = {
    "getMonth": (0, 11),
    "getDate": (1, 31),
    "getDayOfWeek": (0, 6),
    "getHours": (0, 23),
    "getMinutes": (0, 59),
}
_COMPARED: dict[str, Callable[[Value, Value], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_NOTHING: dict[str, Getter[Frame]] = {}
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True, slots=True, kw_only=True)
class Slip:
    """``offset`` counts characters from the start of the condition."""

    offset: int
    message: str
    remedy: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """What a term leaves of one value: ``values`` only, or with ``others`` everything but them."""

    path: str
    values: frozenset[object]
    others: bool

    def within(self, wider: "Limit") -> bool:
        """Whether what this leaves, the wider one leaves too."""
        if self.path != wider.path or (self.others and not wider.others):
            return False
        if self.others:
            return wider.values <= self.values
        return not (self.values & wider.values) if wider.others else self.values <= wider.values


def slips(checked: Checked) -> Iterator[Slip]:
    """What cannot be meant, in the order in which it stands."""
    constants: set[Node] = set()
    for node in walk(checked.root):
        if node in constants:
            continue
        if _constant(checked, node):
            constants.update(walk(node))
            yield from _without_value(checked, node)
        elif isinstance(node, Junction):
            yield from _contradiction(node) if node.operator == "&&" else _tautology(node)
        elif isinstance(node, Binary):
            yield from _clock(node)
            if node.operator == "in" and isinstance(node.right, ListLiteral) and not node.right.items:
                yield Slip(offset=node.right.offset, message="an empty list holds nothing, so this is never true")
    yield from _never(checked)


# -- parts that are the same whatever happens --------------------------------------------------------------------------


def _constant(checked: Checked, node: Node) -> bool:
    bound = {part.variable for part in walk(node) if isinstance(part, Comprehension)}
    return not any(
        part in checked.attributes or (isinstance(part, Name) and part.name not in bound) for part in walk(node)
    )


def _value(checked: Checked, node: Node) -> object:
    """Raises EvaluationError."""
    value: object = compile_condition(checked, _NOTHING, node)(Frame())
    return value


def _without_value(checked: Checked, node: Node) -> Iterator[Slip]:
    try:
        _value(checked, node)
    except EvaluationError as error:
        yield Slip(offset=node.offset, message=f"this never has a value: {error}")


def _never(checked: Checked) -> Iterator[Slip]:
    root = checked.root
    if isinstance(root, Literal):
        return  # a rule that is switched off
    for term in root.terms if isinstance(root, Junction) and root.operator == "&&" else (root,):
        if not _constant(checked, term):
            continue
        try:
            holds = _value(checked, term)
        except EvaluationError:
            continue
        if holds is False:
            yield Slip(
                offset=term.offset, message="the rule can never match: this is always false", remedy="leave it out"
            )


# -- values that cannot be -----------------------------------------------------------------------------------------------


def _contradiction(node: Junction) -> Iterator[Slip]:
    left: dict[str, Limit] = {}
    for term in node.terms:
        limit = limit_of(term)
        if limit is None:
            continue
        known = left.get(limit.path)
        both = limit if known is None else _both(known, limit)
        if not both.others and not both.values:
            if known is not None and (known.others or known.values):
                yield Slip(
                    offset=term.offset,
                    message=f"this can never be true: {limit.path} is asked to be two things at once",
                    remedy="write || or in [...]",
                )
            return
        left[limit.path] = both


def _tautology(node: Junction) -> Iterator[Slip]:
    left: dict[str, Limit] = {}
    for term in node.terms:
        limit = limit_of(term)
        if limit is None or not limit.others:
            continue
        known = left.get(limit.path)
        excluded = limit.values if known is None else limit.values & known.values
        if not excluded:
            yield Slip(
                offset=term.offset,
                message=f"this is always true: {limit.path} is never all of them at once",
                remedy="write && or !(x in [...])",
            )
            return
        left[limit.path] = Limit(path=limit.path, values=excluded, others=True)


def _both(one: Limit, other: Limit) -> Limit:
    if one.others and other.others:
        return Limit(path=one.path, values=one.values | other.values, others=True)
    if one.others or other.others:
        allowed, banned = (other, one) if one.others else (one, other)
        return Limit(path=one.path, values=allowed.values - banned.values, others=False)
    return Limit(path=one.path, values=one.values & other.values, others=False)


def limit_of(node: Node) -> Limit | None:
    """What a term says of one value, None where it says something else."""
    if isinstance(node, Unary) and node.operator == "!":
        inner = limit_of(node.operand)
        return None if inner is None else Limit(path=inner.path, values=inner.values, others=not inner.others)
    if isinstance(node, Junction) and node.operator == "||":
        return _any_of([limit_of(term) for term in node.terms])
    if not isinstance(node, Binary) or node.operator not in ("==", "!=", "in"):
        return None
    left, right = node.left, node.right
    if node.operator != "in" and isinstance(left, Literal):
        left, right = right, left
    path = dotted(left)
    if path is None or (isinstance(left, Select) and left.test_only):
        return None
    given = right.items if node.operator == "in" and isinstance(right, ListLiteral) else (right,)
    values = [item.value for item in given if isinstance(item, Literal)]
    if len(values) != len(given) or (node.operator == "in" and not isinstance(right, ListLiteral)):
        return None
    return Limit(path=path, values=frozenset(values), others=node.operator == "!=")


def _any_of(limits: list[Limit | None]) -> Limit | None:
    known = [limit for limit in limits if limit is not None and not limit.others]
    if len(known) != len(limits) or len({limit.path for limit in known}) != 1:
        return None
    return Limit(path=known[0].path, values=frozenset().union(*(limit.values for limit in known)), others=False)


def _clock(node: Binary) -> Iterator[Slip]:
    call, other, word = node.left, node.right, node.operator
    if isinstance(call, Literal):
        call, other, word = other, call, _MIRRORED.get(word, word)
    if not isinstance(call, Call) or call.function not in _RANGES:
        return
    least, most = _RANGES[call.function]
    items: Iterable[Node] = other.items if isinstance(other, ListLiteral) else (other,)
    for item in items:
        if not isinstance(item, Literal):
            continue
        compare = _COMPARED.get(word, _COMPARED["=="])
        outcomes = {compare(number, item.value) for number in range(least, most + 1)}
        if len(outcomes) == 1:
            what = "always" if outcomes.pop() else "never"
            yield Slip(
                offset=item.offset,
                message=f"{call.function}() is {least} to {most}, so this is {what} true",
                remedy="January and Sunday are 0" if call.function in ("getMonth", "getDayOfWeek") else "",
            )


# -- the same thing said in the same words ---------------------------------------------------------------------------------


def shape(node: Node) -> str:
    """A term's meaning as a text: equal for terms that differ in places and spaces only."""
    own = {
        name: getattr(node, name, None)
        for name in ("value", "name", "field", "operator", "function", "variable", "macro")
    }
    said = [
        f"{name}={value!r}"
        for name, value in own.items()
        if value is not None or (name == "value" and isinstance(node, Literal))
    ]
    if isinstance(node, Select) and node.test_only:
        said.append("has")
    inside = ",".join("" if part is None else shape(part) for part in parts(node))
    return f"{type(node).__name__}[{' '.join(said)}]({inside})"
