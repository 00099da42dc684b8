"""A small table of attributes and a way to run a condition over given values."""

from collections.abc import Callable, Mapping

from passgate.policy.cel import (
    BOOL,
    INT,
    STRING,
    TIMESTAMP,
    Attribute,
    EvaluationError,
    Frame,
    ListType,
    MapType,
    RecordType,
    SetType,
    StringType,
    Type,
    Value,
    check,
    compile_condition,
    parse,
)

FINDING = RecordType("finding", {"class": STRING, "count": INT})
_TYPES: dict[str, Type] = {
    "verb": StringType(values=frozenset({"select", "drop", "update"})),
    "name": STRING,
    "n": INT,
    "m": INT,
    "flag": BOOL,
    "object.name": STRING,
    "object.kind": STRING,
    "labels": MapType(STRING),
    "counters": MapType(INT, default=0),
    "tags": SetType(STRING),
    "words": ListType(STRING),
    "findings": ListType(FINDING),
    "opened": TIMESTAMP,
}
ATTRIBUTES = {name: Attribute(name=name, type=kind) for name, kind in _TYPES.items()} | {
    name: Attribute(name=name, type=STRING, optional=True)
    for name in ("who.boss.subject", "who.boss.kind", "ticket.id")
}


class Values(Frame):
    __slots__ = ("values",)

    def __init__(self, values: Mapping[str, Value]) -> None:
        super().__init__()
        self.values = values


def _reader(name: str) -> Callable[[Values], Value]:
    def read(frame: Values) -> Value:
        if name not in frame.values:
            raise EvaluationError(f"{name} has no value")
        return frame.values[name]

    return read


READERS = {name: _reader(name) for name in ATTRIBUTES}


def evaluate(text: str, **values: Value) -> Value:
    """Names with a dot are given with two underscores."""
    given = {name.replace("__", "."): value for name, value in values.items()}
    return compile_condition(check(parse(text), ATTRIBUTES), READERS)(Values(given))


def value_of(text: str, kind: Type, values: Mapping[str, Value]) -> Value:
    """The same for an expression of any type."""
    return compile_condition(check(parse(text), ATTRIBUTES, expected=kind), READERS)(Values(values))
