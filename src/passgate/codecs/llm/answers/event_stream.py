"""An answer that comes as server-sent events, whatever the dialect: events wait, in order, until every text in them is known.

An event in which nothing was changed leaves as the bytes that came. So nothing is added, merged or withheld; an event whose
text was swallowed leaves with an empty one, which every SDK takes.

Texts may be interleaved (choices, calls), and not every dialect says when one is over. So a text that waits stops the others
behind it only for a while. When ``OVER`` events in a row go on with another text of the same choice, it is taken as over, and
shows its tail. When ``PATIENCE`` events of any others wait behind its event, that event leaves with what is known; the rest
goes with the next event of its text, or with an event of its own just before its text ends. Only this changes bytes where
nothing was found.

An answer that ends before its dialect says so raises RemoteProtocolError: what is still held is never shown as if it were whole.
"""

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from passgate.codecs.llm.answer import LaneSource, Piece, Summary
from passgate.codecs.llm.answers.frame import Frame, Key, StreamDialect
from passgate.codecs.llm.answers.repetition import Repetition, repetition
from passgate.codecs.llm.answers.sse import Event, EventParser, lacking
from passgate.codecs.llm.answers.streamed_text import Part, StreamedText
from passgate.codecs.llm.answers.whole_texts import Edit, WholeTexts
from passgate.codecs.llm.answers.words import Copy
from passgate.codecs.llm.json_text import quoted, splice
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field
from passgate.core.masker import Shown

OVER = 8
"""Events of another text of the same choice or block that wait behind an event, until its own text is taken as over."""

PATIENCE = 256
"""Events of other texts that wait behind an event before it must go. A call's arguments are of no use before the call is whole,
and another choice is not alone in what it says; so it may be some seconds, not longer."""

MAX_WAITING = 8192
"""Events that wait in all."""

MAX_TEXTS = 16384
"""Texts of one answer."""


_REPEATED = 4
"""Events that others may repeat: that many texts can be interleaved without being read again and again."""


_NAME = re.compile(rb"[a-z_.]+")
_NOTHING = Piece()


@dataclass(slots=True, kw_only=True)
class _Waiting:
    event: Event
    parts: list[tuple[Key, StreamedText, Part]]
    delivered: list[Edit]
    recorded: list[Edit]
    copies: Sequence[Copy] = ()
    others: tuple[list[bytes], list[bytes]] | None = None


@dataclass(slots=True, kw_only=True)
class _Behind:
    """What waits behind an event: how many events with nothing of the texts that it waits for, and how many of those,
    in a row, go on with another text of the same choice or block."""

    awaited: list[tuple[Key, StreamedText]]
    others: int = 0
    siblings: int = 0

    def count(self, waiting: "_Waiting | Shown") -> None:
        parts = [] if isinstance(waiting, Shown) else waiting.parts
        if any(text is awaited for _, text, _ in parts for _, awaited in self.awaited):
            self.siblings = 0
            return
        self.others += 1
        self.siblings += any(key[0] == of[0] and part.text for key, _, part in parts for of, _ in self.awaited)


class EventStreamReader:
    """The ``AnswerReader`` of streams."""

    def __init__(self, dialect: StreamDialect, lanes: LaneSource) -> None:
        self._dialect = dialect
        self._parser = EventParser()
        self._whole = WholeTexts(lanes)
        self._texts: dict[Key, StreamedText] = {}
        self._queue: deque[_Waiting | Shown] = deque()
        self._behind: _Behind | None = None  # what waits behind the first event; None: to be counted
        self._repeated: deque[Repetition] = deque(maxlen=_REPEATED)
        self._delivered: list[bytes] = []  # what leaves next
        self._recorded: list[bytes] = []
        self._masked = False
        self._said = 0  # of texts that were begun anew
        self._added = 0
        self._next_number = 0  # of the upstream's events
        self._last = False

    @property
    def held(self) -> int:
        return sum(text.held for text in self._texts.values())

    @property
    def unread(self) -> int:
        return self._parser.unread

    @property
    def said(self) -> int:
        """Bytes of the texts that came."""
        return self._said + sum(text.fed for text in self._texts.values())

    @property
    def summary(self) -> Summary:
        return self._dialect.summary

    def feed(self, data: bytes) -> Piece:
        for event in self._parser.feed(data):
            if not self._repeats(event):
                self._take(event)
                self._drain()
        return self._piece()

    def finish(self) -> Piece:
        blank: Shown | None = None
        for event in self._parser.finish():
            self._take(event)
            lack = lacking(event.raw)
            blank = Shown(delivered=lack, recorded=lack)
        if not self._last:
            raise RemoteProtocolError("the upstream ended in the middle of its answer")
        if blank is not None:  # or what follows would be read as a part of that event
            self._queue.append(blank)
        self._end((), self._next_number)
        closing = self._dialect.closing()
        if blank is not None and not closing and self._queue[-1] is blank:
            self._queue.pop()
        self._drain()
        self._delivered.append(closing)
        self._recorded.append(closing)
        return self._piece()

    def _piece(self) -> Piece:
        if not self._delivered:
            return _NOTHING
        piece = Piece(delivered=b"".join(self._delivered), recorded=b"".join(self._recorded))
        self._delivered.clear()
        self._recorded.clear()
        return piece

    def _repeats(self, event: Event) -> bool:
        """Take an event that only goes on with a text, as one before it did. False: it has to be read."""
        if self._added or event.start < 0 or event.others:
            return False
        for known in self._repeated:
            read = known.read(event)
            if read is None or self._texts.get(known.key) is not known.text:
                continue
            part, number = read
            known.text.feed(part)
            if number is not None:
                self._next_number = number + 1
            shown = part.shown
            if not self._queue and shown is not None and shown.delivered == part.text == shown.recorded:
                self._delivered.append(event.raw)
                self._recorded.append(event.raw)
            else:
                self._push(_Waiting(event=event, parts=[(known.key, known.text, part)], delivered=[], recorded=[]))
                self._drain()
            return True
        return False

    def _take(self, event: Event) -> None:
        waiting = _Waiting(event=event, parts=[], delivered=[], recorded=[])
        if event.others:
            waiting.others = self._mask_others(event)
        if event.data is not None and event.data.strip():
            frame = self._dialect.read(event)
            if event.name and (event.name != frame.kind.encode() or not _NAME.fullmatch(event.name)):
                self._check_name(event.name)
            self._take_frame(frame, waiting)
        self._push(waiting)

    def _take_frame(self, frame: Frame, waiting: _Waiting) -> None:
        number = self._next_number if frame.number is None else frame.number[2]
        for prefix in frame.begins:
            self._end(prefix, number)
            for key in [key for key in self._texts if key[: len(prefix)] == prefix]:
                self._said += self._texts.pop(key).fed
        for key, leaf in frame.streamed:
            text = self._texts.get(key)
            if text is None:
                text = self._open(key, leaf.field, leaf.context, is_json=leaf.inner is not None)
            part = Part(leaf.text, leaf.start, leaf.end)
            text.feed(part)
            waiting.parts.append((key, text, part))
        for prefix in frame.pauses:
            self._end(prefix, number, pausing=True)
        for prefix in frame.ends:
            self._end(prefix, number)
        if frame.whole:
            waiting.delivered, waiting.recorded = self._whole.edits(frame.whole)
        waiting.copies = frame.copies
        self._masked = self._masked or bool(frame.copies and self._whole.blank(frame.copies))
        if len(waiting.parts) == 1 and not waiting.delivered and not waiting.recorded:
            repeated = repetition(waiting.event, frame, waiting.parts[0][1])
            if repeated is not None:
                self._repeated.appendleft(repeated)
        if self._added and frame.number is not None:
            moved = (*frame.number[:2], b"%d" % (number + self._added))
            waiting.delivered.append(moved)
            waiting.recorded.append(moved)
        self._next_number = number + 1
        self._last = self._last or frame.last

    def _open(self, key: Key, field_: Field, context: bytes, *, is_json: bool) -> StreamedText:
        if len(self._texts) >= MAX_TEXTS:
            raise RemoteProtocolError(f"an answer of more than {MAX_TEXTS} texts")
        text = StreamedText(
            lambda: self._whole.open(field_, context, is_json=is_json),
            interruptible=not is_json,  # a call that waits is not at its end; others may be written beside it
        )
        self._texts[key] = text
        return text

    def _end(self, prefix: Key, number: int, *, pausing: bool = False) -> None:
        """Finish the texts whose key begins so; what no event is left for gets one, in front of the event with this number.

        ``pausing``: they may go on after all.
        """
        for key, text in self._texts.items():
            if key[: len(prefix)] != prefix:
                continue
            self._add(key, text.pause() if pausing else text.finish(), number)

    def _add(self, key: Key, rest: Shown | None, number: int) -> None:
        if rest is None:
            return
        mine = number + self._added
        self._queue.append(
            Shown(
                delivered=self._dialect.tail(key, rest.delivered, mine),
                recorded=self._dialect.tail(key, rest.recorded, mine),
            )
        )
        self._added += 1
        self._behind = None

    def _push(self, waiting: _Waiting) -> None:
        if len(self._queue) >= MAX_WAITING:
            raise RemoteProtocolError(f"more than {MAX_WAITING} events wait for the end of a text")
        self._queue.append(waiting)
        if self._behind is not None:
            self._behind.count(waiting)

    def _drain(self) -> None:
        while self._queue:
            first = self._queue[0]
            if isinstance(first, Shown):
                self._delivered.append(first.delivered)
                self._recorded.append(first.recorded)
            elif all(part.shown is not None for _, _, part in first.parts):
                self._render(first)
            elif self._help(first):
                continue
            else:
                return
            self._queue.popleft()
            self._behind = None

    def _help(self, first: _Waiting) -> bool:
        """Whether the first event need not wait any longer."""
        if len(self._queue) <= OVER:
            return False
        if self._behind is None:
            self._behind = _Behind(awaited=[(key, text) for key, text, part in first.parts if part.shown is None])
            for waiting in self._queue:
                self._behind.count(waiting)
        behind, self._behind = self._behind, None
        if behind.siblings >= OVER and _interrupted(behind):
            return True
        if behind.others >= PATIENCE:
            for _, text, part in first.parts:
                if part.shown is None:
                    text.let_go(part)
            return True
        self._behind = behind
        return False

    def _render(self, waiting: _Waiting) -> None:
        delivered, recorded = waiting.delivered, waiting.recorded
        masked = bool(recorded)
        for _, _, part in waiting.parts:
            shown = part.shown
            if shown is None:
                continue
            if shown.delivered != part.text:
                delivered.append((part.start, part.end, quoted(shown.delivered)))
            if shown.recorded != part.text:
                masked = True
                recorded.append((part.start, part.end, quoted(shown.recorded)))
        self._masked = self._masked or masked
        if self._masked:
            blanks = [(copy.start, copy.end, copy.gone) for copy in waiting.copies]
            delivered += blanks
            recorded += blanks
        for_caller, for_recording = waiting.others or (None, None)
        self._delivered.append(_rewritten(waiting.event, delivered, for_caller))
        self._recorded.append(_rewritten(waiting.event, recorded, for_recording))

    def _mask_others(self, event: Event) -> tuple[list[bytes], list[bytes]] | None:
        shown = [self._whole.shown(_utf8(value), Field.METADATA) for value in event.others]
        delivered, recorded = [one.delivered for one in shown], [one.recorded for one in shown]
        return None if delivered == recorded == list(event.others) else (delivered, recorded)

    def _check_name(self, name: bytes) -> None:
        """A name is not text; one that would have to be masked is none that a client could know."""
        if self._whole.shown(_utf8(name), Field.METADATA).delivered != name:
            raise RemoteProtocolError("the name of an event is not one")


def _interrupted(behind: _Behind) -> bool:
    """Every one of them, where it can be."""
    over = [text.interrupt() for _, text in behind.awaited]
    return any(over)


def _rewritten(event: Event, edits: list[Edit], others: list[bytes] | None) -> bytes:
    if not edits and others is None:
        return event.raw
    data = event.data or b""
    return event.rewritten(splice(data, sorted(edits)) if edits else data, others)


def _utf8(text: bytes) -> bytes:
    try:
        text.decode()
    except UnicodeDecodeError:
        raise RemoteProtocolError("a line of the stream is not UTF-8") from None
    return text
