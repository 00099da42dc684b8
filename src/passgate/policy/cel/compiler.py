"""A checked tree to closures: nothing of the tree is left when a condition runs.

``&&`` and ``||`` are commutative over errors, as the CEL specification has them: ``false && error`` and ``error && false`` are
false, ``true || error`` and ``error || true`` are true. ``all`` and ``exists`` stand for long ones and behave like them.
"""

import operator
from collections.abc import Callable, Container, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from passgate.policy.cel.checker import Checked
from passgate.policy.cel.errors import EvaluationError
from passgate.policy.cel.frame import Frame
from passgate.policy.cel.functions import Value, checked_int
from passgate.policy.cel.syntax import (
    Binary,
    Call,
    Comprehension,
    Conditional,
    Index,
    Junction,
    ListLiteral,
    Literal,
    Macro,
    Name,
    Node,
    Select,
    Unary,
)
from passgate.policy.cel.types import INT, ListType, MapType, RecordType, SetType

F = TypeVar("F", bound=Frame)
Getter = Callable[[F], Value]
"""Reads one attribute off a frame; raises EvaluationError where it has no value."""
Program = Callable[[F], Value]


def compile_condition(checked: Checked, getters: Mapping[str, Getter[F]], root: Node | None = None) -> Program[F]:
    """The closure of ``checked``, or of one node inside it. It raises EvaluationError and nothing else of its own."""
    return _Compiler(checked, getters).program(checked.root if root is None else root)


def conjunction(terms: tuple[Program[F], ...]) -> Program[F]:
    """``&&`` of conditions compiled apart."""
    return terms[0] if len(terms) == 1 else _all_of(terms)


class _Compiler(Generic[F]):
    def __init__(self, checked: Checked, getters: Mapping[str, Getter[F]]) -> None:
        self._checked = checked
        self._getters = getters
        self._variables: dict[str, int] = {}

    def program(self, node: Node) -> Program[F]:  # noqa: C901 - one case a node, nothing else
        if node in self._checked.attributes:
            return self._attribute(node)
        match node:
            case Literal(value=value):
                return _constant(value)
            case ListLiteral(items=items):
                return self._list(items)
            case Name(name=name):
                return _variable(self._variables[name])
            case Select():
                return self._field(node)
            case Index():
                return self._index(node)
            case Unary(operator="!", operand=operand):
                return _not(self.program(operand))
            case Unary(operand=operand):
                return _negative(self.program(operand))
            case Binary():
                return self._binary(node)
            case Junction(operator="&&", terms=terms):
                return _all_of(tuple(self.program(term) for term in terms))
            case Junction(terms=terms):
                return _any_of(tuple(self.program(term) for term in terms))
            case Conditional():
                return _choice(self.program(node.condition), self.program(node.then), self.program(node.otherwise))
            case Comprehension():
                return self._comprehension(node)
            case Call():
                return self._call(node)
        raise AssertionError(node)

    def _attribute(self, node: Node) -> Program[F]:
        read = self._getters[self._checked.attributes[node]]
        if isinstance(node, Select) and node.test_only:
            return _has_value(read)
        return read

    def _list(self, items: tuple[Node, ...]) -> Program[F]:
        constant = _literals(items)
        if constant is not None:
            return _constant(constant)
        programs = tuple(self.program(item) for item in items)
        return lambda frame: tuple([program(frame) for program in programs])

    def _field(self, node: Select) -> Program[F]:
        operand, kind = self.program(node.operand), self._checked.types[node.operand]
        if isinstance(kind, MapType):
            return _has_key(operand, node.field) if node.test_only else _key(operand, _constant(node.field), kind)
        assert isinstance(kind, RecordType)  # noqa: S101 - the checker let nothing else through
        return _part(operand, node.field)

    def _index(self, node: Index) -> Program[F]:
        operand, index, kind = self.program(node.operand), self.program(node.index), self._checked.types[node.operand]
        return _key(operand, index, kind) if isinstance(kind, MapType) else _place(operand, index)

    def _binary(self, node: Binary) -> Program[F]:
        if node.operator == "in":
            return self._membership(node)
        left, right = self.program(node.left), self.program(node.right)
        if node.operator == "==" and isinstance(node.right, Literal):
            return _is(left, node.right.value)
        if node.operator in _COMPARISONS:
            return _compared(_COMPARISONS[node.operator], left, right)
        types = self._checked.types
        if types[node.left] == INT and types[node.right] == INT:
            return _compared(_INTEGER[node.operator], left, right)
        if isinstance(types[node.left], ListType):
            return lambda frame: (*left(frame), *right(frame))
        return _compared(_SUMS[node.operator], left, right)

    def _membership(self, node: Binary) -> Program[F]:
        left = self.program(node.left)
        if isinstance(node.right, ListLiteral):
            constant = _literals(node.right.items)
            if constant is not None:
                return _one_of(left, frozenset(constant))
        right, kind = self.program(node.right), self._checked.types[node.right]
        if isinstance(node.left, Literal) and isinstance(kind, SetType | MapType):
            return _holds(right, node.left.value)
        return _compared(_contained, left, right)

    def _comprehension(self, node: Comprehension) -> Program[F]:
        over = self.program(node.over)
        outer = self._variables
        slot = len(outer)
        self._variables = outer | {node.variable: slot}
        test = _constant(True) if node.test is None else self.program(node.test)
        transform = None if node.transform is None else self.program(node.transform)
        self._variables = outer
        items = _items(_sorted(over) if isinstance(self._checked.types[node.over], SetType) else over, slot)
        match node.macro:
            case Macro.ALL:
                return _quantified(items, test, decisive=False)
            case Macro.EXISTS:
                return _quantified(items, test, decisive=True)
            case Macro.EXISTS_ONE:
                return lambda frame: sum([test(frame) for _ in items(frame)]) == 1
        if transform is None:
            return lambda frame: tuple([item for item in items(frame) if test(frame)])
        return lambda frame: tuple([transform(frame) for _ in items(frame) if test(frame)])

    def _call(self, node: Call) -> Program[F]:
        overload = self._checked.overloads[node]
        given = node.arguments if node.target is None else (node.target, *node.arguments)
        programs = tuple(self.program(argument) for argument in given[: len(overload.types)])
        run = overload.run
        if len(programs) == 1:
            only = programs[0]
            return lambda frame: run(only(frame))
        first, second = programs
        return lambda frame: run(first(frame), second(frame))


def _literals(items: Iterable[Node]) -> tuple[Value, ...] | None:
    values = [item.value for item in items if isinstance(item, Literal)]
    return tuple(values) if len(values) == len(tuple(items)) else None


# -- values ------------------------------------------------------------------------------------------------------------


def _constant(value: Value) -> Program[F]:
    return lambda _: value


def _variable(slot: int) -> Program[F]:
    return lambda frame: frame.variables[slot]


def _has_value(read: Getter[F]) -> Program[F]:
    def run(frame: F) -> bool:
        try:
            read(frame)
        except EvaluationError:
            return False
        return True

    return run


def _has_key(operand: Program[F], key: str) -> Program[F]:
    return lambda frame: key in operand(frame)


def _key(operand: Program[F], key: Program[F], kind: MapType) -> Program[F]:
    default = kind.default

    def run(frame: F) -> Value:
        wanted = key(frame)
        found = operand(frame).get(wanted, default)
        if found is None:
            raise EvaluationError(f"there is no {wanted!r}")
        return found

    return run


def _part(operand: Program[F], field: str) -> Program[F]:
    def run(frame: F) -> Value:
        try:
            return operand(frame)[field]
        except KeyError as error:
            raise EvaluationError(f"there is no {field!r}") from error

    return run


def _place(operand: Program[F], index: Program[F]) -> Program[F]:
    def run(frame: F) -> Value:
        items, place = operand(frame), index(frame)
        if not 0 <= place < len(items):
            raise EvaluationError(f"there is no place {place} in a list of {len(items)}")
        return items[place]

    return run


# -- logic -------------------------------------------------------------------------------------------------------------


def _not(operand: Program[F]) -> Program[F]:
    return lambda frame: not operand(frame)


def _all_of(terms: tuple[Program[F], ...]) -> Program[F]:
    def run(frame: F) -> bool:
        failed: EvaluationError | None = None
        for term in terms:
            try:
                if not term(frame):
                    return False
            except EvaluationError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return True

    return run


def _any_of(terms: tuple[Program[F], ...]) -> Program[F]:
    def run(frame: F) -> bool:
        failed: EvaluationError | None = None
        for term in terms:
            try:
                if term(frame):
                    return True
            except EvaluationError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return False

    return run


def _choice(condition: Program[F], then: Program[F], otherwise: Program[F]) -> Program[F]:
    return lambda frame: then(frame) if condition(frame) else otherwise(frame)


def _sorted(over: Program[F]) -> Program[F]:
    return lambda frame: sorted(over(frame))


def _items(over: Program[F], slot: int) -> Callable[[F], Iterable[Value]]:
    def run(frame: F) -> Iterable[Value]:
        variables = frame.variables
        for item in over(frame):
            frame.step()
            variables[slot] = item
            yield item

    return run


def _quantified(items: Callable[[F], Iterable[Value]], test: Program[F], *, decisive: bool) -> Program[F]:
    """``exists`` (one true decides) and ``all`` (one false decides)."""

    def run(frame: F) -> bool:
        failed: EvaluationError | None = None
        for _ in items(frame):
            try:
                found: bool = test(frame)
                if found == decisive:
                    return decisive
            except EvaluationError as error:
                failed = failed or error
        if failed is not None:
            raise failed
        return not decisive

    return run


# -- comparing and counting ----------------------------------------------------------------------------------------------


def _is(left: Program[F], value: Value) -> Program[F]:
    return lambda frame: left(frame) == value


def _one_of(left: Program[F], values: frozenset[Value]) -> Program[F]:
    return lambda frame: left(frame) in values


def _holds(right: Program[F], value: Value) -> Program[F]:
    return lambda frame: value in right(frame)


def _compared(operation: Callable[[Value, Value], Value], left: Program[F], right: Program[F]) -> Program[F]:
    return lambda frame: operation(left(frame), right(frame))


def _contained(item: Value, items: Container[Value]) -> bool:
    return item in items


def _divided(left: int, right: int) -> int:
    """Cut towards zero, as in CEL."""
    if right == 0:
        raise EvaluationError("division by zero")
    quotient = abs(left) // abs(right)
    return checked_int(quotient if (left < 0) == (right < 0) else -quotient)


def _remainder(left: int, right: int) -> int:
    """With the sign of the dividend, as in CEL; it overflows where the division would."""
    _divided(left, right)
    rest = abs(left) % abs(right)
    return -rest if left < 0 else rest


def _negative(operand: Program[F]) -> Program[F]:
    return lambda frame: checked_int(-operand(frame))


Moment = datetime | timedelta | str


def _sum(left: Value, right: Value) -> Moment:
    try:
        total: Moment = left + right
    except OverflowError as error:
        raise EvaluationError("the time is out of range") from error
    return total


def _difference(left: Value, right: Value) -> Moment:
    try:
        rest: Moment = left - right
    except OverflowError as error:
        raise EvaluationError("the time is out of range") from error
    return rest


_COMPARISONS: dict[str, Callable[[Value, Value], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_INTEGER: dict[str, Callable[[int, int], int]] = {
    "+": lambda left, right: checked_int(left + right),
    "-": lambda left, right: checked_int(left - right),
    "*": lambda left, right: checked_int(left * right),
    "/": _divided,
    "%": _remainder,
}
_SUMS: dict[str, Callable[[Value, Value], Moment]] = {"+": _sum, "-": _difference}
