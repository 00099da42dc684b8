"""A window over a text that comes in pieces: which part of it is final, so that how it was cut never shows.

Why that holds. Of what is known, ``Detector.settled`` tells which matches no continuation can change, and the place before which no
other match begins. Text is let go up to a cut before that place which no match spans or touches. A search of the whole text stands
outside every match at the cut, as the search from the cut does, and so both go on alike. To judge what follows takes ``LEFT_REACH``
bytes before the cut at most, and those are kept.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from passgate.core.errors import DetectorError
from passgate.masking.detectors.detector import Detector, Settled
from passgate.masking.detectors.spans import LABEL_REACH, Finding, Match, merge
from passgate.masking.replacement import MASKED_BYTES, is_json, may_end_bare_number
from passgate.masking.tokens import Token, TokenReader, outside

LEFT_REACH = 96
"""Bytes kept before the cut: context words, neighbours, labels and what stands before a number look back less far."""

LATCHED = MASKED_BYTES + 12
"""Bytes of a finding after which its mask is let go, though it goes on: all that the mask depends on is known."""

MAX_HELD = 256 * 1024
"""Bytes that may wait. Keys of 16 KB pass; only a text made of ever overlapping findings gets here, and it is refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Bytes ``start`` to ``end`` of ``text`` are final, with what was found in them; offsets count from the start of ``text``.

    A finding may go on beyond ``end``: its mask stands here for all of it. ``continued``: the first finding began in a section
    before, and its mask stands there.
    """

    text: bytes
    start: int
    end: int
    findings: Sequence[Finding]
    tokens: Sequence[Token]
    continued: bool


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
        self._open: Finding | None = None  # what spans the cut, its mask let go
        self._running: dict[int, int] = {}  # rules whose tail goes on at the cut, and until where it may

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
        section = self._advance()
        if self.held > MAX_HELD:
            raise DetectorError(f"more than {MAX_HELD} bytes of overlapping findings")
        return section if section is not None and section.end > section.start else None

    def finish(self) -> Section:
        """The rest. Raises DetectorError."""
        matches = self._detector.matches(self._buffer, self._cut, self._running)
        return self._release(matches, self._tokens.tokens(self._buffer, self._cut), len(self._buffer), None, {})

    def whole(self, data: bytes) -> Section:
        """``feed`` of all that is left and ``finish`` in one search: what would wait need not be told. Raises DetectorError."""
        self._grow(data)
        return self.finish()

    def _grow(self, data: bytes) -> None:
        if self._json is None and data:
            self._json = is_json(data)
        self._buffer += data

    def _advance(self) -> Section | None:
        known = self._detector.settled(self._buffer, self._cut, self._running)
        tokens = self._tokens.tokens(self._buffer, self._cut)
        place = min(known.place, len(self._buffer) - self._tokens.held(self._buffer))
        latched = self._latched(known, tokens, place)
        if latched is None and known.going_on:
            place = min(place, *(going_on.match.begin for going_on in known.going_on))
        cut = self._safe_cut(known, tokens, place, latched) if place > self._cut else self._cut
        if cut <= self._cut:
            return None
        matches = known.matches if latched is None else [*known.matches, *(o.match for o in known.going_on)]
        running = {o.rule_index: o.limit for o in known.going_on if o.match.begin < cut}
        return self._release(matches, tokens, cut, latched, running)

    def _latched(self, known: Settled, tokens: Sequence[Token], place: int) -> Finding | None:
        """What goes on at the end of what is known and may be masked before it ends: its label and its mask are certain."""
        if not known.going_on:
            return None
        matches = [*known.matches, *(going_on.match for going_on in known.going_on)]
        unions = merge(matches, self._spanning())
        last = unions[-1]
        if self._open is not None and len(unions) == 1:
            return last
        start = max([last.start, *(token.end for token in tokens if token.end > last.start)])
        certain = len(self._buffer) - start >= LATCHED and place >= last.start + LABEL_REACH
        return last if certain else None

    def _spanning(self) -> Finding | None:
        """What is masked and goes on at the cut."""
        return None if self._open is None else replace(self._open, start=self._cut, end=self._cut)

    def _safe_cut(self, known: Settled, tokens: Sequence[Token], place: int, latched: Finding | None) -> int:
        """The last cut until ``place`` that nothing found spans or touches and that is no place inside a character.

        What is latched may be cut, though not within the head of a match.
        """
        end = len(self._buffer)
        inside = end if latched is None else latched.start
        bounds = [(m.begin, max(m.stop, m.end + 1 if m.end <= inside else m.end)) for m in known.matches]
        bounds += [(going_on.match.begin, going_on.head) for going_on in known.going_on]
        bounds += [(token.start, token.end) for token in tokens]
        if self._json:
            bounds += [(m.begin, end + 1) for m in known.matches if may_end_bare_number(self._buffer, m.end)]
        cut = place
        while True:
            whole = character_start(self._buffer, min((a for a, b in bounds if a < cut < b), default=cut))
            if whole == cut or whole <= self._cut:
                return max(whole, self._cut)
            cut = whole

    def _release(
        self,
        matches: Sequence[Match],
        tokens: Sequence[Token],
        cut: int,
        latched: Finding | None,
        running: Mapping[int, int],
    ) -> Section:
        old, first = self._cut, self._first
        going_on = self._spanning()
        inside = [token for token in tokens if token.start < cut]
        merged = merge((match for match in matches if match.begin < cut), going_on)
        continued = False
        if going_on is not None:
            continued = merged[0].end > old and not any(token.start == old for token in inside)
            merged = merged if merged[0].end > old else merged[1:]
        goes_on = latched if latched is not None and latched.start < cut else None
        if goes_on is not None:  # its label and its mask are of all that is known, what begins after the cut included
            merged = (*merged[:-1], goes_on)
        start = max(old, first)
        section = Section(
            text=self._buffer,
            start=start,
            end=max(cut, start),
            findings=[f for f in clipped(outside(merged, tokens), first) if f.start < cut] if merged else (),
            tokens=[token for token in inside if token.start >= first],
            continued=continued,
        )
        keep = max(0, cut - LEFT_REACH)
        self._buffer = self._buffer[keep:]
        self._cut = cut - keep
        self._first = max(0, first - keep)
        self._open = goes_on
        self._running = {index: limit - keep for index, limit in running.items()}
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
    return tuple(replace(finding, start=max(finding.start, first)) for finding in findings if finding.end > first)
