"""One log on disk: what the writer thread alone may touch. Nothing here knows of threads, queues or futures."""

import fcntl
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from passgate.core.errors import LedgerCorruptError, LedgerUnavailableError
from passgate.ledger.checkpoint import Seal, open_checkpoint, seal
from passgate.ledger.files import NO_SPACE, Files, make_folder, replace_file, write_all
from passgate.ledger.frames import FrameKind, head
from passgate.ledger.merkle import CompactRange, leaf_hash
from passgate.ledger.notes import NoteSigner, NoteVerifier
from passgate.ledger.recovery import Recovered, recover
from passgate.ledger.regular import read_regular
from passgate.ledger.segment import (
    SegmentHeader,
    SegmentWriter,
    first_leaf,
    read_segment,
    segment_name,
    segment_paths,
)
from passgate.ledger.settings import Durability, LedgerSettings
from passgate.ledger.tiles import Tiles

CHECKPOINT = "checkpoint"
VERIFIER = "verifier.key"
LOCK = "lock"
RESERVE = "reserve"
TORN = "torn"


class Record(NamedTuple):
    """One event on its way to disk. ``opens`` and ``closes`` are intents' event ids; ``payload`` is ciphertext."""

    leaf: bytes
    payload: bytes | None = None
    session: str = ""
    opens: str = ""
    closes: str = ""


class Batch(NamedTuple):
    """Sealed records as bytes, and the tree as it will be once they are written."""

    records: Sequence[Record]
    data: bytes
    tree: CompactRange
    seal: Seal
    completed: Sequence[tuple[int, bytes]]


class NoSpaceError(LedgerUnavailableError):
    """There is no room on the ledger's disk."""


class DiskError(LedgerUnavailableError):
    """The ledger's disk reported an error, so nothing on it can be relied upon until a restart has checked it."""


class Log:
    """Commits batches. After a DiskError nothing more may be asked of it but ``close``.

    ``generation`` grows each time the log goes on in another file. ``published``: size of the last checkpoint published.
    """

    def __init__(
        self,
        *,
        directory: Path,
        settings: LedgerSettings,
        files: Files,
        signer: NoteSigner,
        lock: int,
        recovered: Recovered,
    ) -> None:
        self.directory = directory
        self.recovered = recovered
        self.open_intents = recovered.standing.open_intents
        self.epoch = recovered.standing.epoch + 1
        self.generation = 0
        self._settings = settings
        self._files = files
        self._signer = signer
        self._lock = lock
        self._range = recovered.standing.range
        self._seal = recovered.standing.last_seal
        self.published = 0
        self._published_at = 0.0
        self._tiles = _tiles(directory, recovered)
        self._segment = self._first_segment()

    @classmethod
    def open(
        cls,
        directory: Path,
        settings: LedgerSettings,
        files: Files,
        signer: NoteSigner,
        *,
        give_up_batch: bool = False,
    ) -> "Log":
        """Lock, scan, compare, and only then cut a torn tail, of which a copy is kept. ``give_up_batch``: as of ``recover``.

        Raises LedgerUnavailableError if another process writes here or the disk fails, LedgerCorruptError if what is there is not
        what was signed.
        """
        try:
            make_folder(directory)
            lock = _lock(directory)
        except OSError as error:
            raise LedgerUnavailableError(f"the ledger cannot be opened: {error.strerror}") from error
        try:
            _keep_verifier(directory, files, signer)
            known = known_checkpoints((directory, *settings.checkpoint_copies), signer.verifier)
            recovered = recover(directory, signer.verifier, known, give_up_batch=give_up_batch)
            _keep_torn(directory, recovered)
            return cls(
                directory=directory, settings=settings, files=files, signer=signer, lock=lock, recovered=recovered
            )
        except OSError as error:
            os.close(lock)
            raise LedgerUnavailableError(f"the ledger cannot be opened: {error.strerror}") from error
        except (LedgerCorruptError, LedgerUnavailableError):
            os.close(lock)
            raise

    @property
    def size(self) -> int:
        """Leaves that are sealed."""
        return self._range.size

    @property
    def verifier(self) -> NoteVerifier:
        return self._signer.verifier

    @property
    def origin(self) -> str:
        return self._signer.verifier.name

    @property
    def due(self) -> bool:
        """Whether a checkpoint should be published: there is something new and the last one is old enough."""
        return self.size > self.published and self.checkpoint_age >= self._settings.checkpoint_seconds

    @property
    def checkpoint_age(self) -> float:
        """Seconds since the last publication."""
        return time.monotonic() - self._published_at

    @property
    def rotates(self) -> bool:
        """Whether the next commit begins another file."""
        return self._segment.offset >= self._settings.segment_bytes and self._segment.limit is None

    def commit(self, records: Sequence[Record]) -> None:
        """Write the records and their seal, durably, as one.

        Raises NoSpaceError with the log as it was before, or DiskError.
        """
        self.write(self.prepare(records))

    def prepare(self, records: Sequence[Record]) -> Batch:
        """Hash, seal and encode the records that go next. Touches neither the disk nor the log's own state."""
        tree = self._range.copy()
        parts: list[bytes] = []
        completed: list[tuple[int, bytes]] = []
        for record in records:
            if record.payload is not None:
                parts.append(head(FrameKind.PAYLOAD, record.payload))
                parts.append(record.payload)
            parts.append(head(FrameKind.LEAF, record.leaf))
            parts.append(record.leaf)
            tree.append(leaf_hash(record.leaf), completed)
        sealed = seal(tree.size, tree.root(), self._signer)
        payload = sealed.payload()
        parts.append(head(FrameKind.SEAL, payload))
        parts.append(payload)
        return Batch(records, b"".join(parts), tree, sealed, completed)

    def write(self, batch: Batch) -> None:
        """Write what ``prepare`` made last, durably; nothing else may have been written since.

        Raises NoSpaceError with the log as it was before, or DiskError.
        """
        if self.rotates:
            self._rotate()
        self._append(batch.data)
        self._range, self._seal = batch.tree, batch.seal
        self._tiles.take(batch.completed)
        for record in batch.records:
            if record.opens:
                self.open_intents[record.opens] = record.session
            elif record.closes:
                self.open_intents.pop(record.closes, None)

    def settle(self) -> None:
        """Write the tiles, which nobody waits for. Raises DiskError."""
        try:
            self._tiles.flush()
        except OSError as error:
            if error.errno not in NO_SPACE:
                raise DiskError(f"the ledger's tiles cannot be written: {error.strerror}") from error

    def publish(self) -> None:
        """Write the checkpoint file and its copies. Raises NoSpaceError, DiskError."""
        if self._seal is None:
            return
        note = self._seal.note(self._signer.verifier)
        try:
            for folder in (self.directory, *self._settings.checkpoint_copies):
                replace_file(self._files, folder / _checkpoint_name(folder, self.directory), note)
        except OSError as error:
            raise _translated(error) from error
        finally:
            self._published_at = time.monotonic()
        self.published = self._seal.size

    def enter_reserve(self) -> None:
        """Go on in the space that was claimed ahead. Raises NoSpaceError if it is used up already, DiskError."""
        reserve = self.directory / RESERVE
        if self._segment.limit is not None or not reserve.exists():
            raise NoSpaceError("there is no room on the ledger's disk, and the reserve is used up")
        header = self._header()
        path = self.directory / segment_name(header.first)
        try:
            fd = self._files.open(reserve, create=False)
            limit = os.fstat(fd).st_size
            frame = header.frame()
            write_all(self._files, fd, frame, 0)
            self._files.datasync(fd)
            self._files.rename(reserve, path)
            self._files.sync_directory(self.directory)
        except OSError as error:
            raise DiskError(f"the reserve cannot be used: {error.strerror}") from error
        self._segment.close()
        self._segment = SegmentWriter(path=path, fd=fd, offset=len(frame), files=self._files, limit=limit)
        self.generation += 1

    def leave_reserve(self) -> None:
        """Claim a new reserve, which shows that there is room again. Raises NoSpaceError, DiskError."""
        self._claim_reserve()
        self._segment.limit = None

    def close(self) -> None:
        """Publish nothing, sync nothing: only let go."""
        self._segment.close()
        self._tiles.close()
        os.close(self._lock)

    # -- files ---------------------------------------------------------------------------------------------------

    def _append(self, data: bytes) -> None:
        try:
            if self._segment.limit is not None and self._segment.offset + len(data) > self._segment.limit:
                raise NoSpaceError("there is no room on the ledger's disk, and the reserve is full")
            self._segment.write(data)
        except OSError as error:
            if error.errno not in NO_SPACE:
                raise DiskError(f"the ledger cannot be written: {error.strerror}") from error
            self._cut(len(data))
            raise NoSpaceError(f"the ledger cannot be written: {error.strerror}") from error
        if self._settings.durability is Durability.FSYNC:
            try:
                self._segment.sync()
            except OSError as error:
                raise DiskError(f"the ledger cannot be synced: {error.strerror}") from error
        self._segment.advance(len(data))

    def _cut(self, length: int) -> None:
        try:
            self._segment.cut(length)
        except OSError as error:
            raise DiskError(f"a torn batch cannot be cut off: {error.strerror}") from error

    def _header(self) -> SegmentHeader:
        return SegmentHeader(
            origin=self.origin,
            first=self._range.size,
            epoch=self.epoch,
            range=self._range,
            signature=self._seal.signature if self._seal is not None else b"",
            open_intents=self.open_intents,
        )

    def _rotate(self) -> None:
        if self._segment.path.name == segment_name(self._range.size):
            return
        try:
            segment = SegmentWriter.create(self.directory, self._header(), self._files)
        except OSError as error:
            raise _translated(error) from error
        self._segment.close()
        self._segment = segment
        self.generation += 1

    def _first_segment(self) -> SegmentWriter:
        if self.recovered.segment is None:
            segment = SegmentWriter.create(self.directory, self._header(), self._files)
        else:
            segment = SegmentWriter.resume(self.recovered.segment, self.recovered.tail.offset, self._files)
        if not (self.directory / RESERVE).exists():
            self._claim_reserve()
        return segment

    def _claim_reserve(self) -> None:
        """Raises NoSpaceError, DiskError."""
        reserve = self.directory / RESERVE
        if not self._settings.reserve_bytes or reserve.exists():
            return
        temporary = reserve.with_suffix(".new")
        try:
            self._files.unlink(temporary)
            fd = self._files.open(temporary, create=True)
            try:
                self._files.allocate(fd, self._settings.reserve_bytes)
                self._files.datasync(fd)
            finally:
                self._files.close(fd)
            self._files.rename(temporary, reserve)
            self._files.sync_directory(self.directory)
        except OSError as error:
            temporary.unlink(missing_ok=True)
            raise _translated(error) from error


def known_checkpoints(folders: Sequence[Path], verifier: NoteVerifier) -> list[Seal]:
    """Every checkpoint of this log found; the log's own folder comes first. Raises LedgerCorruptError, OSError."""
    known = []
    for folder in folders:
        path = folder / _checkpoint_name(folder, folders[0])
        if path.exists():
            known.append(open_checkpoint(read_regular(path), verifier))
    return known


def _checkpoint_name(folder: Path, own: Path) -> str:
    return CHECKPOINT if folder == own else f"{own.name}.{CHECKPOINT}"


def _translated(error: OSError) -> LedgerUnavailableError:
    if error.errno in NO_SPACE:
        return NoSpaceError(f"the ledger cannot be written: {error.strerror}")
    return DiskError(f"the ledger cannot be written: {error.strerror}")


def _lock(directory: Path) -> int:
    fd = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        os.close(fd)
        raise LedgerUnavailableError(
            f"another process writes the ledger in {directory.name}: does a gate run on this state folder already?"
        ) from error
    return fd


def _keep_verifier(directory: Path, files: Files, signer: NoteSigner) -> None:
    """The public key lies beside the log. Raises LedgerCorruptError if another one is there."""
    path = directory / VERIFIER
    vkey = signer.verifier.vkey() + "\n"
    if not path.exists():
        replace_file(files, path, vkey.encode())
    elif read_regular(path) != vkey.encode():
        raise LedgerCorruptError("the log was signed with another key")


def _keep_torn(directory: Path, recovered: Recovered) -> None:
    """Keep a copy of what will be cut, so that nothing is ever lost by recovery itself."""
    if recovered.segment is None or recovered.tail.unwritten:
        return
    folder = directory / TORN
    folder.mkdir(mode=0o700, exist_ok=True)
    name = f"{recovered.segment.name}.{recovered.tail.offset}.epoch-{recovered.standing.epoch}"
    with (folder / name).open("wb") as copy:
        copy.write(recovered.tail.data.rstrip(b"\0"))
        copy.flush()
        os.fsync(copy.fileno())


def _tiles(directory: Path, recovered: Recovered) -> Tiles:
    """The tiles of everything sealed: kept where they lead to the signed root, built anew from the segments where not."""
    standing = recovered.standing
    tiles = Tiles(directory / "tiles")
    size = standing.range.size
    if tiles.size == size and tiles.leads_to(size, standing.range.root()):
        return tiles
    start = standing.scanned_from
    if start and tiles.leads_to(start, standing.scanned_root):
        tree = tiles.range(start)
        tiles.truncate(start)
    else:
        tiles.truncate(0)
        tree = CompactRange()
        for path in segment_paths(directory):
            if first_leaf(path) >= start:
                break
            with read_segment(path) as reader:
                for batch in reader.batches():
                    completed: list[tuple[int, bytes]] = []
                    for leaf in batch.leaves:
                        tree.append(leaf_hash(leaf.entry), completed)
                    tiles.take(completed)
            tiles.flush()
    completed = []
    for hashed in standing.leaf_hashes:
        tree.append(hashed, completed)
    tiles.take(completed)
    tiles.flush()
    standing.leaf_hashes.clear()
    return tiles
