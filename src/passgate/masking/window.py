"""A window over a text that comes in pieces: which part of it is final, so that how it was cut never shows.

Why that holds. Of what is known, ``Detector.settled`` tells which matches no continuation can change, and the place before which no
other match begins. Text is let go up to a cut before that place which no match spans or touches. A search of the whole text stands
outside every match at the cut, as the search from the cut does, and so both go on alike. To judge what follows takes ``LEFT_REACH``
bytes before the cut at most, and those are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from passgate.core.errors import DetectorError
from passgate.masking.detectors.detector import Detector
from passgate.masking.detectors.spans import Finding, Match, merge
from passgate.masking.replacement import is_json, may_end_bare_number
from passgate.masking.tokens import Token, TokenReader, outside

LEFT_REACH = 96
"""Bytes kept before the cut: context words, neighbours, labels and what stands before a number look back less far."""

MAX_HELD = 256 * 1024
"""Bytes that may wait. Keys of 16 KB pass; only a text made of ever overlapping findings gets here, and it is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Bytes ``start`` to ``end`` of ``text`` are final, with what was found in them; offsets count from the start of ``text``."""

    text: bytes
    start: int
    end: int
    findings: Sequence[Finding]
    tokens: Sequence[Token]


class Window:
    """One text. Feed it bytes, take what is final; ``finish`` gives the rest.

    ``context``: what stands before the text. It is looked at, and belongs to no section.
    """

    def __init__(self, *, detector: Detector, tokens: TokenReader, context: bytes = b"") -> None:
        self._detector = detector
        self._tokens = tokens
        self._buffer = context
        self._cut = 0  # where in the buffer the text begins that is not final
        self._first = len(context)  # where in the buffer the text begins that belongs to a section
        self._json: bool | None = None

    @property
    def held(self) -> int:
        """Bytes that wait for what follows them."""
        return len(self._buffer) - max(self._cut, self._first)

    @property
    def json(self) -> bool:
        """Whether the text is meant as JSON."""
        return bool(self._json)

    def feed(self, data: bytes) -> Section | None:
        """What has become final, whole UTF-8 characters only. Raises DetectorError; nothing may be shown after that."""
        self._grow(data)
        matches, place = self._detector.settled(self._buffer, self._cut)
        place = min(place, len(self._buffer) - self._tokens.held(self._buffer))
        if place <= max(self._cut, self._first):
            return self._waiting()
        tokens = self._tokens.tokens(self._buffer, self._cut)
        section = self._release(matches, tokens, self._safe_cut(matches, tokens, place))
        return section if section.end > section.start else self._waiting()

    def finish(self) -> Section:
        """The rest. Raises DetectorError."""
        matches = self._detector.matches(self._buffer, self._cut)
        return self._release(matches, self._tokens.tokens(self._buffer, self._cut), len(self._buffer))

    def _grow(self, data: bytes) -> None:
        if self._json is None and data:
            self._json = is_json(data)
        self._buffer += data

    def _waiting(self) -> None:
        if self.held > MAX_HELD:
            raise DetectorError(f"more than {MAX_HELD} bytes of overlapping findings")

    def _safe_cut(self, matches: Sequence[Match], tokens: Sequence[Token], place: int) -> int:
        """The last cut until ``place`` that nothing found spans or touches and that is no place inside a character."""
        cut = place
        if self._json:
            unsure = [m.begin for m in matches if may_end_bare_number(self._buffer, m.end)]
            cut = min(cut, *unsure) if unsure else cut
        while True:
            spanning = [m.begin for m in matches if m.begin < cut and (cut < m.stop or cut <= m.end)]
            spanning += [token.start for token in tokens if token.start < cut < token.end]
            whole = character_start(self._buffer, min(spanning, default=cut))
            if whole == cut or whole <= self._cut:
                return max(whole, self._cut)
            cut = whole

    def _release(self, matches: Sequence[Match], tokens: Sequence[Token], cut: int) -> Section:
        before = [match for match in matches if match.begin < cut]
        inside = [token for token in tokens if token.start < cut]
        first = self._first
        start = max(self._cut, first)
        section = Section(
            text=self._buffer,
            start=start,
            end=max(cut, start),
            findings=clipped(outside(merge(before), inside), first) if before else (),
            tokens=[token for token in inside if token.start >= first],
        )
        keep = max(0, cut - LEFT_REACH)
        self._buffer = self._buffer[keep:]
        self._cut = cut - keep
        self._first = max(0, first - keep)
        return section


def character_start(text: bytes, place: int) -> int:
    """``place``, or where the UTF-8 character begins that it would cut in two."""
    for start in range(place - 1, max(-1, place - 4), -1):
        byte = text[start]
        if byte & 0xC0 == 0x80:
            continue
        size = 1 if byte < 0xC0 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
        return start if start + size > place else place
    return place


def clipped(findings: Sequence[Finding], first: int) -> tuple[Finding, ...]:
    """What of each finding stands at ``first`` or later."""
    if not findings or findings[0].start >= first:
        return tuple(findings)
    return tuple(
        finding
        if finding.start >= first
        else Finding(start=first, end=finding.end, type=finding.type, class_=finding.class_, rule=finding.rule)
        for finding in findings
        if finding.end > first
    )
