"""The writer's bounds: a queue that is full, a disk that hangs. (Full and failing disks are in tests/faults.)"""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from passgate.core.errors import LedgerUnavailableError
from passgate.core.event import EventType
from passgate.ledger.files import OsFiles
from passgate.ledger.ledger import Ledger
from passgate.ledger.reader import LedgerReader
from passgate.ledger.verify import verify
from tests.faults.kit import SMALL, a_session, intent, query, refused


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
    ledger = Ledger.open(tmp_path, replace(SMALL, stall_seconds=0.05), files=files)
    await query(ledger, a_session())
    stuck = await hang(ledger, files)
    queued = ledger.append(intent(a_session())).durable
    for waiting in (stuck, queued):
        with pytest.raises(LedgerUnavailableError, match=r"has not answered for 0\.05 s"):
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
    ledger = Ledger.open(tmp_path, replace(SMALL, stall_seconds=0.01))
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
