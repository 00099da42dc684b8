"""One file of the log, ``seg-<first leaf>.log``: a header frame, then sealed batches.

A batch is payload and leaf frames closed by a seal, and counts only as a whole. What follows the last seal is the *tail*: nothing,
unwritten space, or what a crash tore.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import orjson

from passgate.core.errors import LedgerCorruptError
from passgate.ledger.checkpoint import Seal
from passgate.ledger.files import Files, write_all
from passgate.ledger.frames import BrokenFrameError, FrameKind, encode
from passgate.ledger.merkle import EMPTY_ROOT, CompactRange
from passgate.ledger.notes import NoteVerifier
from passgate.ledger.regular import open_regular
from passgate.ledger.window import Window

_PREFIX, _SUFFIX = "seg-", ".log"
_VERSION = 1
_MOMENT = 0.01
"""Seconds before what looks torn is looked at again."""
_LOOKS = 100


def segment_name(first: int) -> str:
    return f"{_PREFIX}{first:020d}{_SUFFIX}"


def segment_paths(directory: Path) -> list[Path]:
    """In log order."""
    return sorted(directory.glob(f"{_PREFIX}*{_SUFFIX}"))


def first_leaf(path: Path) -> int:
    """Raises LedgerCorruptError for a file that no log named."""
    number = path.name[len(_PREFIX) : -len(_SUFFIX)]
    if not (number.isascii() and number.isdigit()):
        raise LedgerCorruptError(f"{path.name} is not a segment's name")
    return int(number)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentHeader:
    """Where the log stood when the segment began, so that opening it needs no older segment.

    ``range`` folds to ``root``, and ``signature`` is the last seal's over (origin, first, root); it is empty for the first segment.
    ``open_intents``: intents still without an outcome, with their session; a help for recovery, not evidence.
    """

    origin: str
    first: int
    epoch: int
    range: CompactRange
    signature: bytes
    open_intents: dict[str, str] = field(default_factory=dict)

    def frame(self) -> bytes:
        body = {
            "v": _VERSION,
            "origin": self.origin,
            "first": self.first,
            "epoch": self.epoch,
            "range": [h.hex() for h in self.range.hashes],
            "signature": self.signature.hex(),
            "open": self.open_intents,
        }
        return encode(FrameKind.HEADER, orjson.dumps(body, option=orjson.OPT_SORT_KEYS))

    @classmethod
    def parse(cls, payload: bytes) -> "SegmentHeader":
        """Raises LedgerCorruptError."""
        try:
            body = orjson.loads(payload)
            if body["v"] != _VERSION:
                raise LedgerCorruptError(f"segment version {body['v']} is not known")
            return cls(
                origin=str(body["origin"]),
                first=int(body["first"]),
                epoch=int(body["epoch"]),
                range=CompactRange(int(body["first"]), [bytes.fromhex(h) for h in body["range"]]),
                signature=bytes.fromhex(body["signature"]),
                open_intents=dict(body["open"]),
            )
        except (ValueError, TypeError, KeyError) as error:
            raise LedgerCorruptError(f"a segment's header is malformed: {error}") from error

    def check(self, verifier: NoteVerifier) -> None:
        """Raises LedgerCorruptError unless the log's own key signed what the segment builds on."""
        if self.origin != verifier.name:
            raise LedgerCorruptError(f"the segment belongs to {self.origin}, not to {verifier.name}")
        root = self.range.root()
        if self.first == 0:
            if root != EMPTY_ROOT or self.signature:
                raise LedgerCorruptError("the first segment does not begin with an empty tree")
        elif not Seal(self.first, root, self.signature).signed_by(verifier):
            raise LedgerCorruptError(f"the segment from leaf {self.first} does not begin with what was signed")


@dataclass(frozen=True, slots=True)
class Leaf:
    """``offset``: where its frame begins in the segment's file."""

    offset: int
    entry: bytes


@dataclass(frozen=True, slots=True)
class Batch:
    """``payloads``: ciphertext by its SHA-256. Offsets are in the segment file."""

    leaves: tuple[Leaf, ...]
    payloads: dict[bytes, bytes]
    seal: Seal
    seal_offset: int
    end: int


@dataclass(frozen=True, slots=True)
class Tail:
    """What follows the last seal, from ``offset`` on.

    ``broken`` says why it could not be read to its end, empty where it is unwritten space or whole frames; ``leaves`` whole ones of
    no sealed batch come before byte ``broken_at``.
    """

    offset: int
    data: bytes = b""
    broken: str = ""
    broken_at: int = 0
    leaves: int = 0

    @property
    def unwritten(self) -> bool:
        return not self.data.strip(b"\0")


class SegmentReader:
    """Reads sealed batches in order; after ``batches`` is exhausted, ``tail`` holds the rest. Raises LedgerCorruptError."""

    def __init__(self, path: Path, window: Window) -> None:
        self.path = path
        self._window = window
        self.tail: Tail | None = None
        try:
            frame = window.frame(0)
        except BrokenFrameError as error:
            raise LedgerCorruptError(f"{path.name}: the header is broken {error}") from error
        if frame is None or frame.kind is not FrameKind.HEADER:
            raise LedgerCorruptError(f"{path.name} has no header")
        self.header = SegmentHeader.parse(frame.payload)
        if self.header.first != first_leaf(path):
            raise LedgerCorruptError(f"{path.name} begins with leaf {self.header.first}")
        self.begin = frame.end

    def batches(self) -> Iterator[Batch]:
        """A log may be written into space that was claimed ahead while it is read: what looks torn there may be a batch that
        is just coming. So it is looked at until it stays as it is."""
        sealed = self.begin
        seen: bytes | None = None
        for _ in range(_LOOKS):
            leaves: list[Leaf] = []
            payloads: dict[bytes, bytes] = {}
            offset = sealed
            broken, broken_at = "", 0
            try:
                while (frame := self._window.frame(offset)) is not None:
                    offset = frame.end
                    if frame.kind is FrameKind.LEAF:
                        leaves.append(Leaf(frame.start, frame.payload))
                    elif frame.kind is FrameKind.PAYLOAD:
                        payloads[sha256(frame.payload).digest()] = frame.payload
                    elif frame.kind is FrameKind.SEAL:
                        yield Batch(tuple(leaves), payloads, Seal.parse(frame.payload), frame.start, frame.end)
                        leaves, payloads, sealed, seen = [], {}, frame.end, None
                    else:
                        broken, broken_at = f"at byte {frame.start}: a header inside the segment", frame.start
                        break
            except BrokenFrameError as error:
                broken, broken_at = str(error), error.offset
            rest = self._window.rest(sealed)
            self.tail = Tail(sealed, rest, broken, broken_at, len(leaves))
            if self.tail.unwritten or rest == seen:
                return
            seen = rest
            threading.Event().wait(_MOMENT)


@contextmanager
def read_segment(path: Path) -> Iterator[SegmentReader]:
    """Costs the memory of its largest frame. Raises LedgerCorruptError, OSError."""
    fd = open_regular(path)
    try:
        window = Window(fd)
        if window.size == 0:
            raise LedgerCorruptError(f"{path.name} is empty")
        yield SegmentReader(path, window)
    finally:
        os.close(fd)


class SegmentWriter:
    """Appends to one segment. ``limit``: bytes claimed ahead that must not be exceeded, None where the file may grow."""

    def __init__(self, *, path: Path, fd: int, offset: int, files: Files, limit: int | None = None) -> None:
        self.path = path
        self.offset = offset
        self.limit = limit
        self._fd = fd
        self._files = files

    @classmethod
    def create(cls, directory: Path, header: SegmentHeader, files: Files) -> "SegmentWriter":
        """The header is durable before the file has its name, so a segment with half a header does not exist. Raises OSError."""
        path = directory / segment_name(header.first)
        temporary = path.with_suffix(".new")
        files.unlink(temporary)
        fd = files.open(temporary, create=True)
        try:
            frame = header.frame()
            write_all(files, fd, frame, 0)
            files.datasync(fd)
            files.rename(temporary, path)
            files.sync_directory(directory)
        except OSError:
            files.close(fd)
            raise
        return cls(path=path, fd=fd, offset=len(frame), files=files)

    @classmethod
    def resume(cls, path: Path, offset: int, files: Files) -> "SegmentWriter":
        """Go on after the last seal; what follows it is cut off. Raises OSError."""
        fd = files.open(path, create=False)
        writer = cls(path=path, fd=fd, offset=offset, files=files)
        try:
            if path.stat().st_size != offset:
                files.truncate(fd, offset)
                files.datasync(fd)
        except OSError:
            files.close(fd)
            raise
        return writer

    def write(self, data: bytes) -> None:
        """Raises OSError; the offset has not moved then."""
        write_all(self._files, self._fd, data, self.offset)

    def sync(self) -> None:
        self._files.datasync(self._fd)

    def advance(self, count: int) -> None:
        self.offset += count

    def cut(self, length: int) -> None:
        """Unwrite the ``length`` bytes after the offset: cut off, or zeros where disk was claimed ahead. Raises OSError."""
        if self.limit is None:
            self._files.truncate(self._fd, self.offset)
        else:
            write_all(self._files, self._fd, bytes(min(length, self.limit - self.offset)), self.offset)
        self._files.datasync(self._fd)

    def close(self) -> None:
        self._files.close(self._fd)
