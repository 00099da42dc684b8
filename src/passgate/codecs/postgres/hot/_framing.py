"""Cuts a stream of bytes into messages, whatever the borders of the reads.

A run of messages of one type that comes up again and again (rows) is one frame. A message that is larger than a read is put
together once, when its last byte is there, so the cost is linear however small the reads are. Types that are being streamed
are handed on in pieces instead, and never held.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, final

from librt.strings import read_i32_be

if TYPE_CHECKING:
    from mypy_extensions import i64  # for the compiler only: nothing below may need it when interpreted

HEADER: Final = 5  # type byte and length word
PIECE_OVER: Final = 64 * 1024  # a streamed message up to this size is still handed on whole: one write, not two
LARGEST: Final = 0x3FFFFFFF  # what the server itself can build or take: MaxAllocSize
UNKNOWN: Final = -1  # the limit of a type that is no message at all


@final
class Frame:
    """``count`` messages of type byte ``kind`` end in ``data``. ``whole``: ``data`` is exactly these messages, headers included;
    otherwise it is a piece of one that is being streamed."""

    def __init__(self, kind: int, count: int, data: bytes, whole: bool) -> None:
        self.kind = kind
        self.count = count
        self.data = data
        self.whole = whole

    @property
    def payload(self) -> bytes:
        """The body, for a frame of one whole message."""
        return self.data[HEADER:]

    def __repr__(self) -> str:
        return f"Frame({chr(self.kind)!r}, count={self.count}, bytes={len(self.data)}, whole={self.whole})"


@final
class Splitter:
    """``limits[kind]`` is the largest body of that type in bytes, UNKNOWN if there is no such message.

    ``runs``: type bytes whose messages come back many in one frame. Raises ``error`` for a length that cannot be or is over its
    limit and for a type that is not known; after that the stream is lost and every call raises again.
    """

    def __init__(self, limits: list[int], runs: bytes, error: type[Exception]) -> None:
        self._limits = limits
        self._runs = runs
        self._error = error
        self._streamed = b""
        self._buffer = b""
        self._pos: i64 = 0
        self._pending = bytearray()
        self._need: i64 = HEADER  # bytes that must be there before it is worth looking again
        self._kind: i64 = 0  # type of the message that _need is the size of
        self._left: i64 = 0  # bytes of a streamed message still to come
        self._broken = False

    def limit(self, limits: list[int]) -> None:
        """Another phase of the connection: other messages, other sizes."""
        self._limits = limits

    def stream(self, kinds: bytes) -> None:
        """From now on messages of these types may be handed on in pieces, and their size is the server's business."""
        self._streamed = kinds

    @property
    def held(self) -> int:
        """Bytes kept."""
        return len(self._buffer) - self._pos + len(self._pending)

    @property
    def between(self) -> bool:
        """Whether the stream could end here without cutting a message."""
        return self._left == 0 and self.held == 0

    def feed(self, data: bytes) -> None:
        if self._pos == len(self._buffer) and not self._pending:
            self._buffer = data
            self._pos = 0
        else:
            self._pending += data

    def next(self) -> Frame | None:
        """The next frame, None if more bytes are needed."""
        if self._broken:
            raise self._error("the stream was broken before")
        if self._left > 0:
            return self._piece()
        if self.held < self._need:
            return self._wait()
        if len(self._buffer) - self._pos < self._need:
            self._gather()
        buffer = self._buffer
        pos = self._pos
        size: i64 = len(buffer)
        if fault := self._fault(buffer, pos):
            self._broken = True
            raise self._error(fault)
        length: int = read_i32_be(buffer, pos + 1)
        end: i64 = pos + 1 + length
        if end > size:
            self._need = end - pos
            self._kind = buffer[pos]
            if self.held < self._need:
                return self._wait()
            self._gather()
            buffer = self._buffer
            end -= pos
            pos = 0
            size = len(buffer)
        kind = buffer[pos]
        count = 1
        if kind in self._runs:
            largest = LARGEST if kind in self._streamed else self._limits[kind]
            while end + HEADER <= size and buffer[end] == kind:
                length = read_i32_be(buffer, end + 1)
                following = end + 1 + length
                if length < 4 or length - 4 > largest or following > size:
                    break  # a bad one is judged when it comes first
                end = following
                count += 1
        self._need = HEADER
        if pos == 0 and end == size:
            data = buffer
            self._buffer = b""
            self._pos = 0
        else:
            data = buffer[pos:end]
            self._pos = end
        return Frame(kind, count, data, True)

    def _fault(self, buffer: bytes, pos: i64) -> str:
        """What is wrong with the header at ``pos``; empty if nothing is."""
        kind = buffer[pos]
        length: int = read_i32_be(buffer, pos + 1)
        limit = self._limits[kind]
        if limit == UNKNOWN:
            return f"a message of type {kind:#04x} is not known here"
        if kind in self._streamed:
            limit = LARGEST
        if length < 4:
            return f"a message of type {chr(kind)!r} with length {length}"
        if length - 4 > limit:
            return f"a message of type {chr(kind)!r} with {length - 4} bytes, more than {limit}"
        return ""

    def _wait(self) -> Frame | None:
        if self._need > PIECE_OVER and int(self._kind) in self._streamed:
            self._left = self._need
            self._need = HEADER
            return self._piece()
        if self._pos > 0:  # let go of what was handed out
            self._buffer = self._buffer[self._pos :]
            self._pos = 0
        return None

    def _piece(self) -> Frame | None:
        if self._pos == len(self._buffer):
            self._gather()
        available: i64 = len(self._buffer) - self._pos
        if available == 0:
            return None
        taken = min(available, self._left)
        data = self._buffer[self._pos : self._pos + taken] if taken < len(self._buffer) else self._buffer
        self._pos += taken
        self._left -= taken
        return Frame(int(self._kind), 1 if self._left == 0 else 0, data, False)

    def _gather(self) -> None:
        self._buffer = self._buffer[self._pos :] + bytes(self._pending)
        self._pos = 0
        self._pending = bytearray()
