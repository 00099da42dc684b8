"""What the client saw, in order, as encrypted chunks that the log vouches for.

A recording is cut into chunks (64 KiB or one second), each compressed, encrypted under the session's key, stored in
``recordings/<session>/<sha256 of the ciphertext>`` and told in the log as ``rec.chunk``. A chunk's plaintext is a run of lines:
``channel u8 | microseconds since the session began u64 | length u32 | data``, little endian. What does not fit into a chunk goes on
in the next line: the channel's bit 7 says that there is more, bit 6 that this is more of the line before.

Disk work is done by one background thread. Where that falls behind, or a cap is reached, storing stops and the hash goes on.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from struct import Struct

import orjson
import zstandard

from passgate.core.errors import LedgerCorruptError, LedgerUnavailableError
from passgate.core.event import Event, EventType, Json
from passgate.core.moment import RecordedLine
from passgate.core.session import Session
from passgate.ledger import chunk_files
from passgate.ledger.keys import Sealer
from passgate.ledger.settings import RecordingSettings
from passgate.pipeline.protocols import RecordingDigest

CHANNELS = {
    "in": 1, "shape": 2, "rows": 3, "verdict": 4, "notice": 5, "end": 6, "cut": 7, "sent": 8, "scan": 9, "answer": 10, "frame": 11,
}  # fmt: skip
"""``cut`` is the recording's own: JSON that says how many bytes were not stored, by what bound."""
BULK = frozenset({"rows", "sent", "frame"})
"""What is bounded per result, and still says something where its end is missing."""
_NAMES = {code: name for name, code in CHANNELS.items()}
_BULK = frozenset(CHANNELS[name] for name in BULK)
_SHAPE, _END = CHANNELS["shape"], CHANNELS["end"]
_MORE, _CONTINUED = 0x80, 0x40
_CODE = 0x3F
_LINE = Struct("<BQI")
CHUNK_PURPOSE = b"reco"
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")


def recording_folder(directory: Path, session: str) -> Path:
    """Where a session's chunks lie; an id that is no plain name is hashed."""
    plain = 0 < len(session) <= 64 and _SAFE.issuperset(session)
    return directory / "recordings" / (session if plain else sha256(session.encode()).hexdigest())


@dataclass(frozen=True, slots=True)
class Line:
    """A line, or a part of one. ``at``: microseconds since the session began.

    ``more``: the next line goes on with this one; ``continued``: this one goes on with the one before.
    """

    channel: str
    at: int
    data: bytes
    more: bool = False
    continued: bool = False


def lines(plain: bytes) -> Iterator[Line]:
    """The lines of one chunk. Raises LedgerCorruptError."""
    offset = 0
    while offset < len(plain):
        if len(plain) - offset < _LINE.size:
            raise LedgerCorruptError("a recorded chunk ends inside a line")
        code, at, length = _LINE.unpack_from(plain, offset)
        offset += _LINE.size
        if code & _CODE not in _NAMES or offset + length > len(plain):
            raise LedgerCorruptError("a recorded chunk holds a malformed line")
        data = plain[offset : offset + length]
        yield Line(_NAMES[code & _CODE], at, data, bool(code & _MORE), bool(code & _CONTINUED))
        offset += length


def joined(parts: Iterable[Line]) -> Iterator[RecordedLine]:
    """Whole lines. Where a part of one is gone with its chunk, bulk shows what is left of it, anything else becomes a ``cut``."""
    begun: list[Line] = []
    for part in parts:
        if begun and not (part.continued and part.channel == begun[0].channel):
            yield _left_of(begun)
            begun = []
        if part.continued and not begun:
            yield _left_of([part])
        elif part.more or begun:
            begun.append(part)
            if not part.more:
                yield _whole(begun)
                begun = []
        else:
            yield RecordedLine(part.channel, part.at, part.data)
    if begun:
        yield _left_of(begun)


def _whole(parts: Sequence[Line]) -> RecordedLine:
    return RecordedLine(parts[0].channel, parts[0].at, b"".join([part.data for part in parts]))


def _left_of(parts: Sequence[Line]) -> RecordedLine:
    left = _whole(parts)
    if left.channel in BULK and not parts[0].continued:
        return left
    return RecordedLine("cut", left.at, orjson.dumps({"missing": len(left.data)}))


class ChunkJob:
    """One chunk on its way to disk; the thread fills in ``digest`` and ``stored``, or ``failed``."""

    __slots__ = ("bytes", "digest", "failed", "number", "plain", "recording", "stored", "t0", "t1")

    def __init__(self, recording: "SessionRecording", number: int, plain: bytes, t0: int, t1: int) -> None:
        self.recording = recording
        self.number = number
        self.plain = plain
        self.bytes = len(plain)
        self.t0 = t0
        self.t1 = t1
        self.digest = ""
        self.stored = 0
        self.failed = ""


class SessionRecording:
    """Implements the pipeline's Recording. Belongs to the event loop's thread, but for what the chunk thread calls."""

    __slots__ = (
        "_buffer", "_bytes", "_chunks", "_closed", "_cut", "_hash", "_owner", "_results", "_started", "_stored", "_t0",
        "folder", "previous", "sealer", "session",
    )  # fmt: skip

    def __init__(self, owner: "Recordings", session: Session, folder: Path, sealer: Sealer) -> None:
        self.session = session
        self.folder = folder
        self.sealer = sealer
        self.previous = ""
        self._owner = owner
        self._hash = sha256()
        self._buffer = bytearray()
        self._started = time.monotonic_ns()
        self._t0 = 0
        self._bytes = self._stored = self._chunks = 0
        self._results: dict[str, int] = {}
        self._cut: dict[str, int] = {}
        self._closed = False

    def write(self, channel: str, data: bytes, *, result: str = "") -> None:
        self._hash.update(data)
        length = len(data)
        self._bytes += length
        code = CHANNELS[channel]
        if code in _BULK:
            taken = self._results.get(result, 0)
            room = self._owner.settings.result_bytes - taken
            self._results[result] = taken + length
            if length > room:
                self._lose("result", length - max(room, 0))
                if room <= 0:
                    return
                data, length = data[:room], room
        elif code is _SHAPE or code is _END:
            self._results.pop(result, None)
            if self._cut:
                self._tell_cut()
        if self._stored + length > self._owner.settings.session_bytes:
            self._lose("session", length)
            return
        if self._owner.lagging:
            self._lose("lag", length)
            return
        self._stored += length
        self._put(code, data)

    def _put(self, code: int, data: bytes) -> None:
        now = (time.monotonic_ns() - self._started) // 1000
        limit = self._owner.settings.chunk_bytes - _LINE.size
        if len(data) <= limit:
            self._put_line(code, data, now)
            return
        for start in range(0, len(data), limit):
            more = _MORE if start + limit < len(data) else 0
            self._put_line(code | more | (_CONTINUED if start else 0), data[start : start + limit], now)

    def _put_line(self, code: int, data: bytes, now: int) -> None:
        buffer = self._buffer
        if len(buffer) + _LINE.size + len(data) > self._owner.settings.chunk_bytes:
            self.flush(now)
        if not buffer:
            self._t0 = now
            self._owner.dirty(self)
        buffer += _LINE.pack(code, now, len(data))
        buffer += data

    def _lose(self, bound: str, length: int) -> None:
        """Count what is not stored; the first time, the log is told."""
        if bound not in self._cut:
            self._owner.tell_bound(self.session, bound)
        self._cut[bound] = self._cut.get(bound, 0) + length

    def _tell_cut(self) -> None:
        """A line in the recording itself, so that a replay says where something is missing."""
        cut = {bound: count for bound, count in self._cut.items() if count}
        if cut:
            self._put(CHANNELS["cut"], orjson.dumps(cut))
            self._cut = dict.fromkeys(self._cut, 0)

    def flush(self, now: int | None = None) -> None:
        """Hand the chunk so far to the thread."""
        if self._buffer:
            if now is None:
                now = (time.monotonic_ns() - self._started) // 1000
            self._owner.store(ChunkJob(self, self._chunks, bytes(self._buffer), self._t0, now))
            self._chunks += 1
            self._buffer.clear()

    def close(self) -> RecordingDigest:
        if not self._closed:
            self._closed = True
            if self._cut:
                self._tell_cut()
            self.flush()
        return RecordingDigest(
            sha256=self._hash.hexdigest(), bytes=self._bytes, stored=self._stored, chunks=self._chunks
        )


class Recordings:
    """Every recording of one log, and the thread that stores their chunks.

    ``tell`` appends an event on the loop's thread; it may raise LedgerUnavailableError, which the ledger has counted by then.
    """

    def __init__(self, *, directory: Path, settings: RecordingSettings, tell: Callable[[Event], object]) -> None:
        self.settings = settings
        self._directory = directory
        self._tell = tell
        self._jobs: deque[ChunkJob | None] = deque()
        self._ready = threading.Semaphore(0)
        self._finished: deque[ChunkJob] = deque()
        self._handed = self._done = 0
        self._waiting: dict[str, int] = {}
        self._dirty: set[SessionRecording] = set()
        self._ticking = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._storer = threading.Thread(target=self._run, name="passgate-recordings", daemon=True)
        self._storer.start()

    def open(self, session: Session, sealer: Sealer) -> SessionRecording:
        self._loop = asyncio.get_running_loop()
        return SessionRecording(self, session, recording_folder(self._directory, session.id), sealer)

    @property
    def lagging(self) -> bool:
        return self._handed - self._done > self.settings.lag_bytes

    def waits(self, session: str) -> bool:
        """Whether chunks of the session are still on their way to disk."""
        return session in self._waiting

    def store(self, job: ChunkJob) -> None:
        self._handed += job.bytes
        self._dirty.discard(job.recording)
        session = job.recording.session.id
        self._waiting[session] = self._waiting.get(session, 0) + 1
        self._jobs.append(job)
        self._ready.release()

    def dirty(self, recording: SessionRecording) -> None:
        """A chunk has begun: it is stored after ``chunk_seconds`` even if it does not fill up."""
        self._dirty.add(recording)
        if not self._ticking and self._loop is not None:
            self._ticking = True
            self._loop.call_later(self.settings.chunk_seconds, self._tick)

    def _tick(self) -> None:
        self._ticking = False
        for recording in tuple(self._dirty):
            recording.flush()

    def tell_bound(self, session: Session, bound: str) -> None:
        self._try(EventType.BOUND_HIT, session, {"bound": f"recording-{bound}"})

    def close(self) -> None:
        """Store what was handed over, and tell the log of it."""
        for recording in tuple(self._dirty):
            recording.flush()
        self._jobs.append(None)
        self._ready.release()
        self._storer.join()
        self._collect()

    def _collect(self) -> None:
        while self._finished:
            job = self._finished.popleft()
            recording = job.recording
            left = self._waiting.pop(recording.session.id) - 1
            if left:
                self._waiting[recording.session.id] = left
            if job.failed:
                detail: dict[str, Json] = {"n": job.number, "bytes": job.bytes, "failed": job.failed}
                self._try(EventType.AUDIT_GAP, recording.session, {"count": 1, "reason": "recording", **detail})
                continue
            detail = {
                "n": job.number,
                "t0": job.t0,
                "t1": job.t1,
                "bytes": job.bytes,
                "stored": job.stored,
                "ct_sha256": job.digest,
                "prev": recording.previous,
            }
            recording.previous = job.digest
            self._try(EventType.REC_CHUNK, recording.session, detail)

    def _try(self, type_: EventType, session: Session, detail: Mapping[str, Json]) -> None:
        try:
            self._tell(Event(type=type_, session=session, detail=detail))
        except LedgerUnavailableError:
            return  # counted: the ledger tells of it as a gap once it can be written

    # -- the thread's side ---------------------------------------------------------------------------------------

    def _run(self) -> None:
        compressor = zstandard.ZstdCompressor(level=1)
        while True:
            self._ready.acquire()
            job = self._jobs.popleft()
            if job is None:
                return
            try:
                sealed = job.recording.sealer.seal(compressor.compress(job.plain))
                job.digest = sha256(sealed).hexdigest()
                job.stored = len(sealed)
                chunk_files.write_chunk(job.recording.folder, job.digest, sealed)
            except OSError as error:
                job.failed = error.strerror or "input/output error"
            job.plain = b""
            self._done += job.bytes
            self._finished.append(job)
            if self._loop is not None and not self._loop.is_closed():
                try:
                    self._loop.call_soon_threadsafe(self._collect)
                except RuntimeError:
                    continue  # the loop closed in between; close() collects
