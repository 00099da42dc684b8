"""Anything that yields rows, wherever it stands: sub-selects and data-modifying statements with RETURNING."""

from collections.abc import Callable
from typing import NamedTuple

from passgate.core.action import Position
from passgate.core.errors import NotUnderstoodError
from passgate.languages.sql.lineage import NO_SOURCES, Field, Value
from passgate.languages.sql.scope import Entry, Scope, With
from passgate.languages.sql.tree import Node
from passgate.languages.sql.walk import MAX_DEPTH, Walk

OPEN = "*"
"""Name of a field that stands for columns that cannot be told."""


class Rows(NamedTuple):
    """What a query yields. ``large``: it may yield many rows, as far as its text says."""

    fields: tuple[Field, ...]
    large: bool = True


RowsReader = Callable[[Walk, Node, Scope | None, With], Rows]

QUERIES: dict[str, tuple[frozenset[str], RowsReader]] = {}
"""Every statement that can stand inside another; the modules that read them add theirs."""


def yields(kind: str, fields: str) -> Callable[[RowsReader], RowsReader]:
    """Declare who reads a statement that yields rows, and every field that it may have."""

    def declare(function: RowsReader) -> RowsReader:
        QUERIES[kind] = (frozenset(fields.split()), function)
        return function

    return declare


def rows(walk: Walk, wrapped: Node | None, outer: Scope | None, with_: With) -> Rows:
    """A query inside ``outer``. Raises NotUnderstoodError past the depth limit."""
    kind, node = next(iter((wrapped or {}).items()), ("", {}))
    found = QUERIES.get(kind)
    if found is None:
        walk.gap(f"query {kind or 'without a statement'} is not known")
        return Rows(())
    known, read = found
    if not known.issuperset(node):
        walk.check(kind, node, known)
    walk.depth += 2  # a query level takes twice the frames of an expression
    if walk.depth > MAX_DEPTH:
        raise NotUnderstoodError(f"the statement nests more than {MAX_DEPTH} levels")
    result = read(walk, node, outer, with_)
    walk.depth -= 2
    return result


def pass_on(walk: Walk, fields: tuple[Field, ...]) -> None:
    """Columns of a derived table: reported when used, or at the end if nothing uses them."""
    handed = walk.found.passed_on
    for field in fields:
        if field.value.sources:
            handed.append(field.value.sources)
            if not field.value.direct:
                walk.found.computed_on |= field.value.sources


def use(walk: Walk, fields: tuple[Field, ...], position: Position) -> None:
    """All columns of a query are used in that position."""
    for field in fields:
        walk.found.use(field.value.sources, position)


def entry(name: str, fields: tuple[Field, ...], names: tuple[str, ...] = (), *, large: bool = False) -> Entry:
    """A derived table under a name. Past columns that cannot be told, an alias column list may mean any of them."""
    opened = next((number for number, field in enumerate(fields) if field.name == OPEN), None)
    if opened is None:
        return Entry(name, renamed(fields, names) if names else fields, large=large)
    rest = Value(NO_SOURCES.union(*(field.value.sources for field in fields)))
    known = fields[:opened] if names else tuple(field for field in fields if field.name != OPEN)
    shown = renamed(known, names) + tuple(Field(each, rest) for each in names[len(known) :])
    return Entry(name, shown, rest=rest, large=large)


def renamed(fields: tuple[Field, ...], names: tuple[str, ...]) -> tuple[Field, ...]:
    """An alias column list: it names the first columns, the others keep their names."""
    return tuple(
        Field(names[number], field.value) if number < len(names) else field for number, field in enumerate(fields)
    )
