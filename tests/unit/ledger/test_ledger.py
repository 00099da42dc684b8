"""The ledger behind the Recorder protocol."""

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from passgate.core.errors import LedgerCorruptError, LedgerUnavailableError
from passgate.core.event import Event, EventType
from passgate.ledger.ledger import Ledger
from passgate.ledger.reader import LedgerReader, SessionTexts
from passgate.ledger.verify import verify
from passgate.pipeline.protocols import Recorder
from tests.faults.kit import SMALL, FailingFiles, a_session, ended, intent, outcome, query, refused, started


def events(folder: Path) -> list[tuple[str, str]]:
    return [(entry.type, entry.id) for entry in LedgerReader(folder).entries()]


async def test_events_are_durable_in_the_order_of_their_append(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, SMALL)
    recorder: Recorder = ledger
    session = a_session()
    receipts = [recorder.append(started(session))]
    receipts += [recorder.append(refused(session, f"DROP TABLE t{n}")) for n in range(50)]
    await receipts[-1].durable
    assert all(receipt.durable.done() for receipt in receipts)
    on_disk = [event for _, event in events(tmp_path)]
    ledger.close()
    assert on_disk[1:] == [receipt.event_id for receipt in receipts]


async def test_many_callers_share_a_commit(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, SMALL)
    await asyncio.gather(*(query(ledger, a_session(f"S{n}")) for n in range(64)))
    ledger.close()
    log = LedgerReader(tmp_path).logs()[0]
    assert sum(len(batch.leaves) for *_, batch in log.batches()) == 130
    assert sum(1 for _ in log.batches()) < 20


async def test_a_session_numbers_its_own_events(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, SMALL)
    one, two = a_session("S1"), a_session("S2")
    for session in (one, two, one, two):
        ledger.append(refused(session))
    ledger.append(ended(one))
    await ledger.append(refused(one)).durable  # late, but still of the same session and under the same key
    ledger.close()
    reader = LedgerReader(tmp_path)
    assert [entry.event["seq"] for entry in reader.session("S1")] == [1, 2, 3, 4]
    assert [entry.event["seq"] for entry in reader.session("S2")] == [1, 2]
    assert len(reader.session_keys(reader.logs()[0], "S1")) == 1


async def test_texts_open_with_the_stored_keys_also_across_segments(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, replace(SMALL, segment_bytes=2000))
    session = a_session()
    for n in range(12):
        await query(ledger, session, f"SELECT {n % 2}")
    ledger.close()
    reader = LedgerReader(tmp_path)
    entries = reader.session(session.id)
    texts = SessionTexts(reader.session_keys(entries[0].log, session.id))
    bodies = [texts.open(entry) for entry in entries]
    assert [body["text"] for body in bodies if body] == [f"SELECT {n % 2}" for n in range(12)]
    assert not verify(reader).failed


async def test_ended_sessions_are_forgotten_in_time(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, replace(SMALL, queue_events=10**6))
    for n in range(1100):
        session = a_session(f"S{n}")
        ledger.append(started(session))
        ledger.append(ended(session))
    assert (len(ledger._live), len(ledger._ended)) == (0, 1024)
    ledger.close()
    assert len(events(tmp_path)) == 2202


def test_a_ledger_opens_and_closes_without_a_loop(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path)
    assert (ledger.available, ledger.directory) == (True, tmp_path / "gate-w0")
    ledger.close()
    assert not ledger.available
    ledger.close()  # once more changes nothing
    assert [kind for kind, _ in events(tmp_path)] == [EventType.NODE_BOOT, EventType.HEARTBEAT]
    assert LedgerReader(tmp_path).logs()[0].verifier == ledger.verifier


async def test_what_is_queued_is_written_at_the_close(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, SMALL)
    receipts = [ledger.append(refused(a_session())) for _ in range(20)]
    ledger.close()
    await asyncio.gather(*(receipt.durable for receipt in receipts))
    assert {receipt.event_id for receipt in receipts} <= {event for _, event in events(tmp_path)}
    with pytest.raises(LedgerUnavailableError, match="closed"):
        ledger.append(refused(a_session()))


def test_a_ledger_outlives_the_loop_that_used_it(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, SMALL)

    async def work() -> None:
        recording = ledger.recording(a_session())
        await query(ledger, a_session())
        recording.write("in", b"SELECT 1")
        recording.close()

    asyncio.run(work())
    ledger.close()
    assert [kind for kind, _ in events(tmp_path)].count(EventType.REC_CHUNK) == 1


async def test_an_event_that_cannot_be_written_down_leaves_no_trace(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, SMALL)
    with pytest.raises(LedgerUnavailableError, match="float"):
        ledger.append(Event(type=EventType.BOUND_HIT, session=a_session(), detail={"x": 0.5}))  # type: ignore[dict-item]
    await query(ledger, a_session())
    ledger.close()
    assert not verify(LedgerReader(tmp_path)).failed


async def test_heartbeats_fill_the_silence(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, replace(SMALL, heartbeat_seconds=0.02))
    while [kind for kind, _ in events(tmp_path)].count(EventType.HEARTBEAT) < 3:  # noqa: ASYNC110 - another thread's beat
        await asyncio.sleep(0.01)
    ledger.close()
    assert not verify(LedgerReader(tmp_path)).failed


def test_a_broken_folder_of_keys(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "signing.key").write_bytes(b"x")
    with pytest.raises(LedgerCorruptError):
        Ledger.open(tmp_path, SMALL)


class SelectiveFiles(FailingFiles):
    """Fails for one file only."""

    name = "sessions.keys"

    def open(self, path: Path, *, create: bool) -> int:
        if path.name == self.name:
            self._check("open that")
        return super().open(path, create=create)


def test_session_keys_that_cannot_be_kept(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailableError, match="keys cannot be kept"):
        Ledger.open(tmp_path, SMALL, files=SelectiveFiles(broken={"open that": 5}))
    Ledger.open(tmp_path, SMALL).close()


def test_a_boot_that_cannot_be_written(tmp_path: Path) -> None:
    class NoBatches(FailingFiles):
        def write(self, fd: int, data: bytes, offset: int) -> int:
            if b"node.boot" in data:
                raise OSError(28, "No space left on device")
            return super().write(fd, data, offset)

    with pytest.raises(LedgerUnavailableError, match="No space left"):
        Ledger.open(tmp_path, SMALL, files=NoBatches())
    Ledger.open(tmp_path, SMALL).close()


async def test_a_session_key_that_cannot_be_stored_stops_its_session(tmp_path: Path) -> None:
    class NoKeys(FailingFiles):
        def write(self, fd: int, data: bytes, offset: int) -> int:
            if len(data) == 112:
                self._check("slot")
            return super().write(fd, data, offset)

    files = NoKeys(broken={"slot": 5})
    ledger = Ledger.open(tmp_path, SMALL, files=files)
    with pytest.raises(LedgerUnavailableError, match="a session's key cannot be stored"):
        await ledger.append(started(a_session())).durable
    ledger.close()


async def test_cancelled_waiters_do_not_disturb_the_others(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, SMALL)
    session = a_session()
    one, two = ledger.append(intent(session)), ledger.append(intent(session, "SELECT 2"))
    one.durable.cancel()
    await two.durable
    await ledger.append(outcome(session, one.event_id)).durable
    ledger.close()
    assert one.event_id in {event for _, event in events(tmp_path)}
