"""F7, F8, F9, F16: a full disk, a failing disk, a power cut, and two writers."""

import asyncio
import errno
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from passgate.core.errors import LedgerUnavailableError
from passgate.core.event import EventType
from passgate.core.session import Session
from passgate.ledger.ledger import Ledger
from passgate.ledger.reader import LedgerReader
from passgate.ledger.verify import verify
from tests.faults.kit import (
    SMALL,
    FailingFiles,
    ForgetfulFiles,
    a_session,
    copied,
    intent,
    outcome,
    query,
    refused,
    started,
)

LOG = SMALL.log_name
FULL = replace(SMALL, reserve_bytes=256 * 1024)


def kept(folder: Path) -> dict[str, str]:
    """Type of each event by id."""
    return {entry.id: entry.type for entry in LedgerReader(folder).entries()}


async def fill_up(ledger: Ledger, name: str = "S1") -> tuple[list[str], str]:
    """Record until the ledger says no: what was acknowledged, and what it said."""
    session, acknowledged = a_session(name), list[str]()
    for n in range(100_000):
        try:
            receipt = ledger.append(intent(session, f"SELECT {n}"))
            await receipt.durable
        except LedgerUnavailableError as error:
            return acknowledged, str(error)
        acknowledged.append(receipt.event_id)
    raise AssertionError("the disk did not become full")


async def tell_until_refused(ledger: Ledger, session: Session) -> list[str]:
    """Record refusals, which the reserve is for, until it is full."""
    told: list[str] = []
    try:
        while True:
            receipt = ledger.append(refused(session))
            await receipt.durable
            told.append(receipt.event_id)
    except LedgerUnavailableError:
        return told


async def until_available(ledger: Ledger) -> None:
    while not ledger.available:  # noqa: ASYNC110 - the ledger's thread tells nobody that it has found room
        await asyncio.sleep(0.01)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"no tmpfs can be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_f7_a_real_disk_becomes_full_and_has_room_again(small_disk: Path) -> None:
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(300 * 1024))
    folder = small_disk / "ledger"
    ledger = Ledger.open(folder, FULL)
    acknowledged, said = await fill_up(ledger)
    assert os.strerror(errno.ENOSPC) in said
    with pytest.raises(LedgerUnavailableError):
        ledger.append(started(a_session("S2")))
    told = ledger.append(refused(a_session()))  # a no is still recorded, in the reserve
    await told.durable
    ballast.unlink()
    await until_available(ledger)
    after, _ = await query(ledger, a_session(), "SELECT 'room again'")
    ledger.close()
    found = kept(folder)
    assert [event for event in (*acknowledged, told.event_id, after) if event not in found] == []
    gaps = [e.event["detail"] for e in LedgerReader(folder).entries() if e.type == EventType.AUDIT_GAP]
    assert sum(gap["count"] for gap in gaps) >= 2
    assert not verify(LedgerReader(folder)).failed
    Ledger.open(folder, FULL).close()


async def test_f7_no_partial_batch_is_visible(tmp_path: Path) -> None:
    files = FailingFiles()
    ledger = Ledger.open(tmp_path, FULL, files=files)
    acknowledged = [(await query(ledger, a_session()))[0] for _ in range(5)]
    files.room = 137  # part of the next batch
    with pytest.raises(LedgerUnavailableError):
        await ledger.append(intent(a_session())).durable
    told = ledger.append(refused(a_session()))
    await told.durable
    snapshot = copied(tmp_path, tmp_path.parent / "snapshot")
    files.room = None
    await until_available(ledger)
    ledger.close()
    for folder in (tmp_path, snapshot):
        assert not verify(LedgerReader(folder)).failed
        assert {*acknowledged, told.event_id} <= kept(folder).keys()


async def test_f7_outcomes_of_what_was_let_through_are_still_taken(tmp_path: Path) -> None:
    files = FailingFiles()
    ledger = Ledger.open(tmp_path, FULL, files=files)
    session = a_session()
    began = ledger.append(intent(session))
    await began.durable
    files.room = 0
    with pytest.raises(LedgerUnavailableError):
        await ledger.append(intent(session)).durable
    done = ledger.append(outcome(session, began.event_id))
    await done.durable
    ledger.close()
    assert done.event_id in kept(tmp_path)


async def test_f7_a_used_up_reserve_refuses_everything_and_still_recovers(tmp_path: Path) -> None:
    files = FailingFiles()
    ledger = Ledger.open(tmp_path, replace(SMALL, reserve_bytes=8 * 1024), files=files)
    session = a_session()
    ledger.append(started(session))
    files.room = 0
    with pytest.raises(LedgerUnavailableError):
        await ledger.append(intent(session)).durable
    told = await tell_until_refused(ledger, session)
    assert 0 < len(told) < 20
    files.room = None
    await until_available(ledger)
    await query(ledger, session)
    ledger.close()
    assert set(told) <= kept(tmp_path).keys()
    assert not verify(LedgerReader(tmp_path)).failed


async def test_f7_a_disk_that_is_full_at_the_start_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailableError, match=os.strerror(errno.ENOSPC)):
        Ledger.open(tmp_path, SMALL, files=FailingFiles(room=0))
    Ledger.open(tmp_path, SMALL).close()


@pytest.mark.parametrize("operation", ["datasync", "write"])
async def test_f8_an_input_output_error_poisons(tmp_path: Path, operation: str) -> None:
    files = FailingFiles()
    ledger = Ledger.open(tmp_path, SMALL, files=files)
    acknowledged = [(await query(ledger, a_session()))[0] for _ in range(5)]
    files.broken[operation] = errno.EIO
    with pytest.raises(LedgerUnavailableError, match=os.strerror(errno.EIO)):
        await ledger.append(intent(a_session())).durable
    files.broken.clear()  # a disk that says it is well again is not believed
    with pytest.raises(LedgerUnavailableError, match="until the gate is restarted"):
        ledger.append(refused(a_session()))
    assert not ledger.available
    ledger.close()
    reopened = Ledger.open(tmp_path, SMALL)
    await query(reopened, a_session("S2"))
    reopened.close()
    assert set(acknowledged) <= kept(tmp_path).keys()
    assert not verify(LedgerReader(tmp_path)).failed


async def test_f8_nothing_queued_behind_the_error_is_acknowledged(tmp_path: Path) -> None:
    files = FailingFiles()
    ledger = Ledger.open(tmp_path, SMALL, files=files)
    await query(ledger, a_session())
    size = sum(path.stat().st_size for path in (tmp_path / LOG).glob("seg-*"))
    files.broken["write"] = errno.EIO
    receipts = [ledger.append(intent(a_session())) for _ in range(20)]
    results = await asyncio.gather(*(receipt.durable for receipt in receipts), return_exceptions=True)
    assert all(isinstance(result, LedgerUnavailableError) for result in results)
    assert sum(path.stat().st_size for path in (tmp_path / LOG).glob("seg-*")) == size
    ledger.close()


async def test_f9_what_was_acknowledged_survives_a_power_cut(tmp_path: Path) -> None:
    root = tmp_path / "live"
    files = ForgetfulFiles(root)
    ledger = Ledger.open(root, replace(SMALL, segment_bytes=16 * 1024), files=files)
    sessions = [a_session(f"S{n}") for n in range(4)]
    acknowledged: list[str] = []
    for n in range(30):
        for session in sessions:
            acknowledged += await query(ledger, session, f"SELECT {n}")
    pending = ledger.append(intent(sessions[0], "never acknowledged"))
    survivors = files.survivors(tmp_path / "after")
    copied(root / "keys", survivors / "keys")
    pending_at_cut = pending.durable.done()
    await pending.durable
    ledger.close()
    assert not pending_at_cut
    Ledger.open(survivors, SMALL).close()
    found = kept(survivors)
    assert len(acknowledged) == 240
    assert [event for event in acknowledged if event not in found] == []
    assert not verify(LedgerReader(survivors)).failed
    reader = LedgerReader(survivors)
    assert all(reader.session_keys(reader.logs()[0], session.id) for session in sessions)


async def test_f9_the_shim_finds_a_ledger_that_does_not_sync(tmp_path: Path) -> None:
    """The same test without syncs loses entries: it can fail."""
    from passgate.ledger.settings import Durability

    root = tmp_path / "live"
    files = ForgetfulFiles(root)
    ledger = Ledger.open(root, replace(SMALL, durability=Durability.OS), files=files)
    acknowledged = [event for _ in range(10) for event in await query(ledger, a_session())]
    survivors = files.survivors(tmp_path / "after")
    ledger.close()
    found = {entry.id for entry in LedgerReader(survivors).entries()}
    assert not found & set(acknowledged)


def test_f16_a_second_writer_is_refused(tmp_path: Path) -> None:
    first = Ledger.open(tmp_path, SMALL)
    with pytest.raises(LedgerUnavailableError, match="another process writes the ledger in gate-w0"):
        Ledger.open(tmp_path, SMALL)
    other = "from pathlib import Path; from passgate.ledger.ledger import Ledger; from tests.faults.kit import SMALL; import sys"
    run = subprocess.run(
        [sys.executable, "-c", f"{other}; Ledger.open(Path(sys.argv[1]), SMALL)", str(tmp_path)],
        capture_output=True,
        text=True,
    )
    assert "another process writes the ledger" in run.stderr
    first.close()
    Ledger.open(tmp_path, SMALL).close()


def test_f16_two_workers_of_one_node_write_side_by_side(tmp_path: Path) -> None:
    logs = [Ledger.open(tmp_path, replace(SMALL, worker=worker)) for worker in (0, 1)]
    for log in logs:
        log.close()
    assert sorted(verify(LedgerReader(tmp_path)).sizes) == ["gate-w0", "gate-w1"]
