"""What a detector reports, and how overlapping reports become one."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from passgate.core.finding import FindingClass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Bytes ``start`` to ``end`` (exclusive) hold something sensitive of type ``type`` (``EMAIL``), found by ``rule``."""

    start: int
    end: int
    type: str
    class_: FindingClass
    rule: str


class Match(NamedTuple):
    """One accepted match of one rule. A tuple, since one is made per hit.

    ``start`` to ``end`` is what to mask; ``begin`` to ``stop`` is all that the pattern consumed (key word, quotes, the value).
    ``rank`` orders labels: the more certain rule names the union.
    """

    begin: int
    stop: int
    start: int
    end: int
    rank: int
    type: str
    class_: FindingClass
    rule: str


def merge(matches: Iterable[Match]) -> tuple[Finding, ...]:
    """Union overlapping matches, and touching ones of one type.

    The label of a union is that of a secret if one is in it, then of its best ranked member, of the longest, of the first rule id:
    what may hold a secret is never taken for something that may be shown or restored.
    """
    ordered = sorted(matches, key=lambda m: (m.start, -m.end, m.rule))
    merged: list[Finding] = []
    group: list[Match] = []
    reach = -1
    for match in ordered:
        touches = bool(group) and match.start == reach and match.type == _best(group).type
        if group and match.start >= reach and not touches:
            merged.append(_union(group, reach))
            group = []
            reach = -1
        group.append(match)
        reach = max(reach, match.end)
    if group:
        merged.append(_union(group, reach))
    return tuple(merged)


def _best(group: list[Match]) -> Match:
    return min(group, key=lambda m: (m.class_ is not FindingClass.SECRET, -m.rank, m.start - m.end, m.rule))


def _union(group: list[Match], reach: int) -> Finding:
    best = _best(group)
    return Finding(start=group[0].start, end=reach, type=best.type, class_=best.class_, rule=best.rule)
