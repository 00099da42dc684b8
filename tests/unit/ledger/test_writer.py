"""The writer's bounds: a queue that is full, a disk that hangs. (Full and failing disks are in tests/faults.)"""

import asyncio
import errno
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from passgate.core.errors import LedgerUnavailableError
from passgate.core.event import EventType
from passgate.ledger.files import OsFiles
from passgate.ledger.ledger import Ledger
from passgate.ledger.reader import LedgerReader
from passgate.ledger.settings import Durability
from passgate.ledger.verify import verify
from passgate.ledger.writer import State
from tests.faults.kit import SMALL, FailingFiles, a_session, intent, outcome, query, refused, started


class HangingFiles(OsFiles):
    """A disk whose syncs wait until it is let go."""

    def __init__(self) -> None:
        self.free = threading.Event()
        self.free.set()
        self.waiting = threading.Event()

    def datasync(self, fd: int) -> None:
        if not self.free.is_set():
            self.waiting.set()
            self.free.wait()
        super().datasync(fd)


async def hang(ledger: Ledger, files: HangingFiles) -> "asyncio.Future[None]":
    """One commit that does not come back; returns what waits for it."""
    files.free.clear()
    stuck = ledger.append(refused(a_session())).durable
    await asyncio.to_thread(files.waiting.wait)
    return stuck


def append_until_refused(ledger: Ledger) -> tuple[int, str]:
    """How many were taken, and what was said to the next."""
    for taken in range(100):
        try:
            ledger.append(intent(a_session()))
        except LedgerUnavailableError as error:
            return taken, str(error)
    raise AssertionError("nothing was refused")


@pytest.mark.parametrize("bound", ["events", "bytes"])
async def test_a_full_queue_refuses_at_once_and_the_log_says_how_many(tmp_path: Path, bound: str) -> None:
    files = HangingFiles()
    limits = {"queue_events": 10} if bound == "events" else {"queue_bytes": 6000}
    ledger = Ledger.open(tmp_path, replace(SMALL, **limits), files=files)  # type: ignore[arg-type]
    stuck = await hang(ledger, files)
    taken, said = append_until_refused(ledger)
    assert 2 < taken <= 10
    assert said == "the ledger's queue is full"
    assert not ledger.available
    files.free.set()
    await stuck
    ledger.close()
    gaps = [e.event["detail"] for e in LedgerReader(tmp_path).entries() if e.type == EventType.AUDIT_GAP]
    assert [gap["count"] for gap in gaps] == [1]
    assert not verify(LedgerReader(tmp_path)).failed


async def test_a_disk_that_hangs_does_not_hang_the_callers(tmp_path: Path) -> None:
    files = HangingFiles()
    ledger = Ledger.open(tmp_path, replace(SMALL, stall_seconds=1), files=files)
    await query(ledger, a_session())
    stuck = await hang(ledger, files)
    queued = ledger.append(intent(a_session())).durable
    for waiting in (stuck, queued):
        with pytest.raises(LedgerUnavailableError, match=r"has not answered for 1 s"):
            await waiting
    with pytest.raises(LedgerUnavailableError):
        ledger.append(intent(a_session()))
    files.free.set()
    while not ledger.available:  # noqa: ASYNC110 - the writer tells nobody that the disk is back
        await asyncio.sleep(0.01)
    await query(ledger, a_session("S2"))
    ledger.close()
    assert not verify(LedgerReader(tmp_path)).failed


async def test_watching_ends_when_nothing_waits(tmp_path: Path) -> None:
    # Long enough for a slow disk to answer in, as it must here; the watch ends one such time after the last answer.
    ledger = Ledger.open(tmp_path, replace(SMALL, stall_seconds=2))
    await query(ledger, a_session())
    while ledger._writer._watching:  # noqa: ASYNC110 - a timer of the loop itself
        await asyncio.sleep(0.005)
    await query(ledger, a_session())
    assert ledger._writer._watching
    ledger.close()


async def test_a_checkpoint_follows_the_traffic(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, replace(SMALL, checkpoint_seconds=0.02))
    path = ledger.directory / "checkpoint"
    before = path.read_bytes()
    await query(ledger, a_session())
    while path.read_bytes() == before:  # noqa: ASYNC110 - another thread's file
        await asyncio.sleep(0.005)
    ledger.close()


async def test_a_batch_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from passgate.ledger import writer

    monkeypatch.setattr(writer, "_BATCH_RECORDS", 7)
    ledger = Ledger.open(tmp_path, SMALL)
    receipts = [ledger.append(refused(a_session())) for _ in range(50)]
    await receipts[-1].durable
    ledger.close()
    assert max(len(batch.leaves) for *_, batch in LedgerReader(tmp_path).logs()[0].batches()) == 7


def opened(folder: Path, files: FailingFiles, **changes: float) -> Ledger:
    return Ledger.open(folder, replace(SMALL, **changes), files=files)  # type: ignore[arg-type]


async def until(ledger: Ledger, state: State) -> None:
    while ledger._writer.state is not state:  # noqa: ASYNC110 - the writer's thread changes it by itself
        await asyncio.sleep(0.005)


async def test_a_failing_disk_is_noticed_by_the_next_heartbeat(tmp_path: Path) -> None:
    files = FailingFiles()
    ledger = opened(tmp_path, files, heartbeat_seconds=0.02)
    files.broken["datasync"] = errno.EIO
    await until(ledger, State.POISONED)
    with pytest.raises(LedgerUnavailableError, match="until the gate is restarted"):
        ledger.append(refused(a_session()))
    ledger.close()


async def test_a_full_disk_is_noticed_by_the_next_heartbeat_and_left_again(tmp_path: Path) -> None:
    files = FailingFiles()
    ledger = opened(tmp_path, files, heartbeat_seconds=0.02)
    files.room = 0
    await until(ledger, State.FULL)
    files.room = None
    await until(ledger, State.RUNNING)
    await query(ledger, a_session())
    ledger.close()
    assert not verify(LedgerReader(tmp_path)).failed


async def test_a_checkpoint_that_cannot_be_published_for_want_of_room_is_tried_again(tmp_path: Path) -> None:
    files = FailingFiles()
    ledger = opened(tmp_path, files, checkpoint_seconds=0.01)
    path = ledger.directory / "checkpoint"
    before = path.read_bytes()
    files.broken["open"] = errno.ENOSPC
    await query(ledger, a_session())
    age = ledger._log._published_at
    while ledger._log._published_at == age:  # noqa: ASYNC110 - another thread's try
        await asyncio.sleep(0.005)
    assert path.read_bytes() == before
    files.broken.clear()
    while path.read_bytes() == before:  # noqa: ASYNC110 - another thread's file
        await asyncio.sleep(0.005)
    ledger.close()


async def test_a_checkpoint_that_cannot_be_published_because_the_disk_fails(tmp_path: Path) -> None:
    files = FailingFiles()
    ledger = opened(tmp_path, files, checkpoint_seconds=0.01)
    files.broken["open"] = errno.EIO
    await ledger.append(started(a_session())).durable
    await until(ledger, State.POISONED)
    ledger.close()


@pytest.mark.parametrize("operation", ["rename", "datasync"])
async def test_a_disk_that_fails_on_the_way_into_the_reserve(tmp_path: Path, operation: str) -> None:
    files = FailingFiles()
    ledger = opened(tmp_path, files)
    session = a_session()
    await ledger.append(started(session)).durable
    files.room = 0
    files.broken[operation] = errno.EIO
    with pytest.raises(LedgerUnavailableError, match="Input/output error"):
        await ledger.append(refused(session)).durable
    assert ledger._writer.state is State.POISONED
    ledger.close()


async def test_a_disk_that_fails_in_the_reserve(tmp_path: Path) -> None:
    files = FailingFiles()
    ledger = opened(tmp_path, files)
    session = a_session()
    await ledger.append(started(session)).durable
    files.room = 0
    await ledger.append(refused(session)).durable
    files.broken["write"] = errno.EIO
    with pytest.raises(LedgerUnavailableError, match="Input/output error"):
        await ledger.append(refused(session)).durable
    ledger.close()


async def test_a_disk_that_fails_when_it_is_looked_at_again(tmp_path: Path) -> None:
    files = FailingFiles()
    ledger = opened(tmp_path, files)
    files.room = 0
    with pytest.raises(LedgerUnavailableError):
        await ledger.append(intent(a_session())).durable
    files.broken["allocate"] = errno.EIO
    await until(ledger, State.POISONED)
    ledger.close()


@pytest.mark.parametrize(("operation", "code"), [("write", errno.EIO), ("open", errno.EIO), ("open", errno.ENOSPC)])
async def test_a_disk_that_fails_at_the_good_bye(tmp_path: Path, operation: str, code: int) -> None:
    files = FailingFiles()
    ledger = opened(tmp_path, files, checkpoint_seconds=3600)
    acknowledged = await query(ledger, a_session())
    files.broken[operation] = code
    ledger.close()
    files.broken.clear()
    Ledger.open(tmp_path, SMALL).close()
    assert set(acknowledged) <= {entry.id for entry in LedgerReader(tmp_path).entries()}
    assert not verify(LedgerReader(tmp_path)).failed


async def test_an_outcome_that_nobody_awaits_rides_along_or_goes_in_a_moment(tmp_path: Path) -> None:
    ledger = opened(tmp_path, FailingFiles())
    session = a_session()
    began = ledger.append(intent(session))
    await began.durable
    riding = ledger.append(outcome(session, began.event_id))
    next_one = ledger.append(intent(session, "SELECT 2"))
    await next_one.durable
    assert riding.durable.done()
    alone = ledger.append(outcome(session, next_one.event_id))
    while not alone.durable.done():  # noqa: ASYNC110 - awaiting it would hurry it
        await asyncio.sleep(0.001)
    await alone.durable
    done: list[str] = []
    third = ledger.append(intent(session, "SELECT 3"))
    hurried = ledger.append(outcome(session, third.event_id))
    hurried.durable.add_done_callback(lambda _: done.append("called"))
    await asyncio.wait_for(hurried.durable, 5)
    await asyncio.sleep(0)
    hurried.durable.add_done_callback(lambda _: done.append("called at once"))
    await asyncio.sleep(0)
    ledger.close()
    assert done == ["called", "called at once"]


UNSYNCED = replace(SMALL, durability=Durability.OS)


class WatchedFiles(OsFiles):
    """Tells which thread wrote."""

    def __init__(self) -> None:
        self.wrote: list[int] = []

    def write(self, fd: int, data: bytes, offset: int) -> int:
        self.wrote.append(threading.get_ident())
        return super().write(fd, data, offset)


@pytest.mark.parametrize("durability", Durability)
async def test_only_what_is_not_synced_is_written_by_the_loop(tmp_path: Path, durability: Durability) -> None:
    files = WatchedFiles()
    ledger = Ledger.open(tmp_path, replace(SMALL, durability=durability, checkpoint_seconds=3600), files=files)
    session = a_session()
    await ledger.append(started(session)).durable  # stores the session's key, which is always synced
    files.wrote.clear()
    for _ in range(5):
        await query(ledger, session)
    by_loop = [thread == threading.get_ident() for thread in files.wrote]
    ledger.close()
    assert by_loop == [durability is Durability.OS] * 10


async def test_one_turn_of_the_loop_is_one_batch(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, UNSYNCED)
    for _ in range(3):
        receipts = [ledger.append(refused(a_session(f"S{n}"))) for n in range(10)]
        assert not any(receipt.durable.done() for receipt in receipts)
        await asyncio.gather(*(receipt.durable for receipt in receipts))
    ledger.close()
    assert [len(batch.leaves) for *_, batch in LedgerReader(tmp_path).logs()[0].batches()][1:-1] == [10, 10, 10]


async def test_batches_of_the_loop_are_bounded_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from passgate.ledger import writer

    monkeypatch.setattr(writer, "_BATCH_RECORDS", 7)
    ledger = Ledger.open(tmp_path, UNSYNCED)
    session = a_session()
    await ledger.append(started(session)).durable
    receipts = [ledger.append(refused(session)) for _ in range(50)]
    await asyncio.gather(*(receipt.durable for receipt in receipts))
    ledger.close()
    assert max(len(batch.leaves) for *_, batch in LedgerReader(tmp_path).logs()[0].batches()) == 7
    assert not verify(LedgerReader(tmp_path)).failed


async def test_the_loop_finds_the_disk_full_and_the_thread_finds_room_again(tmp_path: Path) -> None:
    files = FailingFiles()
    ledger = Ledger.open(tmp_path, UNSYNCED, files=files)
    session = a_session()
    acknowledged = list(await query(ledger, session))
    files.room = 137
    with pytest.raises(LedgerUnavailableError, match="No space left"):
        await ledger.append(intent(session)).durable
    assert ledger._writer.state is State.FULL
    told = ledger.append(refused(session))
    await told.durable
    files.room = None
    await until(ledger, State.RUNNING)
    acknowledged += await query(ledger, session)
    ledger.close()
    entries = list(LedgerReader(tmp_path).entries())
    assert {*acknowledged, told.event_id} <= {entry.id for entry in entries}
    assert sum(e.event["detail"]["count"] for e in entries if e.type == EventType.AUDIT_GAP) == 1
    assert not verify(LedgerReader(tmp_path)).failed


async def test_the_loop_finds_that_the_disk_fails(tmp_path: Path) -> None:
    files = FailingFiles()
    ledger = Ledger.open(tmp_path, UNSYNCED, files=files)
    session = a_session()
    await query(ledger, session)
    files.broken["write"] = errno.EIO
    waiting = [ledger.append(refused(session)).durable for _ in range(3)]
    assert all(isinstance(r, LedgerUnavailableError) for r in await asyncio.gather(*waiting, return_exceptions=True))
    assert ledger._writer.state is State.POISONED
    with pytest.raises(LedgerUnavailableError, match="until the gate is restarted"):
        ledger.append(refused(session))
    ledger.close()


async def test_files_that_are_not_synced_rotate(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, replace(UNSYNCED, segment_bytes=8 * 1024))
    session = a_session()
    acknowledged = [event for n in range(40) for event in await query(ledger, session, f"SELECT {n}")]
    ledger.close()
    assert len(list(ledger.directory.glob("seg-*"))) > 3
    assert set(acknowledged) <= {entry.id for entry in LedgerReader(tmp_path).entries()}
    assert not verify(LedgerReader(tmp_path)).failed


async def test_a_heartbeat_that_hangs_does_not_hang_the_callers(tmp_path: Path) -> None:
    files = HangingFiles()
    settings = replace(SMALL, stall_seconds=1, heartbeat_seconds=0.02)
    ledger = Ledger.open(tmp_path, settings, files=files)
    files.free.clear()
    await asyncio.to_thread(files.waiting.wait)
    with pytest.raises(LedgerUnavailableError, match=r"has not answered for 1 s|queue is full"):
        await ledger.append(intent(a_session())).durable
    files.free.set()
    ledger.close()
    assert not verify(LedgerReader(tmp_path)).failed
