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


class OpenMatch(NamedTuple):
    """``match`` goes to the end of what is known, and on if bytes of its tail follow, until ``limit`` at most. ``head``: where its
    pattern ended. ``rule_index``: its rule."""

    match: "Match"
    head: int
    limit: int
    rule_index: int


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


LABEL_REACH = 448
"""Bytes from the start of a union in which its label is settled: what begins further on belongs to it and has no say.

So whoever shows a text as it comes can say what a key of 16 KB is before it ends.
"""


def merge(matches: Iterable[Match], going_on: Finding | None = None) -> tuple[Finding, ...]:
    """Union overlapping matches, and touching ones of one type.

    The label of a union is that of a secret if one is in it, then of its best ranked member, of the longest, of the first rule id:
    what may hold a secret is never taken for something that may be shown or restored.

    ``going_on``: a union that began before all these matches and of which ``start`` to ``end`` is known; it comes first in the
    answer, keeps its label, and ends where it ends.
    """
    merged: list[Finding] = []
    union = None if going_on is None else _Union(going_on.start, going_on.end, going_on)
    for match in sorted(matches, key=lambda m: (m.start, -m.end, m.rule)):
        if union is not None and (match.start < union.end or (match.start == union.end and match.type == union.type)):
            union.take(match)
        else:
            if union is not None:
                merged.append(union.finding())
            union = _Union(match.start, match.end)
            union.take(match)
    if union is not None:
        merged.append(union.finding())
    return tuple(merged)


class _Union:
    def __init__(self, start: int, end: int, label: Finding | None = None) -> None:
        self.start = start
        self.end = end
        self._label: Finding | Match | None = label
        self._fixed = label is not None

    @property
    def type(self) -> str:
        return "" if self._label is None else self._label.type

    def take(self, match: Match) -> None:
        self.end = max(self.end, match.end)
        if self._fixed or match.start >= self.start + LABEL_REACH:
            return
        if not isinstance(self._label, Match) or _order(match) < _order(self._label):
            self._label = match

    def finding(self) -> Finding:
        label = self._label
        assert label is not None  # noqa: S101 - a union has a label from its first match on
        return Finding(start=self.start, end=self.end, type=label.type, class_=label.class_, rule=label.rule)


def _order(match: Match) -> tuple[bool, int, int, str]:
    length = min(match.end - match.start, LABEL_REACH)
    return match.class_ is not FindingClass.SECRET, -match.rank, -length, match.rule
