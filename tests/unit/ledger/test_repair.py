"""A batch whose seal alone survived a power cut: refused by itself, repaired by a person, told for good."""

import fcntl
from itertools import pairwise
from pathlib import Path

import pytest

from passgate.core.errors import LedgerCorruptError, LedgerUnavailableError
from passgate.core.event import Event, EventType
from passgate.ledger.checkpoint import SEAL_BYTES
from passgate.ledger.claims import Claim, Verdict
from passgate.ledger.frames import HEAD_BYTES
from passgate.ledger.ledger import Ledger
from passgate.ledger.log import CHECKPOINT, LOCK, TORN
from passgate.ledger.reader import LedgerReader
from passgate.ledger.repair import repair
from passgate.ledger.segment import read_segment, segment_paths
from passgate.ledger.verify import verify
from tests.faults.kit import SMALL, a_session, query, started

SEAL_FRAME = HEAD_BYTES + SEAL_BYTES
LOG = "gate-w0"


async def cut_short(folder: Path, batches: int = 1) -> tuple[Path, int]:
    """A log as a power cut leaves it whose disk kept only the seals of the last batches; and its last entries' place in the file.

    The checkpoint is of before those batches, as it is within the second that it may lag.
    """
    ledger = Ledger.open(folder, SMALL)
    session = a_session()
    await ledger.append(started(session)).durable
    await query(ledger, session)
    ledger.close()
    (path,) = segment_paths(folder / LOG)
    checkpoint = (folder / LOG / CHECKPOINT).read_bytes()
    places = [path.stat().st_size]
    ledger = Ledger.open(folder, SMALL)
    places.append(path.stat().st_size)
    session = a_session("S2")
    for _ in range(batches):
        await ledger.append(started(session)).durable
        places.append(path.stat().st_size)
    data = bytearray(path.read_bytes())
    ledger.close()
    begin, end = places[1], places[-1]
    del data[end:]
    for first, last in pairwise(places[1:]):
        data[first : last - SEAL_FRAME] = bytes(last - SEAL_FRAME - first)
    path.write_bytes(data)
    (folder / LOG / CHECKPOINT).write_bytes(checkpoint)
    return path, begin


def c1(folder: Path) -> tuple[Verdict, str]:
    report = verify(LedgerReader(folder))
    assert not report.failed, report
    return next((finding.verdict, finding.reason) for finding in report.findings if finding.claim is Claim.C1)


async def test_it_is_refused_until_a_person_says_so_and_told_for_good(tmp_path: Path) -> None:
    path, begin = await cut_short(tmp_path)
    whole = path.read_bytes()
    with pytest.raises(LedgerCorruptError, match="before a seal of"):
        Ledger.open(tmp_path, SMALL)
    assert path.read_bytes() == whole
    repaired = repair(tmp_path, LOG, by="unix:ada")
    assert repaired is not None
    assert repaired.given_up == 1
    (copy,) = repaired.copies.glob("*")
    assert copy.parent.name == TORN
    assert copy.read_bytes() == whole[begin:].rstrip(b"\0")
    scars = [entry for entry in LedgerReader(tmp_path).entries() if entry.type == EventType.AUDIT_GAP]
    (scar,) = scars
    detail = scar.event["detail"]
    assert (detail["count"], detail["repaired"], detail["seal_size"]) == (1, True, repaired.size + 1)
    assert scar.event["actor"] == {"subject": "unix:ada"}
    with read_segment(path) as reader:
        batch = next(b for b in reader.batches() if any(leaf.entry == scar.leaf for leaf in b.leaves))
    assert any(b'"node.boot"' in leaf.entry for leaf in batch.leaves)  # no repair goes untold
    verdict, reason = c1(tmp_path)
    assert verdict is Verdict.NOT_PROVEN
    assert "a repair gave up 1 entries" in reason
    ledger = Ledger.open(tmp_path, SMALL)
    await ledger.append(Event(type=EventType.HEARTBEAT)).durable
    ledger.close()
    assert c1(tmp_path)[0] is Verdict.NOT_PROVEN


async def test_a_log_that_opens_is_left_alone(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, SMALL)
    ledger.close()
    (path,) = segment_paths(tmp_path / LOG)
    before = path.read_bytes()
    assert repair(tmp_path, LOG, by="unix:ada") is None
    assert path.read_bytes() == before
    assert c1(tmp_path)[0] is Verdict.PASS


async def test_two_seals_mean_that_the_first_was_acknowledged(tmp_path: Path) -> None:
    path, _ = await cut_short(tmp_path, batches=2)
    whole = path.read_bytes()
    with pytest.raises(LedgerCorruptError, match="before a seal of"):
        repair(tmp_path, LOG, by="unix:ada")
    assert path.read_bytes() == whole


async def test_something_behind_the_seal_is_damage(tmp_path: Path) -> None:
    path, _ = await cut_short(tmp_path)
    path.write_bytes(path.read_bytes() + b"\x01")
    with pytest.raises(LedgerCorruptError, match="before a seal of"):
        repair(tmp_path, LOG, by="unix:ada")


async def test_a_published_checkpoint_forbids_it(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, SMALL)
    await ledger.append(started(a_session())).durable
    ledger.close()
    (path,) = segment_paths(tmp_path / LOG)
    with read_segment(path) as reader:
        *_, before, last = reader.batches()
    data = bytearray(path.read_bytes())
    data[before.end : last.seal_offset] = bytes(last.seal_offset - before.end)
    path.write_bytes(data)
    with pytest.raises(LedgerCorruptError, match="the tail is missing"):
        repair(tmp_path, LOG, by="unix:ada")


async def test_a_log_in_use(tmp_path: Path) -> None:
    await cut_short(tmp_path)
    with (tmp_path / LOG / LOCK).open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(LedgerUnavailableError, match="another process"):
            repair(tmp_path, LOG, by="unix:ada")


async def test_a_folder_that_was_renamed(tmp_path: Path) -> None:
    await cut_short(tmp_path)
    (tmp_path / LOG).rename(tmp_path / "other-w0")
    with pytest.raises(LedgerCorruptError, match="other-w0 is not the folder of"):
        repair(tmp_path, "other-w0", by="unix:ada")


async def test_a_log_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LedgerCorruptError, match="gate-w7 holds no log"):
        repair(tmp_path, "gate-w7", by="unix:ada")
