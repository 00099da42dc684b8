"""Types of a whole condition, against declared attributes. What has no type is refused here, before it can ever run."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from passgate.policy.cel.errors import ConditionError, EvaluationError
from passgate.policy.cel.functions import FUNCTIONS, METHODS, Overload
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
from passgate.policy.cel.types import (
    BOOL,
    DURATION,
    INT,
    NOTHING,
    NULL,
    ORDERED,
    STRING,
    TIMESTAMP,
    ListType,
    MapType,
    RecordType,
    SetType,
    StringType,
    Type,
    join,
    same,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A name with dots that a condition may use. ``optional``: it may have no value, which ``has()`` asks."""

    name: str
    type: Type
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A tree with what was found out about it: each node's type, which nodes are attributes, which overload a call takes."""

    root: Node
    types: Mapping[Node, Type]
    attributes: Mapping[Node, str]
    overloads: Mapping[Node, Overload] = field(repr=False)


def check(root: Node, attributes: Mapping[str, Attribute], *, expected: Type = BOOL) -> Checked:
    """Raises ConditionError at the first node that has no type, or if the whole is not of the ``expected`` one."""
    checker = _Checker(attributes)
    found = checker.type_of(root)
    if not same(found, expected):
        raise ConditionError(f"the condition is of type {found}, not {expected}", offset=root.offset)
    return Checked(root=root, types=checker.types, attributes=checker.used, overloads=checker.overloads)


def nearest(word: str, known: Iterable[str]) -> str:
    """``did you mean ...?``, or nothing if nothing is near."""
    words = tuple(known)
    near = difflib.get_close_matches(word, words, n=1, cutoff=0.6)
    if not near:  # EMAIL for email
        folded = {one.casefold(): one for one in words}
        near = [folded[one] for one in difflib.get_close_matches(word.casefold(), folded, n=1, cutoff=0.6)]
    return f"did you mean {near[0]}?" if near else ""


def dotted(node: Node) -> str | None:
    """``a.b.c`` of a chain of plain names, None of anything else."""
    if isinstance(node, Name):
        return node.name
    if isinstance(node, Select):
        front = dotted(node.operand)
        return None if front is None else f"{front}.{node.field}"
    return None


class _Checker:
    def __init__(self, attributes: Mapping[str, Attribute]) -> None:
        self._attributes = attributes
        self._variables: dict[str, Type] = {}
        self.types: dict[Node, Type] = {}
        self.used: dict[Node, str] = {}
        self.overloads: dict[Node, Overload] = {}

    def type_of(self, node: Node) -> Type:
        found = self._type_of(node)
        self.types[node] = found
        return found

    def _type_of(self, node: Node) -> Type:  # noqa: C901 - one case a node, nothing else
        match node:
            case Literal(value=bool()):
                return BOOL
            case Literal(value=int()):
                return INT
            case Literal(value=str()):
                return STRING
            case Literal():
                return NULL
            case ListLiteral():
                return self._list(node)
            case Name() | Select():
                return self._name(node)
            case Index():
                return self._index(node)
            case Unary():
                return self._unary(node)
            case Binary():
                return self._binary(node)
            case Junction():
                for term in node.terms:
                    self._require(term, BOOL, f"{node.operator} joins conditions")
                return BOOL
            case Conditional():
                return self._conditional(node)
            case Comprehension():
                return self._comprehension(node)
            case Call():
                return self._call(node)
        raise AssertionError(node)

    def _require(self, node: Node, wanted: Type, why: str) -> None:
        found = self.type_of(node)
        if not same(found, wanted):
            raise ConditionError(f"{why}: this is of type {found}, not {wanted}", offset=node.offset)

    def _list(self, node: ListLiteral) -> Type:
        item: Type = NOTHING
        for element in node.items:
            joined = join(item, found := self.type_of(element))
            if joined is None:
                raise ConditionError(f"a list holds one type: {found} among {item}", offset=element.offset)
            item = joined
        return ListType(item)

    # -- names -----------------------------------------------------------------------------------------------------

    def _name(self, node: Name | Select) -> Type:
        path = dotted(node)
        first = path.partition(".")[0] if path else ""
        if path is None or first in self._variables:
            if isinstance(node, Name):
                return self._variables[node.name]
            return self._field(node)
        if path in self._attributes:
            return self._attribute(node, path)
        members = self._members(path)
        if members:
            if isinstance(node, Select) and node.test_only and self._attributes[members[0]].optional:
                self.used[node] = members[0]
                return BOOL
            raise ConditionError(f"{path} is a group, not a value", offset=node.offset, remedy=f"use {_some(members)}")
        if isinstance(node, Select) and (front := dotted(node.operand)) and not self._members(front):
            return self._field(node)
        raise self._undeclared(node, path)

    def _members(self, path: str) -> list[str]:
        return [name for name in self._attributes if name.startswith(f"{path}.")]

    def _undeclared(self, node: Node, path: str) -> ConditionError:
        siblings = self._members(path.rpartition(".")[0]) if "." in path else []
        near = nearest(path.rpartition(".")[2], (name.rpartition(".")[2] for name in siblings))
        remedy = f"use {_some(siblings)}" if siblings and not near else nearest(path, siblings or self._attributes)
        if "." not in path:
            remedy = _INSTEAD_OF.get(path) or remedy or f"a text stands in quotes: '{path}'"
        return ConditionError(f"{path} is not a declared attribute", offset=node.offset, remedy=remedy)

    def _attribute(self, node: Name | Select, path: str) -> Type:
        attribute = self._attributes[path]
        self.used[node] = path
        if isinstance(node, Select) and node.test_only:
            if not attribute.optional:
                raise ConditionError(f"{path} is always there", offset=node.offset, remedy="leave out has()")
            return BOOL
        return attribute.type

    def _field(self, node: Select) -> Type:
        operand = self.type_of(node.operand)
        if isinstance(operand, MapType):
            _known_key(node.operand, node.field, operand, node.offset)
            return BOOL if node.test_only else operand.item
        if isinstance(operand, RecordType):
            if node.test_only:
                raise ConditionError(f"{node.field} is always there", offset=node.offset, remedy="leave out has()")
            if node.field in operand.fields:
                return operand.fields[node.field]
            remedy = nearest(node.field, operand.fields) or f"use {_some(list(operand.fields))}"
            raise ConditionError(f"{operand} has no field {node.field}", offset=node.offset, remedy=remedy)
        raise ConditionError(f"a value of type {operand} has no field {node.field}", offset=node.offset)

    def _index(self, node: Index) -> Type:
        operand = self.type_of(node.operand)
        if isinstance(operand, MapType):
            self._require(node.index, STRING, "the keys of a map are strings")
            if isinstance(node.index, Literal):
                _known_key(node.operand, str(node.index.value), operand, node.index.offset)
            return operand.item
        if isinstance(operand, ListType):
            self._require(node.index, INT, "a place in a list is a number")
            if isinstance(node.index, Literal) and isinstance(node.index.value, int) and node.index.value < 0:
                raise ConditionError(
                    "places in a list count from 0",
                    offset=node.index.offset,
                    remedy="write x[size(x) - 1] for the last",
                )
            return operand.item
        remedy = "use in, exists() or all()" if isinstance(operand, SetType) else ""
        raise ConditionError(f"a value of type {operand} has no index", offset=node.offset, remedy=remedy)

    # -- operators ---------------------------------------------------------------------------------------------------

    def _unary(self, node: Unary) -> Type:
        wanted = BOOL if node.operator == "!" else INT
        self._require(node.operand, wanted, f"{node.operator} applies to {wanted}")
        return wanted

    def _binary(self, node: Binary) -> Type:
        left, right = self.type_of(node.left), self.type_of(node.right)
        if node.operator in ("==", "!="):
            return self._equality(node, left, right)
        if node.operator == "in":
            return self._membership(node, left, right)
        if node.operator in ("<", "<=", ">", ">="):
            if left.name != right.name or left.name not in ORDERED:
                raise ConditionError(f"{node.operator} cannot compare {left} with {right}", offset=node.offset)
            return BOOL
        result = _arithmetic(node.operator, left, right)
        if result is None:
            raise ConditionError(f"{node.operator} does not apply to {left} and {right}", offset=node.offset)
        return result

    def _equality(self, node: Binary, left: Type, right: Type) -> Type:
        if (left == NULL) != (right == NULL):
            raise ConditionError("an attribute is never null", offset=node.offset, remedy="ask with has(...)")
        if isinstance(left, SetType) or isinstance(right, SetType):
            raise ConditionError(
                "a set has no order to compare", offset=node.offset, remedy="use in, exists() or all()"
            )
        if not same(left, right):
            listed = isinstance(right, ListType) and same(left, right.item)
            raise ConditionError(
                f"{left} and {right} are never equal", offset=node.offset, remedy="write in [...]" if listed else ""
            )
        _vocabulary(node.left, right)
        _vocabulary(node.right, left)
        return BOOL

    def _membership(self, node: Binary, left: Type, right: Type) -> Type:
        if isinstance(right, MapType):
            item: Type = STRING
            if isinstance(node.left, Literal) and isinstance(node.left.value, str):
                _known_key(node.right, node.left.value, right, node.left.offset)
        elif isinstance(right, ListType | SetType):
            item = right.item
        else:
            remedy = "write in [...]" if same(right, left) else ""
            raise ConditionError(
                f"in needs a list or a map on its right, not {right}", offset=node.offset, remedy=remedy
            )
        if not same(left, item):
            remedy = "write list.exists(x, x in [...])" if isinstance(left, ListType | SetType) else ""
            raise ConditionError(f"a {right} never holds a {left}", offset=node.offset, remedy=remedy)
        _vocabulary(node.left, item)
        for element in node.right.items if isinstance(node.right, ListLiteral) else ():
            _vocabulary(element, left)
        return BOOL

    def _conditional(self, node: Conditional) -> Type:
        self._require(node.condition, BOOL, "? needs a condition on its left")
        then, otherwise = self.type_of(node.then), self.type_of(node.otherwise)
        joined = join(then, otherwise)
        if joined is None:
            raise ConditionError(f"both choices must be of one type, not {then} and {otherwise}", offset=node.offset)
        return joined

    # -- calls -------------------------------------------------------------------------------------------------------

    def _comprehension(self, node: Comprehension) -> Type:
        over = self.type_of(node.over)
        if isinstance(over, MapType):
            item: Type = STRING
        elif isinstance(over, ListType | SetType):
            item = over.item
        else:
            raise ConditionError(f"{node.macro.value}() runs over a list, not {over}", offset=node.offset)
        outer = self._variables
        self._variables = outer | {node.variable: item}
        if node.test is not None:
            self._require(node.test, BOOL, f"{node.macro.value}() needs a condition")
        transformed = item if node.transform is None else self.type_of(node.transform)
        self._variables = outer
        if node.macro is Macro.MAP:
            return ListType(transformed)
        return ListType(item) if node.macro is Macro.FILTER else BOOL

    def _call(self, node: Call) -> Type:
        table, given = FUNCTIONS, node.arguments
        if node.target is not None:
            table, given = METHODS, (node.target, *node.arguments)
        if node.function not in table:
            other = FUNCTIONS if node.target is not None else METHODS
            remedy = nearest(node.function, table) or _INSTEAD_OF.get(node.function, "")
            if not remedy and (near := nearest(node.function, other)):
                remedy = near
            if node.function in other:
                remedy = f"write x.{node.function}(...)" if node.target is None else f"write {node.function}(...)"
            raise ConditionError(f"there is no function {node.function}()", offset=node.offset, remedy=remedy)
        found = tuple(self.type_of(argument) for argument in given)
        for overload in table[node.function]:
            if len(overload.types) == len(found) and all(map(_accepts, overload.types, found)):
                self.overloads[node] = self._prepared(node, overload)
                return overload.result
        shown = ", ".join(str(t) for t in found)
        remedy = "write 'x' in list" if node.function == "contains" and isinstance(found[0], ListType | SetType) else ""
        raise ConditionError(f"{node.function}() does not take ({shown})", offset=node.offset, remedy=remedy)

    def _prepared(self, node: Call, overload: Overload) -> Overload:
        if overload.prepare is None:
            return _tried(node, overload)
        argument = node.arguments[-1]
        if not isinstance(argument, Literal) or not isinstance(argument.value, str):
            raise ConditionError(
                f"{node.function}() takes a literal string, which is prepared when the bundle is loaded",
                offset=argument.offset,
            )
        try:
            run = overload.prepare(argument.value)
        except ValueError as error:
            raise ConditionError(str(error), offset=argument.offset) from error
        return Overload(types=overload.types[:-1], result=overload.result, run=run)


def _tried(node: Call, overload: Overload) -> Overload:
    """What has no value whenever it runs has none now: ``duration('1d')`` is a slip of the pen, not a rule."""
    given = [*([] if node.target is None else [node.target]), *node.arguments]
    values = [argument.value for argument in given if isinstance(argument, Literal)]
    if len(values) == len(given):
        try:
            overload.run(*values)
        except EvaluationError as error:
            raise ConditionError(str(error), offset=given[0].offset) from error
    return overload


def unknown_key(name: str, key: str, keys: Iterable[str]) -> tuple[str, str]:
    """Message and remedy."""
    return f"{name} has no {key!r}", nearest(key, keys) or f"use one of {_some(sorted(keys))}"


def _known_key(operand: Node, key: str, kind: MapType, offset: int) -> None:
    if kind.keys is not None and key not in kind.keys:
        message, remedy = unknown_key(dotted(operand) or str(kind), key, kind.keys)
        raise ConditionError(message, offset=offset, remedy=remedy)


def _accepts(wanted: Type, found: Type) -> bool:
    return same(wanted, found)


def _arithmetic(operator: str, left: Type, right: Type) -> Type | None:
    names = (left.name, right.name)
    if names == ("int", "int"):
        return INT
    if operator == "+" and isinstance(left, ListType):
        return join(left, right)
    return _SUMS.get((operator, *names))


_SUMS: dict[tuple[str, str, str], Type] = {
    ("+", "string", "string"): STRING,
    ("+", "timestamp", "duration"): TIMESTAMP,
    ("+", "duration", "timestamp"): TIMESTAMP,
    ("+", "duration", "duration"): DURATION,
    ("-", "timestamp", "timestamp"): DURATION,
    ("-", "timestamp", "duration"): TIMESTAMP,
    ("-", "duration", "duration"): DURATION,
}


def _vocabulary(node: Node, other: Type) -> None:
    """A literal that the other side can never be is a slip of the pen."""
    if not isinstance(node, Literal) or not isinstance(node.value, str):
        return
    known = other.values if isinstance(other, StringType) else None
    if known is not None and node.value not in known:
        remedy = nearest(node.value, known) or f"use one of {_some(sorted(known))}"
        raise ConditionError(f"{node.value!r} is not a value that this ever has", offset=node.offset, remedy=remedy)


_INSTEAD_OF = {
    "now": "a decision may be kept, so there is none: let passes and approvals expire instead",
    "any": "write list.exists(x, ...)",
    "length": "write size(x)",
    "len": "write size(x)",
    "lower": "write x.lowerAscii()",
    "upper": "write x.upperAscii()",
    "regex": "write x.matches(r'...')",
    "like": "write x.matches(r'...')",
}


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:6])
    return shown + (", ..." if len(names) > 6 else "")
