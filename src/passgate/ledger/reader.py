"""Reading logs that others may be writing: entries up to the last seal, and what a session's key opens."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import orjson
import zstandard

from passgate.core.errors import LedgerCorruptError, LedgerUnavailableError
from passgate.ledger.checkpoint import Seal, open_checkpoint
from passgate.ledger.envelope import unpack_payload
from passgate.ledger.frames import MAX_PAYLOAD
from passgate.ledger.keys import KeyFile, RootKeys, SessionKey
from passgate.ledger.leaves import Document, parse
from passgate.ledger.log import CHECKPOINT, VERIFIER
from passgate.ledger.notes import NoteVerifier
from passgate.ledger.regular import read_regular
from passgate.ledger.segment import Batch, first_leaf, read_segment, segment_paths
from passgate.pipeline.sealing import UNSEALED, Sealing


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event of a log. ``leaf`` is exactly what was hashed; ``payload`` is ciphertext stored in the same batch, if it was."""

    log: "LogReader"
    index: int
    segment: str
    offset: int
    leaf: bytes
    event: Document
    payload: bytes | None = None

    @property
    def id(self) -> str:
        return str(self.event["id"])

    @property
    def type(self) -> str:
        return str(self.event["type"])

    @property
    def session(self) -> str:
        return str(self.event.get("session", ""))

    @property
    def payload_hash(self) -> str:
        """Hex SHA-256 of the ciphertext that the leaf names, empty if none."""
        payload = self.event.get("payload")
        return str(payload["ct_sha256"]) if payload else ""

    @property
    def key_id(self) -> str:
        payload = self.event.get("payload")
        return str(payload["key"]) if payload else ""


class LogReader:
    """One log, ``<ledger>/<node>-w<n>``. Raises LedgerCorruptError if there is none."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        try:
            self.verifier = NoteVerifier.parse(read_regular(directory / VERIFIER).decode(errors="replace"))
        except OSError as error:
            raise LedgerCorruptError(f"{directory.name} holds no log: {error.strerror}") from error

    @property
    def name(self) -> str:
        return self.directory.name

    @property
    def origin(self) -> str:
        return self.verifier.name

    def batches(self, start: int = 0) -> Iterator[tuple[Path, int, Batch]]:
        """Segment, index of the first leaf, batch; from the segment of leaf ``start`` on. Raises LedgerCorruptError, OSError."""
        paths = segment_paths(self.directory)
        while len(paths) > 1 and first_leaf(paths[1]) <= start:
            del paths[0]
        for path in paths:
            with read_segment(path) as reader:
                index = reader.header.first
                for batch in reader.batches():
                    yield path, index, batch
                    index += len(batch.leaves)

    def entries(self, start: int = 0, *, containing: bytes = b"") -> Iterator[Entry]:
        """From leaf ``start`` on, those whose bytes contain ``containing``. Raises LedgerCorruptError, OSError."""
        for path, first, batch in self.batches(start):
            for index, leaf in enumerate(batch.leaves, first):
                if index < start or containing not in leaf.entry:
                    continue
                try:
                    event = parse(leaf.entry)
                except LedgerCorruptError as error:
                    raise LedgerCorruptError(f"{path.name} at byte {leaf.offset}: {error}") from error
                named = event.get("payload")
                payload = batch.payloads.get(bytes.fromhex(named["ct_sha256"])) if named else None
                yield Entry(
                    log=self,
                    index=index,
                    segment=path.name,
                    offset=leaf.offset,
                    leaf=leaf.entry,
                    event=event,
                    payload=payload,
                )

    def published(self) -> Seal | None:
        """The checkpoint beside the log, None if there is none yet. Raises LedgerCorruptError, OSError."""
        path = self.directory / CHECKPOINT
        return open_checkpoint(read_regular(path), self.verifier) if path.exists() else None

    def head(self) -> Seal | None:
        """The last seal, None for a log without any. Raises LedgerCorruptError, OSError."""
        last = None
        paths = segment_paths(self.directory)
        for path in reversed(paths):
            with read_segment(path) as reader:
                for batch in reader.batches():
                    last = batch.seal
            if last is not None:
                break
        return last


class SessionTexts:
    """Opens what one session's leaves keep out of line; entries are to be shown to it in log order."""

    def __init__(self, keys: Mapping[str, SessionKey]) -> None:
        self._keys = keys
        self._sealed: dict[str, bytes] = {}

    def open(self, entry: Entry) -> Document | None:
        """The payload's JSON; None if the leaf has none, or its key is gone. Raises LedgerCorruptError."""
        name = entry.payload_hash
        if not name:
            return None
        if entry.payload is not None:
            self._sealed[name] = entry.payload
        sealed, key = self._sealed.get(name), self._keys.get(entry.key_id)
        if sealed is None or key is None:
            return None
        try:
            body: Document = orjson.loads(unpack_payload(key.open(sealed), MAX_PAYLOAD))
        except (orjson.JSONDecodeError, zstandard.ZstdError) as error:
            raise LedgerCorruptError(f"the payload of entry {entry.index} is malformed") from error
        return body


class LedgerReader:
    """Every log in a ledger folder. The keys are needed only for what is encrypted."""

    def __init__(self, path: Path, *, sealing: Sealing = UNSEALED) -> None:
        self.path = path
        self.sealing = sealing
        self._root: RootKeys | None = None

    def logs(self) -> tuple[LogReader, ...]:
        """By name. Also takes the folder of a single log. Raises LedgerCorruptError, LedgerUnavailableError if there is nothing."""
        if (self.path / VERIFIER).exists():
            return (LogReader(self.path),)
        found = tuple(LogReader(p.parent) for p in sorted(self.path.glob(f"*/{VERIFIER}")))
        if not found:
            raise LedgerUnavailableError(f"there is no ledger in {self.path}")
        return found

    def entries(self) -> Iterator[Entry]:
        """Of all logs, one log after the other. Raises LedgerCorruptError, OSError."""
        for log in self.logs():
            yield from log.entries()

    def root_keys(self) -> RootKeys | None:
        """None on a copy without them."""
        if self._root is None:
            self._root = self._find_root()
        return self._root

    def _find_root(self) -> RootKeys | None:
        for folder in (self.path / "keys", self.path.parent / "keys"):
            if (folder / "wrapping.key").exists():
                return RootKeys.open(folder, create=False, sealing=self.sealing)
        return None

    def session_keys(self, log: LogReader, session: str) -> dict[str, SessionKey]:
        """By id; empty where they are destroyed or this copy came without the wrapping key. Raises LedgerCorruptError, OSError."""
        root = self.root_keys()
        return {} if root is None else KeyFile(log.directory).load(session, root)

    def session(self, session: str) -> tuple[Entry, ...]:
        """Every event of one session, in log order; a session lives in one log. Raises LedgerCorruptError, OSError."""
        needle = _needle(session)
        for log in self.logs():
            found = tuple(entry for entry in log.entries(containing=needle) if entry.session == session)
            if found:
                return found
        return ()

    def find(self, event_id: str) -> Entry | None:
        """Raises LedgerCorruptError, OSError."""
        needle = _needle(event_id)
        found = (entry for log in self.logs() for entry in log.entries(containing=needle) if entry.id == event_id)
        return next(found, None)


def _needle(text: str) -> bytes:
    """As a leaf has it. What is no Unicode (an argument in another encoding) is in none."""
    return orjson.dumps(text.encode("utf-8", "replace").decode())
