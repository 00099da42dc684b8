"""How much a condition leaves out, and how that adds up over AND and OR."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum


class Strength(IntEnum):
    """From nothing left out to everything left out.

    ``RANGE``: rows on one side of something stay. ``POINT``: rows with given values stay, so that it takes a list of every value
    there is to undo it.
    """

    NONE = 0
    RANGE = 1
    POINT = 2
    EVERYTHING = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowed:
    """``columns``: those that the strength rests on. ``pins``: for each column bound to given values, how many values."""

    strength: Strength
    columns: frozenset[str] = frozenset()
    pins: Mapping[str, int] = field(default_factory=dict)


NOTHING = Narrowed(strength=Strength.NONE)
EVERYTHING = Narrowed(strength=Strength.EVERYTHING)


def point(column: str, *, pins: int = 0) -> Narrowed:
    return Narrowed(strength=Strength.POINT, columns=frozenset((column,)), pins={column: pins} if pins else {})


def ranged(column: str) -> Narrowed:
    return Narrowed(strength=Strength.RANGE, columns=frozenset((column,)))


def all_of(parts: Sequence[Narrowed]) -> Narrowed:
    """AND: the strongest part speaks for all, and every part pins."""
    if not parts:
        return NOTHING
    strongest = max(parts, key=lambda part: part.strength)
    pins: dict[str, int] = {}
    for part in parts:
        for column, count in part.pins.items():
            pins[column] = min(count, pins.get(column, count))
    return Narrowed(strength=strongest.strength, columns=strongest.columns, pins=pins)


def any_of(parts: Sequence[Narrowed]) -> Narrowed:
    """OR: every part must leave something out, and no two parts may complete each other."""
    live = [part for part in parts if part.strength is not Strength.EVERYTHING]
    if not live:
        return EVERYTHING if parts else NOTHING
    if any(part.strength is Strength.NONE for part in live):
        return NOTHING
    for at, part in enumerate(live):
        rest = live[:at] + live[at + 1 :]
        if part.strength is Strength.RANGE and any(part.columns & other.columns for other in rest):
            return NOTHING
    pinned = frozenset.intersection(*(frozenset(part.pins) for part in live))
    return Narrowed(
        strength=min(part.strength for part in live),
        columns=frozenset().union(*(part.columns for part in live)),
        pins={column: sum(part.pins[column] for part in live) for column in pinned},
    )
