"""Masks a text that comes in pieces, so that how it was cut never shows: any chunking gives what the whole text gives.

Why that holds. Every decision about a match looks at bytes from ``LEFT_REACH`` before it to ``LOOKAHEAD`` after its first byte (a
pattern's width is bounded at load, so is the reach of context words), and at its tail. So a match that begins ``LOOKAHEAD`` before
the end of what is known, and whose tail has ended, is final. Text is let go up to a cut that no final match spans or touches and
before which every match is final. A search of the whole text stands outside every match at the cut, as the search from the cut
does, and so both go on alike.
"""

from passgate.core.errors import DetectorError
from passgate.masking.detectors.detector import Detector
from passgate.masking.detectors.rule import CONTEXT_REACH, MAX_WIDTH
from passgate.masking.detectors.spans import Finding, Match, merge
from passgate.masking.replacement import Replacement

LEFT_REACH = 64
"""Bytes kept before the cut: context words, neighbours and labels look back less far."""

LOOKAHEAD = MAX_WIDTH + CONTEXT_REACH + 4
"""Bytes after a position that decide whether a match begins there; the last four are neighbours of it and of a context word."""

MAX_HELD = 256 * 1024
"""Bytes that may wait. Keys of 16 KB pass; only a text made of ever overlapping findings gets here, and it is refused."""


class MaskingWindow:
    """One lane of one stream. Feed it bytes, take what is safe to show; ``finish`` gives the rest."""

    def __init__(self, *, detector: Detector, replacement: Replacement) -> None:
        self._detector = detector
        self._replacement = replacement
        self._buffer = b""
        self._cut = 0  # where in the buffer the text begins that has not been let go
        self._counts: dict[str, int] = {}

    @property
    def held(self) -> int:
        """Bytes that wait for what follows them."""
        return len(self._buffer) - self._cut

    def counts(self) -> dict[str, int]:
        """How many findings of each type were masked so far."""
        return dict(self._counts)

    def feed(self, data: bytes) -> bytes:
        """What can be shown now, masked, whole UTF-8 characters only. Raises DetectorError; nothing may be shown after that."""
        self._buffer += data
        horizon = len(self._buffer) - LOOKAHEAD
        if horizon <= self._cut:
            return b""
        matches = self._detector.matches(self._buffer, self._cut, horizon)
        shown = self._release(matches, self._safe_cut(matches, horizon))
        if self.held > MAX_HELD:
            raise DetectorError(f"more than {MAX_HELD} bytes of overlapping findings")
        return shown

    def finish(self) -> bytes:
        """The rest, masked. Raises DetectorError."""
        matches = self._detector.matches(self._buffer, self._cut)
        return self._release(matches, len(self._buffer))

    def _safe_cut(self, matches: list[Match], horizon: int) -> int:
        """The last place before ``horizon`` that no match spans or touches and that is no place inside a character."""
        end = len(self._buffer)
        cut = horizon
        for match in sorted(matches, key=lambda m: m.begin, reverse=True):
            if match.stop == end:  # its tail may go on
                cut = min(cut, match.begin)
        while True:
            spanning = [m.begin for m in matches if m.begin < cut and (cut < m.stop or cut <= m.end)]
            if spanning:
                cut = min(spanning)
            elif cut > self._cut and self._buffer[cut] & 0xC0 == 0x80 and horizon - cut < LOOKAHEAD:
                cut -= 1
            else:
                return max(cut, self._cut)

    def _release(self, matches: list[Match], cut: int) -> bytes:
        before = [match for match in matches if match.begin < cut]
        findings: tuple[Finding, ...] = merge(before) if before else ()
        for finding in findings:
            self._counts[finding.type] = self._counts.get(finding.type, 0) + 1
        shown = self._replacement.replace(self._buffer[self._cut : cut], findings, self._cut)
        keep = max(0, cut - LEFT_REACH)
        self._buffer = self._buffer[keep:]
        self._cut = cut - keep
        return shown
