"""What a ledger's files, and the events in them, can be made to hold: whoever reads says so, or is not troubled by it."""

import asyncio
import os
import shutil
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import orjson
import pytest

from passgate.core.errors import LedgerCorruptError, LedgerUnavailableError
from passgate.core.event import Event, EventType
from passgate.ledger import chunk_files
from passgate.ledger.checkpoint import seal
from passgate.ledger.claims import Report, Verdict
from passgate.ledger.export import Format, export
from passgate.ledger.frames import FrameKind, encode, frames
from passgate.ledger.index import FILE, Index
from passgate.ledger.keys import KeyFile
from passgate.ledger.ledger import Ledger
from passgate.ledger.log import CHECKPOINT, VERIFIER
from passgate.ledger.merkle import CompactRange, leaf_hash
from passgate.ledger.notes import NoteSigner
from passgate.ledger.proof import prove
from passgate.ledger.reader import LedgerReader, LogReader
from passgate.ledger.replay import replay
from passgate.ledger.segment import read_segment, segment_paths
from passgate.ledger.verify import verify
from tests.faults.kit import MIB, SMALL, a_session, copied, ended, intent, open_log, query, refused, signer, started
from tests.faults.test_hostile_leaves import HOSTILE, places
from tests.unit.ledger.conftest import READERS, Recorded, record_session

LOG = SMALL.log_name


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return asyncio.run(record_session(tmp_path_factory.mktemp("recorded")))


@pytest.fixture
def own(recorded: Recorded, tmp_path: Path) -> Recorded:
    return replace(recorded, folder=copied(recorded.folder, tmp_path / "copy"))


def failed(report: Report) -> list[str]:
    return [finding.reason for finding in report.findings if finding.verdict is Verdict.FAIL]


# -- files that are cut, replaced, or no files at all --------------------------------------------------------------


def test_a_file_that_is_cut_while_it_is_read_ends_no_process(own: Recorded) -> None:
    """Class: readers of a file that its writer may cut (a mapping of it would be a SIGBUS, and the gate reads ledgers too)."""
    path = segment_paths(own.folder / LOG)[0]
    with path.open("ab") as file:
        file.write(encode(FrameKind.LEAF, bytes(3 * MIB)))
    child = os.fork()
    if not child:  # a signal would take the whole of the tests
        status = 1
        try:
            with read_segment(path) as reader:
                batches = reader.batches()
                first = next(batches)
                os.truncate(path, first.end)
                list(batches)
            status = 0
        finally:
            os._exit(status)
    _, ended_by = os.waitpid(child, 0)
    assert ended_by == 0, signal.Signals(ended_by).name


def test_a_batch_that_comes_into_claimed_space_is_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Class: a reader beside a writer in space that was claimed ahead, where the file's size says nothing."""
    log = open_log(tmp_path / "log")
    log.enter_reserve()
    path = segment_paths(tmp_path / "log")[-1]
    leaf = b'{"epoch":1,"id":"E","mono":1,"time":1,"type":"heartbeat","v":1}'
    tree = CompactRange()
    tree.append(leaf_hash(leaf))
    batch = encode(FrameKind.LEAF, leaf) + encode(FrameKind.SEAL, seal(1, tree.root(), signer()).payload())
    with read_segment(path) as reader, path.open("r+b") as file:
        file.seek(reader.begin)
        file.write(batch[:20])
        file.flush()

        class Meanwhile:
            """The moment in which a reader waits for what may be coming."""

            def wait(self, _seconds: float) -> None:
                file.write(batch[20:])
                file.flush()
                monkeypatch.undo()

        monkeypatch.setattr(threading, "Event", Meanwhile)
        found = list(reader.batches())
    assert [one.leaves[0].entry for one in found] == [leaf]
    assert reader.tail is not None
    assert reader.tail.unwritten
    log.close()


@pytest.mark.parametrize(
    "name",
    [
        VERIFIER,
        CHECKPOINT,
        "seg-00000000000000000000.log",
        KeyFile.FILE,
        "tiles/0",
        "../keys/wrapping.key",
        f"../{FILE}",
    ],
)
@pytest.mark.parametrize("what", ["pipe", "folder"])
def test_nobody_waits_for_a_pipe(own: Recorded, name: str, what: str) -> None:
    """Class: every file of a ledger that somebody else may have put there, not only recordings."""
    path = own.folder / LOG / name
    path.unlink(missing_ok=True)
    os.mkfifo(path) if what == "pipe" else path.mkdir()

    def use() -> None:
        for ask in (
            lambda: verify(own.reader),
            lambda: replay(own.reader, own.session, READERS),
            lambda: [prove(entry) for entry in own.reader.entries()],
            lambda: Index.open(own.reader).close(),
            lambda: Ledger.open(own.folder, SMALL).close(),
        ):
            try:
                ask()
            except (LedgerCorruptError, LedgerUnavailableError, OSError):
                continue

    asked = threading.Thread(target=use, daemon=True)
    asked.start()
    asked.join(timeout=20)
    assert not asked.is_alive()


def test_a_proof_of_a_log_that_was_cut(own: Recorded) -> None:
    """Class: a head that speaks of more than is left."""
    shutil.rmtree(own.folder / LOG / "tiles")
    path = segment_paths(own.folder / LOG)[0]
    with read_segment(path) as reader:
        end = next(reader.batches()).end
    os.truncate(path, end)
    with pytest.raises(LedgerCorruptError, match="entries left of the"):
        prove(next(own.reader.entries()))


# -- recordings ------------------------------------------------------------------------------------------------------


async def two_chunks(folder: Path) -> list[str]:
    ledger = Ledger.open(folder, SMALL)
    session = a_session()
    await ledger.append(started(session)).durable
    recording = ledger.recording(session)
    for text in (b"SELECT first", b"SELECT second"):
        recording.write("in", text)
        recording.flush()  # type: ignore[attr-defined]
    digest = recording.close()
    await ledger.append(ended(session, digest.chunks)).durable
    ledger.close()
    chunks = [e.event["detail"]["ct_sha256"] for e in LedgerReader(folder).entries() if e.type == EventType.REC_CHUNK]
    assert len(chunks) == 2
    return chunks


def test_chunks_of_one_session_that_changed_places(tmp_path: Path) -> None:
    """Class: a ciphertext that opens, and is not the one that the log names."""
    one, two = asyncio.run(two_chunks(tmp_path / "l"))
    folder = tmp_path / "l" / LOG / "recordings" / "S1"
    (folder / one).rename(folder / "x")
    (folder / two).rename(folder / one)
    (folder / "x").rename(folder / two)
    with pytest.raises(LedgerCorruptError, match="not the one"):
        replay(LedgerReader(tmp_path / "l"), "S1", READERS)


def test_a_chunk_that_is_gone_is_told(tmp_path: Path) -> None:
    """Class: a replay that looks whole and is not. Only an erasure, which takes the key, leaves nothing to say."""
    one, _ = asyncio.run(two_chunks(tmp_path / "l"))
    (tmp_path / "l" / LOG / "recordings" / "S1" / one).unlink()
    found = replay(LedgerReader(tmp_path / "l"), "S1", READERS)
    assert found is not None
    assert [m.kind for m in found.moments if m.kind in ("cut", "statement")] == ["cut", "statement"]


@pytest.mark.parametrize("length", [0, 1, 7, 8, 12, 27])
def test_a_ciphertext_that_is_too_short(recorded: Recorded, length: int) -> None:
    """Class: lengths below that of a nonce, of a tag, of both."""
    (key,) = recorded.reader.session_keys(recorded.reader.logs()[0], recorded.session).values()
    with pytest.raises(LedgerCorruptError):
        key.open(bytes(length))


def test_a_chunk_that_found_no_room_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(chunk_files.os, "fdatasync", full)
    with pytest.raises(OSError, match="No space"):
        chunk_files.write_chunk(tmp_path / "a" / "b", "0" * 64, b"data")
    assert not list((tmp_path / "a" / "b").iterdir())


# -- events ----------------------------------------------------------------------------------------------------------


async def record(folder: Path, *events: Callable[[Any], Event], upstream: str = "app") -> list[str]:
    """Between a session's start and its end; what was refused."""
    ledger = Ledger.open(folder, SMALL)
    session = a_session()
    await ledger.append(started(session)).durable
    errors = []
    session.user = upstream
    for event in events:
        try:
            await ledger.append(event(session)).durable
        except LedgerUnavailableError as error:
            errors.append(str(error))
    session.user = "app"
    await ledger.append(ended(session)).durable
    ledger.close()
    return errors


def noise(count: int) -> str:
    """Text that nothing compresses."""
    return os.urandom(count).decode("latin-1")


@pytest.mark.parametrize("what", ["text", "user", "float"])
def test_what_cannot_be_recorded_is_refused_and_counted(tmp_path: Path, what: str) -> None:
    """Class: an event of which nothing can be written. It takes no number, breaks no log, and is declared missing."""
    if what == "text":
        errors = asyncio.run(record(tmp_path, lambda s: intent(s, noise(34 * MIB))))
    elif what == "user":
        errors = asyncio.run(record(tmp_path, intent, upstream="u" * 70_000))
    else:
        errors = asyncio.run(record(tmp_path, lambda s: Event(type=EventType.BOUND_HIT, session=s, detail={"x": 1.5})))
    assert len(errors) == 1
    gaps = [entry.event["detail"]["count"] for entry in LedgerReader(tmp_path).entries() if entry.type == "audit.gap"]
    assert gaps == [1]
    assert not failed(verify(LedgerReader(tmp_path)))
    Ledger.open(tmp_path, SMALL).close()


@pytest.mark.parametrize("bits", [63, 64, 20_000])
@pytest.mark.parametrize("sign", [1, -1])
def test_numbers_that_somebody_else_chose(tmp_path: Path, bits: int, sign: int) -> None:
    """Class: a count of a server's or a provider's, larger than what keeps it. It is recorded, and found."""
    number = sign << bits

    def told(session: Any) -> Event:
        detail = {"status": "ok", "rows": number, "tokens": number, "bytes": 7}
        return Event(type=EventType.SESSION_END, session=session, detail=detail)

    assert not asyncio.run(record(tmp_path, told))
    with Index.open(LedgerReader(tmp_path)) as index:
        (row,) = index.sessions(5)
    assert row.rows < 2**53
    list(export(LedgerReader(tmp_path).entries(), Format.OCSF))


def test_a_session_whose_recording_is_slow_keeps_its_numbering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Class: what is forgotten of a session by number, while something of it is still on its way."""
    go = threading.Event()
    write = chunk_files.write_chunk

    def slow(folder: Path, name: str, data: bytes) -> None:
        go.wait()
        write(folder, name, data)

    monkeypatch.setattr(chunk_files, "write_chunk", slow)
    monkeypatch.setattr("passgate.ledger.ledger._ENDED_KEPT", 4)

    async def run() -> None:
        ledger = Ledger.open(tmp_path, SMALL)
        for number in range(20):
            session = a_session(f"S{number}")
            ledger.append(started(session))
            recording = ledger.recording(session)
            recording.write("in", b"SELECT 1")
            last = ledger.append(ended(session, recording.close().chunks))
        await last.durable
        go.set()
        ledger.close()

    asyncio.run(run())
    report = verify(LedgerReader(tmp_path))
    assert not failed(report)


def resealed(folder: Path, change: Callable[[int, dict[str, Any]], None]) -> None:
    """The folder's log as its own key would have sealed it with other leaves."""
    log = LogReader(folder / LOG)
    key = LedgerReader(folder).root_keys()
    assert key is not None
    by = NoteSigner(log.origin, key.signing)
    path = segment_paths(log.directory)[0]
    tree, made, number = CompactRange(), bytearray(), 0
    for frame in frames(memoryview(path.read_bytes())):
        payload = frame.payload
        if frame.kind is FrameKind.LEAF:
            event = orjson.loads(payload)
            change(number, event)
            payload = orjson.dumps(event)
            tree.append(leaf_hash(payload))
            number += 1
        elif frame.kind is FrameKind.SEAL:
            payload = seal(tree.size, tree.root(), by).payload()
        made += encode(frame.kind, payload)
    path.write_bytes(made)
    (log.directory / CHECKPOINT).write_bytes(seal(tree.size, tree.root(), by).note(by.verifier))


def edits(leaves: list[dict[str, Any]]) -> Iterator[tuple[int, tuple[str, ...], Any]]:
    values = cycle((*HOSTILE, 2**64 - 1, ...))
    for number, leaf in enumerate(leaves):
        for place in places(leaf):
            for value in islice(values, 3):
                yield number, place, value


def test_any_field_of_any_leaf_that_was_sealed_so(recorded: Recorded, tmp_path: Path) -> None:
    """Class: whoever has made the log, with a key of his own, hands it to an auditor."""
    leaves = [dict(entry.event) for entry in recorded.reader.entries()]
    original = copied(recorded.folder, tmp_path / "copy")
    saved = segment_paths(original / LOG)[0].read_bytes()
    for number, path, value in edits(leaves):
        segment_paths(original / LOG)[0].write_bytes(saved)

        def change(at: int, event: Any, number: int = number, path: Any = path, value: Any = value) -> None:
            if at != number:
                return
            for name in path[:-1]:
                event = event[name]
            if value is ...:
                del event[path[-1]]
            else:
                event[path[-1]] = value

        resealed(original, change)
        reader = LedgerReader(original)
        for use in (
            lambda reader=reader: verify(reader),
            lambda reader=reader: Index.open(reader, rebuild=True).close(),
            lambda reader=reader: list(export(reader.entries(), Format.OCSF)),
            lambda reader=reader: replay(reader, recorded.session, READERS),
        ):
            try:
                use()
            except LedgerCorruptError:
                continue


# -- what is shown elsewhere -----------------------------------------------------------------------------------------

LINES = ("\u0085", "\u2028", "\u2029", "\x1c", "\x7f", "\u009b2J", "\u202e", "\x1b[2J", "\n")


@pytest.mark.parametrize("form", list(Format))
def test_an_exported_entry_is_one_line_and_steers_nothing(tmp_path: Path, form: Format) -> None:
    """Class: what some reader of lines takes for the end of one, and what a terminal obeys."""
    said = "a" + "b".join(LINES) + '{"type":"forged"}'
    asyncio.run(record(tmp_path, lambda s: Event(type=EventType.BOUND_HIT, session=s, detail={"said": said})))
    entries = list(LedgerReader(tmp_path).entries())
    for entry, line in zip(entries, export(entries, form), strict=True):
        text = line.decode()
        assert len(text.splitlines()) == 1
        assert text.removesuffix("\n").isprintable()
        found = orjson.loads(line)
        event = found if form is Format.JSONL else found["unmapped"]["passgate"]
        assert event["detail"] == entry.event.get("detail", event["detail"])


def test_an_entry_as_deep_as_can_be_written_can_be_exported(tmp_path: Path) -> None:
    def deep(session: Any) -> Event:
        inner: dict[str, Any] = {}
        for _ in range(252):
            inner = {"a": inner}
        return Event(type=EventType.BOUND_HIT, session=session, detail=inner)

    assert not asyncio.run(record(tmp_path, deep))
    for form in Format:
        assert len(list(export(LedgerReader(tmp_path).entries(), form))) == len(list(LedgerReader(tmp_path).entries()))


@pytest.mark.parametrize("peer", ["x:²", "x:" + "9" * 5000, ":", "[::1]:5", "10.0.0.1:٣"])
def test_a_peer_with_an_odd_port(recorded: Recorded, peer: str) -> None:
    entry = next(recorded.reader.entries())
    (line,) = export([replace(entry, event={**entry.event, "actor": {"subject": "a", "peer": peer}})], Format.OCSF)
    assert orjson.loads(line)["src_endpoint"]


# -- the index -------------------------------------------------------------------------------------------------------


def test_an_index_of_another_ledger_is_not_believed(own: Recorded, tmp_path: Path) -> None:
    """Class: a cache that fits by its names only: of another ledger, of the log before it was repaired, of a log that is gone."""

    async def other(folder: Path, settings: Any) -> None:
        ledger = Ledger.open(folder, settings)
        for _ in range(20):
            await ledger.append(refused(a_session("OTHER"))).durable
        await ledger.append(started(a_session("OTHER"))).durable
        ledger.close()

    for number, settings in enumerate((SMALL, replace(SMALL, worker=7))):
        asyncio.run(other(tmp_path / f"other{number}", settings))
        Index.open(LedgerReader(tmp_path / f"other{number}")).close()
        shutil.copy(tmp_path / f"other{number}" / FILE, own.folder / FILE)
        with Index.open(own.reader) as index:
            assert [row.id for row in index.sessions(5)] == [own.session]


@pytest.mark.parametrize("locked", [False, True])
def test_what_was_erased_is_not_in_the_indexs_file_either(tmp_path: Path, locked: bool) -> None:
    """Class: what SQLite and its full text keep of a row after it was deleted; and a file that could not be opened just then."""

    async def many() -> None:
        ledger = Ledger.open(tmp_path, SMALL)
        for number in range(6):
            session = a_session(f"S{number}")
            ledger.append(started(session))
            recording = ledger.recording(session)
            for line in range(50):
                recording.write("in", b"SELECT word%dx%d FROM private%d" % (number, line, number))
            await ledger.append(ended(session, recording.close().chunks)).durable
        ledger.close()

    asyncio.run(many())
    path = tmp_path / FILE
    with Index.open(LedgerReader(tmp_path)) as index:
        assert index.search("private2", 5)
    other = sqlite3.connect(path)
    if locked:
        other.execute("BEGIN EXCLUSIVE")
    with Index.open(LedgerReader(tmp_path)) as index:
        index.forget("S2")
    other.close()
    assert not path.exists() if locked else b"private2" not in path.read_bytes()


@pytest.mark.parametrize("words", ["\udcff", "a\0b", "*", '"', "\udcff*", "NEAR(", "said:x"])
def test_words_that_are_no_words(own: Recorded, words: str) -> None:
    """Class: an argument in another encoding, or one that means something to what searches."""
    with Index.open(own.reader) as index:
        index.search(words, 5)
        index.beginning_with(words)
    assert own.reader.find(words) is None
    assert own.reader.session(words) == ()


# -- clocks ----------------------------------------------------------------------------------------------------------


def test_a_machine_that_slept_has_put_no_old_checkpoint_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Class: a jump of the clock between the last published entry and the next one, looked at before that one is published."""
    settings = replace(SMALL, checkpoint_seconds=3600)

    async def run() -> Report:
        ledger = Ledger.open(tmp_path, settings)
        clock = time.time_ns
        monkeypatch.setattr(time, "time_ns", lambda: clock() + 7200 * 10**9)
        await query(ledger, a_session())
        report = verify(LedgerReader(tmp_path))
        ledger.close()
        return report

    assert not [reason for reason in failed(asyncio.run(run())) if "put back" in reason]


def test_a_check_that_takes_long_beside_a_gate_that_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Class: a head that was read before the log, and a log that went on for minutes, or was begun anew, until it was read."""
    clock = time.time_ns

    async def run() -> Report:
        first = Ledger.open(tmp_path, SMALL)
        await query(first, a_session())
        first.close()
        gates = []

        def late(directory: Path) -> list[Path]:
            """The log is listed only now; the checkpoint was read before."""
            if not gates:
                monkeypatch.setattr(time, "time_ns", lambda: clock() + 7200 * 10**9)
                gates.append(Ledger.open(tmp_path, SMALL))
                gates[0]._log.commit([gates[0]._note(Event(type=EventType.HEARTBEAT))])
                gates[0]._log.publish()
            return segment_paths(directory)

        monkeypatch.setattr("passgate.ledger.chain.segment_paths", late)
        report = verify(LedgerReader(tmp_path))
        gates[0].close()
        return report

    assert not [reason for reason in failed(asyncio.run(run())) if "put back" in reason]


def test_an_old_checkpoint_is_found_by_a_boot_that_published_its_own(tmp_path: Path) -> None:
    """However little time has passed."""

    async def run() -> None:
        ledger = Ledger.open(tmp_path, SMALL)
        await query(ledger, a_session())
        ledger.close()

    asyncio.run(run())
    path = tmp_path / LOG / CHECKPOINT
    old = path.read_bytes()
    asyncio.run(run())
    assert not failed(verify(LedgerReader(tmp_path)))
    path.write_bytes(old)
    assert any("put back" in reason for reason in failed(verify(LedgerReader(tmp_path))))
