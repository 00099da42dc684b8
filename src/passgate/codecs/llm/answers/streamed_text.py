"""One text that a stream delivers in many events: what its lane shows is shared out to the events that brought it.

Each event gets its own text back, byte for byte, where the lane changed nothing; what was replaced goes into the first event
that had a part in it, and the others that had one become empty. Nothing is lost or doubled: what the events carry, joined, is
what the lane showed. Which event carries what is only form; that is why the lane's ``held`` may be rough.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from passgate.core.errors import RemoteProtocolError
from passgate.core.masker import Shown


@dataclass(slots=True, eq=False)  # what is shown of it comes later
class Part:
    """What one event brings of one text. ``start`` to ``end``: its JSON string in the event's data. ``shown``: what goes out in
    its place; None while that is not known."""

    text: bytes
    start: int
    end: int
    shown: Shown | None = None
    until: int = 0  # bytes of the whole text, up to the end of this part


MAX_INTERRUPTIONS = 8
MAX_BEFORE = 8192
"""Bytes."""

_NOTHING = Shown(delivered=b"", recorded=b"")


class Flow(Protocol):
    """A lane, as far as its text goes."""

    @property
    def held(self) -> int: ...

    def feed(self, data: bytes) -> Shown: ...

    def finish(self) -> Shown: ...

    def whole(self, data: bytes) -> Shown: ...


class StreamedText:
    """``finish`` comes when the dialect says that the text has ended; whatever comes after that breaks the protocol.

    ``interrupt`` comes when the dialect only lets it be guessed: the text takes its turn as over, and shows what waits. If it
    goes on after all, a new lane begins with the same bytes once more. It must show them as they were shown; if it would not, a
    finding reaches across the interruption, and the answer breaks off. That happens ``MAX_INTERRUPTIONS`` times at most; then
    it waits.
    """

    def __init__(self, open_lane: Callable[[], Flow], *, interruptible: bool = True) -> None:
        self._open_lane = open_lane
        self._lane: Flow | None = open_lane()
        self._parts: deque[Part] = deque()
        self.fed = 0  # bytes
        self._delivered = b""  # shown by the lane, not yet in a part
        self._recorded = b""
        self._finished = False
        self._interruptible = interruptible
        self._interruptions_left = MAX_INTERRUPTIONS
        self._before = b""  # of the last interruption, what the next lane begins with
        self._shown_before = _NOTHING  # what it will show of that, and has shown already

    @property
    def held(self) -> int:
        return 0 if self._lane is None else self._lane.held

    @property
    def waits(self) -> bool:
        """Whether a part of it is not known yet."""
        return bool(self._parts)

    def feed(self, part: Part) -> None:
        """Raises RemoteProtocolError after ``finish``, DetectorError."""
        text = part.text
        lane = self._lane
        if lane is None:
            if not text:
                part.shown = _NOTHING
                return
            lane = self._resumed()
        shown = lane.feed(text)
        if self._shown_before is not _NOTHING:
            shown = self._without_before(shown)
        self.fed += len(text)
        if (
            not self._parts
            and not self._delivered
            and not self._recorded
            and shown.delivered == text == shown.recorded
            and not lane.held
        ):
            part.shown = shown
            return
        part.until = self.fed
        self._parts.append(part)
        self._delivered += shown.delivered
        self._recorded += shown.recorded
        self._share(self.fed - lane.held)

    def finish(self) -> Shown | None:
        """Every part is known after this. Returns what no part is left for, if anything. Raises DetectorError."""
        rest = self._end()
        self._finished = True
        return rest

    def interrupt(self) -> bool:
        """Every part is known after this, too. False: it cannot be taken as over."""
        if self._lane is None or not self._interruptible or not self._interruptions_left or not self._parts:
            return False
        self._broken_off()
        return True

    def pause(self) -> Shown | None:
        """As ``finish``, where the text may go on all the same. A lane that waits for nothing goes on as if nothing had been
        said; one that waits is broken off as by ``interrupt``, and when that may not happen any more, it waits. Raises
        DetectorError."""
        lane = self._lane
        if lane is None or (not self._parts and not lane.held):
            return None
        if not self._interruptible:
            return self.finish()
        return self._broken_off() if self._interruptions_left else None

    def _broken_off(self) -> Shown | None:
        self._interruptions_left -= 1
        before = (self._before + b"".join(part.text for part in self._parts))[-MAX_BEFORE:]
        self._before = before.decode(errors="ignore").encode()
        return self._end()

    def let_go(self, part: Part) -> None:
        """The event of the oldest part will not wait any longer: it takes what is known, the next part takes the rest."""
        if self._parts and self._parts[0] is part:
            self._parts.popleft()
            self._before = (self._before + part.text)[-MAX_BEFORE:]
            part.shown = Shown(delivered=self._delivered, recorded=self._recorded)
            self._delivered = self._recorded = b""

    def _end(self) -> Shown | None:
        if self._lane is None:
            return None
        shown = self._lane.finish()
        if self._shown_before is not _NOTHING:
            shown = self._without_before(shown)
            if self._shown_before is not _NOTHING:
                raise _reaches_across()
        self._lane = None
        self._delivered += shown.delivered
        self._recorded += shown.recorded
        self._share(self.fed)
        rest = Shown(delivered=self._delivered, recorded=self._recorded)
        self._delivered = self._recorded = b""
        return rest if rest.delivered or rest.recorded else None

    def _resumed(self) -> Flow:
        if self._finished:
            raise RemoteProtocolError("text goes on that was said to be finished")
        self._shown_before = self._open_lane().whole(self._before)
        self._lane = lane = self._open_lane()
        self._without_before(lane.feed(self._before))
        return lane

    def _without_before(self, shown: Shown) -> Shown:
        """What a resumed lane shows, without what was shown before it."""
        due = self._shown_before
        due_delivered, delivered = _beyond(due.delivered, shown.delivered)
        due_recorded, recorded = _beyond(due.recorded, shown.recorded)
        done = not due_delivered and not due_recorded
        self._shown_before = _NOTHING if done else Shown(delivered=due_delivered, recorded=due_recorded)
        return Shown(delivered=delivered, recorded=recorded)

    def _share(self, decided: int) -> None:
        """``decided``: bytes of the text that the lane waits with no longer."""
        ready = []
        while self._parts and self._parts[0].until <= decided:
            ready.append(self._parts.popleft())
        if not ready:
            return
        known = b""  # of the next part, its beginning is out already
        if self._parts and decided > ready[-1].until:
            known = self._parts[0].text[: decided - ready[-1].until]
        texts = [part.text for part in ready]
        delivered, self._delivered = _shared(self._delivered, texts, known)
        recorded, self._recorded = _shared(self._recorded, texts, known)
        for part, for_caller, for_recording in zip(ready, delivered, recorded, strict=True):
            part.shown = Shown(delivered=for_caller, recorded=for_recording)


def _shared(shown: bytes, texts: Sequence[bytes], known: bytes) -> tuple[list[bytes], bytes]:
    """What each text becomes, and what is left for the next: ``known``, if that is how ``shown`` ends."""
    kept = known if shown.endswith(known) else b""
    shown = shown[: len(shown) - len(kept)]
    first, last = 0, len(texts)
    at, stop = 0, len(shown)
    while first < last and shown.startswith(texts[first], at):
        at += len(texts[first])
        first += 1
    while last > first + 1 and stop - len(texts[last - 1]) >= at and shown.endswith(texts[last - 1], at, stop):
        stop -= len(texts[last - 1])
        last -= 1
    if first == last:
        if at < stop:  # more than came: the last carries it
            return [*texts[:-1], texts[-1] + shown[at:stop]], kept
        return list(texts), kept
    return [*texts[:first], shown[at:stop], *(b"" for _ in texts[first + 1 : last]), *texts[last:]], kept


def _beyond(due: bytes, shown: bytes) -> tuple[bytes, bytes]:
    """What is still due, and what goes beyond it."""
    if shown.startswith(due):
        return b"", shown[len(due) :]
    if due.startswith(shown):
        return due[len(shown) :], b""
    raise _reaches_across()


def _reaches_across() -> RemoteProtocolError:
    return RemoteProtocolError("what must be masked was interrupted by another text")
