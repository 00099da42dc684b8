"""A ledger that somebody without the key has written into: whatever reads it says so in one kind of error."""

import asyncio
import os
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import orjson
import pytest

from passgate.core.errors import LedgerCorruptError
from passgate.ledger.checkpoint import open_checkpoint
from passgate.ledger.claims import Claim, Verdict
from passgate.ledger.export import native, ocsf
from passgate.ledger.frames import FrameKind, encode, frames
from passgate.ledger.ledger import Ledger
from passgate.ledger.log import CHECKPOINT, VERIFIER
from passgate.ledger.notes import NoteVerifier
from passgate.ledger.proof import Proof, prove
from passgate.ledger.reader import LedgerReader, LogReader
from passgate.ledger.replay import replay
from passgate.ledger.segment import segment_paths
from passgate.ledger.verify import verify
from tests.faults.kit import SMALL, copied
from tests.unit.ledger.conftest import READERS, Recorded, record_session

LOG = SMALL.log_name
HOSTILE: tuple[Any, ...] = (
    None,
    True,
    -1,
    2**63,
    1.5,
    "",
    "x",
    "/dev/zero",
    "../../x",
    "\x1b[2J",
    [],
    [1],
    {},
    {"x": {}},
)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return asyncio.run(record_session(tmp_path_factory.mktemp("recorded")))


def places(value: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield (*path, name)
            yield from places(inner, (*path, name))


def changed(data: bytes, number: int, path: tuple[str, ...], value: Any) -> bytes:
    """The segment with one field of one leaf changed, its CRC right again. ``value`` is left out where it is ``...``."""
    made, seen = bytearray(), 0
    for frame in frames(memoryview(data)):
        payload = frame.payload
        if frame.kind is FrameKind.LEAF:
            if seen == number:
                event = orjson.loads(payload)
                inner = event
                for name in path[:-1]:
                    inner = inner[name]
                if value is ...:
                    del inner[path[-1]]
                else:
                    inner[path[-1]] = value
                payload = orjson.dumps(event)
            seen += 1
        made += encode(frame.kind, payload)
    return bytes(made)


def read_all(folder: Path, session: str) -> None:
    reader = LedgerReader(folder)
    for use in (
        lambda: [native(entry) for entry in reader.entries()],
        lambda: [ocsf(entry) for entry in reader.entries()],
        lambda: replay(reader, session, READERS),
        lambda: [prove(entry) for entry in reader.entries()],
        lambda: verify(reader),
    ):
        try:
            use()
        except LedgerCorruptError:
            continue


def test_any_field_of_any_leaf(recorded: Recorded, tmp_path: Path) -> None:
    """Every field of every kind of leaf, with some of what JSON can hold in its place; which, goes round."""
    folder = copied(recorded.folder, tmp_path / "copy")
    path = segment_paths(folder / LOG)[-1]
    data = path.read_bytes()
    leaves = [orjson.loads(frame.payload) for frame in frames(memoryview(data)) if frame.kind is FrameKind.LEAF]
    values = cycle((*HOSTILE, ...))
    for number, leaf in enumerate(leaves):
        for place in places(leaf):
            for value in islice(values, 4):
                path.write_bytes(changed(data, number, place, value))
                read_all(folder, recorded.session)


@pytest.mark.parametrize("value", ["/dev/zero", "../../x", "", None, 7, "AB" * 32, "ab" * 31])
def test_a_chunk_is_named_by_its_hash_and_by_nothing_else(recorded: Recorded, tmp_path: Path, value: Any) -> None:
    folder = copied(recorded.folder, tmp_path / "copy")
    path = segment_paths(folder / LOG)[-1]
    data = path.read_bytes()
    leaves = [orjson.loads(frame.payload) for frame in frames(memoryview(data)) if frame.kind is FrameKind.LEAF]
    number = next(number for number, leaf in enumerate(leaves) if leaf["type"] == "rec.chunk")
    path.write_bytes(changed(data, number, ("detail", "ct_sha256"), value))
    with pytest.raises(LedgerCorruptError, match="malformed detail"):
        replay(LedgerReader(folder), recorded.session, READERS)


@pytest.mark.parametrize("what", ["pipe", "device", "folder"])
def test_a_chunk_is_a_file(recorded: Recorded, tmp_path: Path, what: str) -> None:
    """Nobody waits for a pipe that no one writes to, or reads a device that never ends."""
    folder = copied(recorded.folder, tmp_path / "copy")
    (chunk,) = (folder / LOG / "recordings" / recorded.session).iterdir()
    chunk.unlink()
    if what == "pipe":
        os.mkfifo(chunk)
    elif what == "device":
        chunk.symlink_to("/dev/zero")
    else:
        chunk.mkdir()
    with pytest.raises(LedgerCorruptError, match="not a file"):
        replay(LedgerReader(folder), recorded.session, READERS)
    report = verify(LedgerReader(folder))
    assert next(finding for finding in report.findings if finding.claim is Claim.C3).verdict is Verdict.FAIL


NOTES: tuple[tuple[str, Callable[[bytes, NoteVerifier], object]], ...] = (
    (VERIFIER, lambda data, _: NoteVerifier.parse(data.decode(errors="replace"))),
    (CHECKPOINT, open_checkpoint),
    ("proof", lambda data, key: Proof.parse(data.decode(errors="replace")).check(b"{}", key)),
)


@pytest.mark.parametrize(("name", "use"), NOTES)
def test_any_byte_of_a_note(recorded: Recorded, name: str, use: Callable[[bytes, NoteVerifier], object]) -> None:
    log = LogReader(recorded.folder / LOG)
    whole = prove(next(log.entries())).text().encode() if name == "proof" else (log.directory / name).read_bytes()
    for place in range(len(whole)):
        for other in (b"\xff", b"\xc3\xa9", b"\0", b"\n", b"=", b"9" * 5000, b""):
            data = whole[:place] + other + whole[place + 1 :]
            try:
                use(data, log.verifier)
            except LedgerCorruptError:
                continue


def test_a_key_beside_the_log_that_is_no_text(recorded: Recorded, tmp_path: Path) -> None:
    folder = copied(recorded.folder, tmp_path / "copy")
    (folder / LOG / VERIFIER).write_bytes(b"\xff\xfe")
    with pytest.raises(LedgerCorruptError):
        LedgerReader(folder).logs()
    with pytest.raises(LedgerCorruptError):
        Ledger.open(folder, SMALL)
