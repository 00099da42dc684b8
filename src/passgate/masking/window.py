"""A window over a text that comes in pieces: which part of it is final, so that how it was cut never shows.

Why that holds. Every decision about a match looks at bytes from ``LEFT_REACH`` before it to ``LOOKAHEAD`` after its first byte (a
pattern's width is bounded at load, so is the reach of context words), and at its tail. So a match that begins ``LOOKAHEAD`` before
the end of what is known, and whose tail has ended, is final. Text is let go up to a cut that no final match spans or touches and
before which every match is final. A search of the whole text stands outside every match at the cut, as the search from the cut
does, and so both go on alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from passgate.core.errors import DetectorError
from passgate.masking.detectors.detector import Detector
from passgate.masking.detectors.rule import CONTEXT_REACH, MAX_WIDTH
from passgate.masking.detectors.spans import Finding, Match, merge
from passgate.masking.replacement import is_json, may_be_bare_number
from passgate.masking.tokens import Token, TokenReader, outside

LEFT_REACH = 96
"""Bytes kept before the cut: context words, neighbours, labels and what stands before a number look back less far."""

LOOKAHEAD = MAX_WIDTH + CONTEXT_REACH + 4
"""Bytes after a position that decide whether a match begins there; the last four are neighbours of it and of a context word."""

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
        horizon = len(self._buffer) - LOOKAHEAD
        if horizon <= self._cut:
            return None
        matches = self._detector.matches(self._buffer, self._cut, horizon)
        tokens = self._tokens.tokens(self._buffer, self._cut)
        section = self._release(matches, tokens, self._safe_cut(matches, tokens, horizon))
        if self.held > MAX_HELD:
            raise DetectorError(f"more than {MAX_HELD} bytes of overlapping findings")
        return section

    def finish(self) -> Section:
        """The rest. Raises DetectorError."""
        matches = self._detector.matches(self._buffer, self._cut)
        return self._release(matches, self._tokens.tokens(self._buffer, self._cut), len(self._buffer))

    def _grow(self, data: bytes) -> None:
        if self._json is None and data:
            self._json = is_json(data)
        self._buffer += data

    def _safe_cut(self, matches: Sequence[Match], tokens: Sequence[Token], horizon: int) -> int:
        """The last place before ``horizon`` that nothing found spans or touches and that is no place inside a character."""
        end = len(self._buffer)
        cut = horizon
        for match in matches:
            if match.stop == end or (self._json and may_be_bare_number(self._buffer, match.start, match.end)):
                cut = min(cut, match.begin)  # its tail may go on, or it may be a number
        while True:
            spanning = [m.begin for m in matches if m.begin < cut and (cut < m.stop or cut <= m.end)]
            spanning += [token.start for token in tokens if token.start < cut < token.end]
            if spanning:
                cut = min(spanning)
            elif cut > self._cut and self._buffer[cut] & 0xC0 == 0x80 and horizon - cut < LOOKAHEAD:
                cut -= 1
            else:
                return max(cut, self._cut)

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
