"""Server-sent events (WHATWG HTML, section 9.2), read and written so that what is not changed leaves as the very bytes that came.

An event ends behind its blank line, which belongs to it. A blank line that is a lone CR ends the event at once; only where the
line before it ended with CRLF is the LF waited for. So how the stream was cut never shows.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from passgate.core.errors import RemoteProtocolError

MAX_EVENT = 32 * 1024 * 1024
"""Bytes of one event, its lines and their ends included. A finished answer with its images in it is one event."""

_BOM = b"\xef\xbb\xbf"
_BLANK = re.compile(rb"\n\n|\r\n\n|\r\n\r\n|\r\n\r(?=[^\n])|\r\r|(?<!\r)\n\r")
_LINE = re.compile(rb"([^\r\n]*)(\r\n|\r|\n|\Z)")
_LONGEST_BLANK = 4
_FIELDS = frozenset((b"data", b"event", b"id", b"retry", b""))  # without a name: a comment


@dataclass(slots=True)  # not frozen, which would double what making one costs, and every piece of a stream is one
class Event:
    """``raw``: everything from behind the last event's blank line to behind its own. ``data``: its data lines, joined by LF; None
    where it has none. ``start``: where in ``raw`` the value of its only data line begins; -1 where there are several.
    ``others``: the values of comments, ids and fields that the standard does not know, in order."""

    raw: bytes
    name: bytes = b""
    data: bytes | None = None
    start: int = -1
    others: tuple[bytes, ...] = ()

    def rewritten(self, data: bytes, others: Sequence[bytes] | None = None) -> bytes:
        """The same event with other data, and other values for ``others`` (as many); all other lines stay as they came."""
        if others is None and self.start >= 0 and self.data is not None and b"\n" not in data:
            return self.raw[: self.start] + data + self.raw[self.start + len(self.data) :]
        values = iter(self.others if others is None else others)
        pieces, data_due = [], True
        for line in _lines(self.raw):
            if line.kind == b"data":
                if data_due:
                    ending = line.ending or b"\n"
                    pieces.append(ending.join(b"data: " + part for part in data.split(b"\n")) + line.ending)
                data_due = False
            elif line.other:
                pieces.append(line.label + _one_line(next(values)) + line.ending)
            else:
                pieces.append(line.label + line.value + line.ending)
        return b"".join(pieces)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Line:
    kind: bytes
    label: bytes  # everything in front of the value
    value: bytes
    ending: bytes

    @property
    def other(self) -> bool:
        known = self.kind in {b"data", b"event"} or (self.kind == b"retry" and self.value.isdigit())
        return bool(self.value) and not known


class EventParser:
    """Cuts a stream into events. Feed it bytes, take what is whole."""

    def __init__(self, *, max_event: int = MAX_EVENT) -> None:
        self._max_event = max_event
        self._begun = False
        self._rest: list[bytes] = []  # of an event that is not whole: joined only when it may be
        self._size = 0
        self._last = b""  # its last bytes, in which a blank line may have begun

    @property
    def unread(self) -> int:
        """Bytes of an event that is not whole."""
        return self._size

    def feed(self, data: bytes) -> list[Event]:
        """Raises RemoteProtocolError for an event that is too long."""
        if self._rest:
            near = self._last + data
            if _BLANK.search(near) is None if b"\r" in near else b"\n\n" not in near:
                return self._kept(data, near)  # or every line's end would have all of them read again
            data = b"".join((*self._rest, data))
        events: list[Event] = []
        if b"\r" in data:
            view, at = memoryview(data), 0
            while (blank := _BLANK.search(view[at:])) is not None:  # what was let go must not be looked back at
                self._add(events, data[at : at + blank.end()])
                at += blank.end()
            data = data[at:]
        else:
            start = 0
            while (found := data.find(b"\n\n", start)) >= 0:
                self._add(events, data[start : found + 2])
                start = found + 2
            data = data[start:]
        self._rest = []
        self._size = 0
        if data:
            self._kept(data, data)
        return events

    def finish(self) -> list[Event]:
        """What stands behind the last blank line, as if one followed: some servers forget it."""
        events: list[Event] = []
        rest, self._rest = b"".join(self._rest), []
        self._size = 0
        if rest:
            self._add(events, rest)
        return events

    def _kept(self, data: bytes, near: bytes) -> list[Event]:
        self._rest.append(data)
        self._last = near[-_LONGEST_BLANK:]
        self._size += len(data)
        self._check(self._size)
        return []

    def _add(self, events: list[Event], raw: bytes) -> None:
        if not self._begun:
            self._begun = True
            if raw[:3] == _BOM:
                events.append(Event(_BOM))
                raw = raw[3:]
                if not raw:
                    return
        self._check(len(raw))
        events.append(_event(raw))

    def _check(self, size: int) -> None:
        if size > self._max_event:
            raise RemoteProtocolError(f"an event is longer than {self._max_event} bytes")


def event_bytes(data: bytes, *, name: bytes = b"") -> bytes:
    """A new event; ``data`` is one line."""
    return (b"event: " + name + b"\n" if name else b"") + b"data: " + data + b"\n\n"


def comment(text: bytes) -> bytes:
    """A comment, which every client ignores: a heartbeat."""
    return b": " + text + b"\n\n"


def lacking(raw: bytes) -> bytes:
    """What the last event of a stream lacks of its blank line. A LF behind a CR ends the same line."""
    if not raw.strip(b"\r\n"):
        return b""
    return b"\n" if raw[-1:] == b"\n" else b"\n\n"


def _event(raw: bytes) -> Event:
    """The two forms that providers use are read without a look at every line."""
    if raw[:6] == b"data: ":
        at = 6
        name = b""
    elif raw[:7] == b"event: ":
        end = raw.find(b"\n")
        at = end + 7
        if end < 0 or raw[end + 1 : at] != b"data: ":  # a slice that ends before it begins is an error in compiled code
            return _event_of_lines(raw)
        name = raw[7:end]
    else:
        return _event_of_lines(raw)
    end = len(raw) - 2
    if raw.find(b"\n", at) != end or raw[end:] != b"\n\n" or b"\r" in raw:
        return _event_of_lines(raw)
    return Event(raw, name, raw[at:end], at)


def _event_of_lines(raw: bytes) -> Event:
    name = b""
    data: list[bytes] = []
    others: list[bytes] = []
    start = at = 0
    for line in _lines(raw):
        if line.kind == b"data":
            data.append(line.value)
            start = at + len(line.label)
        elif line.kind == b"event":
            name = line.value
        elif line.other:
            others.append(line.value)
        at += len(line.label) + len(line.value) + len(line.ending)
    return Event(
        raw=raw,
        name=name,
        data=b"\n".join(data) if data else None,
        start=start if len(data) == 1 else -1,
        others=tuple(others),
    )


def _lines(raw: bytes) -> list[_Line]:
    """A line that the standard does not know has no label: all of it is looked at."""
    lines = []
    for match in _LINE.finditer(raw):
        text, ending = match.groups()
        field, colon, value = text.partition(b":")
        if field in _FIELDS:
            space = b" " if value[:1] == b" " else b""
            label, value, kind = field + colon + space, value[len(space) :], field
        else:
            label, value, kind = b"", text, b"?"
        if text or ending:
            lines.append(_Line(kind=kind, label=label, value=value, ending=ending))
    return lines


def _one_line(text: bytes) -> bytes:
    return text.replace(b"\r", b" ").replace(b"\n", b" ")
