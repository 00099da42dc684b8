"""The types of the rule language. Every attribute has one, so that a mistake is found when the bundle is loaded."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Type:
    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class StringType(Type):
    """``values``: the only values it ever takes, None where any string may come."""

    name: str = "string"
    values: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class _Collection(Type):
    item: Type

    def __str__(self) -> str:
        return f"{self.name}<{self.item}>"


@dataclass(frozen=True, slots=True)
class ListType(_Collection):
    name: str = field(default="list", init=False)


@dataclass(frozen=True, slots=True)
class SetType(_Collection):
    """A list without an order: ``in``, ``size()`` and the macros work, an index or ``==`` would mean nothing."""

    name: str = field(default="set", init=False)


@dataclass(frozen=True, slots=True)
class MapType(_Collection):
    """Keys are strings. ``default`` stands for a key that is not there; None makes it a missing value. ``keys``: the only ones
    there ever are, None where any may come."""

    name: str = field(default="map", init=False)
    default: int | str | None = None
    keys: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class RecordType(Type):
    """A fixed set of named parts, each always there."""

    fields: Mapping[str, Type] = field(default_factory=dict, hash=False)


BOOL = Type("bool")
INT = Type("int")
STRING = StringType()
NULL = Type("null")
TIMESTAMP = Type("timestamp")
DURATION = Type("duration")
NOTHING = Type("nothing")
"""The item type of an empty list: it goes with every other."""

ORDERED = frozenset({"bool", "int", "string", "timestamp", "duration"})
"""Names of the types that ``< <= > >=`` compare."""


def same(left: Type, right: Type) -> bool:
    """Whether values of the two can ever be equal."""
    if NOTHING in (left, right):
        return True
    if isinstance(left, _Collection) and isinstance(right, _Collection):
        return left.name == right.name and same(left.item, right.item)
    return left.name == right.name


def join(left: Type, right: Type) -> Type | None:
    """The type that holds both, None if there is none."""
    if not same(left, right):
        return None
    if left == NOTHING:
        return right
    if isinstance(left, StringType) and isinstance(right, StringType):
        values = left.values | right.values if left.values is not None and right.values is not None else None
        return StringType(values=values)
    if isinstance(left, ListType) and isinstance(right, ListType):
        item = join(left.item, right.item)
        return None if item is None else ListType(item)
    return left
