"""What a result looks like, and what to do to each part of it."""

from dataclasses import dataclass
from enum import StrEnum

from passgate.core.action import ColumnRef
from passgate.core.decision import Strategy


class ValueKind(StrEnum):
    """What a part's type can hold, which decides whether a mask fits in it or NULL must stand instead."""

    TEXT = "text"  # any string fits
    STRUCTURED = "structured"  # text inside a grammar of its own (json, xml, array, composite, range)
    BYTES = "bytes"
    NUMBER = "number"
    OTHER = "other"  # bool, timestamp, uuid, ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One column of a result. ``origin`` is what the server itself says the value was read from, None for an expression."""

    name: str
    kind: ValueKind
    origin: ColumnRef | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartPlan:
    """``mask`` applies to the whole value; ``scan`` asks for a value scan of what is not masked.

    At most one is set; neither means the bytes pass as they are. ``nulls``: NULL is masked like any value, since what is masked may
    have decided whether there is one.
    """

    mask: Strategy | None = None
    nulls: bool = False
    scan: bool = False
    rule: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Made once per shape, as data; the codec compiles it and acts per row without asking again."""

    parts: tuple[PartPlan, ...]
    max_rows: int | None = None

    @property
    def untouched(self) -> bool:
        return self.max_rows is None and not any(p.mask or p.scan for p in self.parts)
