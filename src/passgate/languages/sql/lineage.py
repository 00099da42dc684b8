"""Where a value comes from: which stored columns can show in it.

Hot path: tuples and interned columns, since a new statement must be understood in some two hundred microseconds.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from passgate.core.action import Atom, ColumnRef, ObjectRef, Output, Position, VerbClass


class StoredColumn:
    """One column of a relation, interned per catalog: compared by identity, with every atom ever said of it kept."""

    __slots__ = ("_atoms", "object", "order", "ref")

    def __init__(self, object_: ObjectRef, column: str) -> None:
        self.object = object_
        self.ref = ColumnRef(namespace=object_.namespace, object=object_.name, column=column)
        self.order = (object_.namespace, object_.name, column)
        self._atoms: dict[tuple[str, Position], Atom] = {}

    def read(self, verb: str, position: Position) -> Atom:
        """The atom of reading this column in that position."""
        found = self._atoms.get((verb, position))
        if found is None:
            found = Atom(
                verb=verb, verb_class=VerbClass.READ, object=self.object, column=self.ref.column, position=position
            )
            self._atoms[verb, position] = found
        return found

    def __repr__(self) -> str:
        return f"StoredColumn({self.object}.{self.ref.column})"


NO_SOURCES: frozenset[StoredColumn] = frozenset()


class Value(NamedTuple):
    """What an expression yields.

    ``sources``: every stored column that can show in it. ``direct``: a bare copy of one column. ``fields``: the parts of a row
    value by name, None for a scalar or where the parts cannot be told. ``type``: the type's name where it is known without looking
    further, ``unknown`` for a quoted literal.
    """

    sources: frozenset[StoredColumn] = NO_SOURCES
    direct: bool = False
    fields: "tuple[Field, ...] | None" = None
    type: str = ""


class Field(NamedTuple):
    """A named part of a row value, or a column of a derived table."""

    name: str
    value: Value


NOTHING = Value()
"""A value that no stored column shows in."""


class Reach(NamedTuple):
    """How far a write reaches; see ``core.action.Atom``."""

    where_effective: bool
    key_pinned: bool


def derived(values: Iterable[Value]) -> Value:
    """A value computed of others."""
    sources = NO_SOURCES
    for value in values:
        if value.sources:
            sources = sources | value.sources if sources else value.sources
    return Value(sources) if sources else NOTHING


def computed(value: Value, type_: str = "") -> Value:
    """The same sources, but no longer a bare copy."""
    if value.sources:
        return Value(value.sources, type=type_)
    return Value(type=type_) if type_ else NOTHING


def row(fields: Sequence[Field]) -> Value:
    """A whole row as one value."""
    return Value(derived(field.value for field in fields).sources, fields=tuple(fields))


def merged(left: Value, right: Value) -> Value:
    """One column of a set operation or a USING join: either side may show."""
    if left == right:
        return left
    type_ = left.type if left.type == right.type else ""
    if left.sources == right.sources:
        return Value(left.sources, direct=left.direct and right.direct, type=type_)
    return Value(left.sources | right.sources, type=type_)


def outputs(columns: Iterable[Field]) -> tuple[Output, ...]:
    """Lineage as the core says it."""
    return tuple(
        Output(name=name, sources=frozenset(source.ref for source in value.sources), direct=value.direct)
        for name, value in columns
    )
