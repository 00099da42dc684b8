"""The syntax tree of a condition. Nodes are compared by identity: what is known of one is kept beside the tree."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Node:
    """``offset`` is where the node's first own character stands in the condition."""

    offset: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Literal(Node):
    value: str | int | bool | None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ListLiteral(Node):
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Name(Node):
    """A variable of a macro, or the first word of an attribute."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Select(Node):
    """``operand.field``; ``test_only`` is ``has(operand.field)``."""

    operand: Node
    field: str
    test_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Index(Node):
    operand: Node
    index: Node


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unary(Node):
    """``!`` or ``-``."""

    operator: str
    operand: Node


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Binary(Node):
    """Any of ``== != < <= > >= in + - * / %``."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Junction(Node):
    """A whole chain of ``&&`` or ``||``, flat."""

    operator: str
    terms: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Conditional(Node):
    condition: Node
    then: Node
    otherwise: Node


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Call(Node):
    """``function(arguments)`` or ``target.function(arguments)``."""

    function: str
    target: Node | None
    arguments: tuple[Node, ...]


class Macro(Enum):
    ALL = "all"
    EXISTS = "exists"
    EXISTS_ONE = "exists_one"
    FILTER = "filter"
    MAP = "map"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comprehension(Node):
    """``over.macro(variable, test)``; ``transform`` is set for ``map``, whose ``test`` is None in its two-argument form."""

    macro: Macro
    over: Node
    variable: str
    test: Node | None
    transform: Node | None = None


def walk(node: Node) -> Iterator[Node]:
    """The node and everything in it."""
    yield node
    for part in parts(node):
        if part is not None:
            yield from walk(part)


def parts(node: Node) -> tuple[Node | None, ...]:
    """What a node is made of, in order."""
    match node:
        case ListLiteral(items=found) | Junction(terms=found):
            return found
        case Select(operand=operand) | Unary(operand=operand):
            return (operand,)
        case Index(operand=left, index=right) | Binary(left=left, right=right):
            return (left, right)
        case Conditional(condition=condition, then=then, otherwise=otherwise):
            return (condition, then, otherwise)
        case Call(target=target, arguments=arguments):
            return (target, *arguments)
        case Comprehension(over=over, test=test, transform=transform):
            return (over, test, transform)
    return ()
