"""Hashes of complete subtrees on disk, so that a proof reads a few hundred hashes and not the log.

File ``tiles/<n>`` holds, back to back, the hash of every complete subtree of 256**n leaves (n = 0: the leaves). It is a cache:
written after the log is durable, never synced, and built anew from the segments where it does not lead to what was signed.
"""

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from passgate.ledger.merkle import HASH_BYTES, CompactRange, node_hash, range_at

_LEVELS = 5
_STEP = 8


class Tiles:
    """One writer at a time; ``node`` serves readers of what ``flush`` has written. Raises OSError."""

    def __init__(self, directory: Path, *, writable: bool = True) -> None:
        self._directory = directory
        if writable:
            directory.mkdir(mode=0o700, exist_ok=True)
        flags = (os.O_RDWR | os.O_CREAT if writable else os.O_RDONLY) | os.O_CLOEXEC
        self._fds = [
            os.open(directory / str(n), flags, 0o600)
            for n in range(_LEVELS)
            if writable or (directory / str(n)).is_file()
        ]
        self._pending: list[bytearray] = [bytearray() for _ in range(_LEVELS)]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def size(self) -> int:
        """Leaves held on disk."""
        return os.fstat(self._fds[0]).st_size // HASH_BYTES if self._fds else 0

    def take(self, completed: Iterable[tuple[int, bytes]]) -> None:
        """Subtrees as ``CompactRange.append`` reports them; only every eighth level is kept."""
        for level, subtree in completed:
            if not level % _STEP and level // _STEP < len(self._pending):
                self._pending[level // _STEP] += subtree

    def flush(self) -> None:
        """What cannot be written whole is given up: then the tiles hold nothing until they are built anew."""
        try:
            for fd, pending in zip(self._fds, self._pending, strict=True):
                if pending:
                    _append(fd, pending)
                    pending.clear()
        except OSError:
            self.truncate(0)
            self.close()
            raise

    def truncate(self, size: int) -> None:
        """Keep ``size`` leaves."""
        for pending in self._pending:
            pending.clear()
        for n, fd in enumerate(self._fds):
            os.ftruncate(fd, (size >> _STEP * n) * HASH_BYTES)

    def node(self, level: int, index: int) -> bytes:
        """Raises ValueError where the subtree is not held."""
        tile, rest = divmod(level, _STEP)
        count = 1 << rest
        if tile >= len(self._fds):
            raise ValueError(f"no tile holds level {level}")
        raw = os.pread(self._fds[tile], count * HASH_BYTES, index * count * HASH_BYTES)
        if len(raw) != count * HASH_BYTES:
            raise ValueError(f"the tiles hold no subtree {level}/{index}")
        hashes = [raw[i : i + HASH_BYTES] for i in range(0, len(raw), HASH_BYTES)]
        while len(hashes) > 1:
            hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
        return hashes[0]

    def leads_to(self, size: int, root: bytes) -> bool:
        """Whether the first ``size`` leaves held here hash to ``root``."""
        try:
            return range_at(size, self.node).root() == root
        except ValueError:
            return False

    def range(self, size: int) -> CompactRange:
        return range_at(size, self.node)

    def close(self) -> None:
        for fd in self._fds:
            os.close(fd)
        self._fds, self._pending = [], []


def _append(fd: int, data: bytearray) -> None:
    if os.pwrite(fd, data, os.fstat(fd).st_size) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
