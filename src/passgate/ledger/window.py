"""A file's frames, read piece by piece.

A mapping would be shorter, but a file that is cut while it is mapped (a torn tail at a restart, a batch that found no room) ends
the process that reads it, and that may be a gate.
"""

import os

from passgate.ledger.frames import HEAD_BYTES, MAX_PAYLOAD, Frame, decode

_WINDOW = 1024 * 1024


class Window:
    """``size``: of the file when it was opened; what is appended meanwhile is left for the next reader. Raises OSError."""

    def __init__(self, fd: int) -> None:
        self.size = os.fstat(fd).st_size
        self._fd = fd
        self._begin = 0
        self._data = memoryview(b"")

    def frame(self, offset: int) -> Frame | None:
        """As ``decode``. Raises BrokenFrameError."""
        if not self._holds(offset, HEAD_BYTES):
            self._load(offset, HEAD_BYTES)
        place = offset - self._begin
        length = int.from_bytes(self._data[place : place + 4], "little")
        if length <= MAX_PAYLOAD and not self._holds(offset, HEAD_BYTES + length):
            self._load(offset, HEAD_BYTES + length)
        return decode(self._data, offset - self._begin, self._begin)

    def rest(self, offset: int) -> bytes:
        """What lies there now, from ``offset`` on; frames from there on are read anew."""
        self._begin, self._data = offset, memoryview(b"")
        return self._read(offset, max(self.size - offset, 0))

    def _holds(self, offset: int, count: int) -> bool:
        return self._begin <= offset and min(offset + count, self.size) <= self._begin + len(self._data)

    def _load(self, offset: int, count: int) -> None:
        self._begin, self._data = offset, memoryview(self._read(offset, max(count, _WINDOW)))

    def _read(self, offset: int, count: int) -> bytes:
        wanted = min(count, self.size - offset)
        parts: list[bytes] = []
        while wanted > 0:
            part = os.pread(self._fd, wanted, offset)
            if not part:  # it was cut meanwhile
                self.size = offset
                break
            parts.append(part)
            offset += len(part)
            wanted -= len(part)
        return b"".join(parts)
