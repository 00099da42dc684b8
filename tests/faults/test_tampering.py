"""F3 to F6: stored data flipped or rewritten, a tail deleted, checkpoints forged or put back."""

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from passgate.core.errors import LedgerCorruptError
from passgate.ledger.checkpoint import seal
from passgate.ledger.claims import Claim, Report, Verdict
from passgate.ledger.frames import FrameKind, encode, frames
from passgate.ledger.keys import RootKeys
from passgate.ledger.ledger import Ledger
from passgate.ledger.log import CHECKPOINT
from passgate.ledger.merkle import CompactRange, leaf_hash
from passgate.ledger.notes import NoteSigner
from passgate.ledger.reader import LedgerReader
from passgate.ledger.segment import segment_paths
from passgate.ledger.verify import verify
from tests.faults.kit import SMALL, a_session, copied, ended, flip, query, refused, started

LOG = SMALL.log_name


async def _record(folder: Path, queries: int, name: str) -> None:
    ledger = Ledger.open(folder, SMALL)
    session = a_session(name)
    ledger.append(started(session))
    recording = ledger.recording(session)
    for n in range(queries):
        recording.write("in", b"SELECT %d" % n)
        await query(ledger, session, f"SELECT {n}")
    ledger.append(refused(session))
    ledger.append(ended(session, chunks=recording.close().chunks))
    ledger.close()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger that was closed properly: its checkpoint is of all that it holds."""
    folder = tmp_path_factory.mktemp("recorded")
    asyncio.run(_record(folder, 12, "S1"))
    return folder


@pytest.fixture
def copy(recorded: Path, tmp_path: Path) -> Path:
    return copied(recorded, tmp_path / "copy")


def segment(folder: Path) -> Path:
    return segment_paths(folder / LOG)[-1]


def check(folder: Path, *since: bytes) -> Report:
    return verify(LedgerReader(folder), since=since)


def verdicts(report: Report) -> dict[str, Verdict]:
    return {finding.name: finding.verdict for finding in report.findings}


def reason(report: Report, claim: Claim) -> str:
    return next(finding.reason for finding in report.findings if finding.claim is claim)


def opens(folder: Path) -> bool:
    try:
        Ledger.open(folder, SMALL).close()
    except LedgerCorruptError:
        return False
    return True


def rewrite(folder: Path, change: Callable[[bytes], bytes], signer: NoteSigner) -> None:
    """Change leaves and make every CRC, root and seal fit again, signed with ``signer``."""
    path = segment(folder)
    made, tree = bytearray(), CompactRange()
    for frame in frames(memoryview(path.read_bytes())):
        payload = frame.payload
        if frame.kind is FrameKind.LEAF:
            payload = change(payload)
            tree.append(leaf_hash(payload))
        elif frame.kind is FrameKind.SEAL:
            payload = seal(tree.size, tree.root(), signer).payload()
        made += encode(frame.kind, payload)
    path.write_bytes(made)


def own_signer(folder: Path) -> NoteSigner:
    return NoteSigner(SMALL.origin, RootKeys.open(folder / "keys").signing)


def launder(leaf: bytes) -> bytes:
    return leaf.replace(b'"subject":"reporter"', b'"subject":"nobody.."')


def test_an_untouched_ledger_passes(recorded: Path) -> None:
    report = check(recorded)
    assert not report.failed
    assert {name for name, verdict in verdicts(report).items() if verdict is Verdict.PASS} == {"C1", "C2", "C3", "C6"}


def test_f3a_every_flipped_bit_of_the_segment_is_refused_and_named(recorded: Path, tmp_path: Path) -> None:
    folder = copied(recorded, tmp_path / "copy")
    path = segment(folder)
    data = path.read_bytes()
    random = Random(7)
    silent, nameless, opened = [], [], []
    for byte in random.sample(range(len(data)), 150):
        flip(path, byte, random.randrange(8))
        report = check(folder)
        faults = [fault for finding in report.findings for fault in finding.faults]
        if not report.failed:
            silent.append(byte)
        elif not any(fault.index is not None for fault in faults):
            nameless.append(byte)
        if opens(folder):
            opened.append(byte)
        path.write_bytes(data)
    assert (silent, nameless, opened) == ([], [], [])


def test_f3a_a_flipped_bit_of_a_recording_is_named(copy: Path) -> None:
    chunk = next((copy / LOG / "recordings").rglob("*/*"))
    flip(chunk, chunk.stat().st_size // 2)
    report = check(copy)
    assert verdicts(report)["C3"] is Verdict.FAIL
    assert "chunk 0 of the recording was changed" in reason(report, Claim.C3)


def test_a_missing_recording_is_named(copy: Path) -> None:
    shutil.rmtree(copy / LOG / "recordings")
    assert "chunk 0 of the recording is missing" in reason(check(copy), Claim.C3)


def test_f3b_a_rewritten_row_with_every_sum_recomputed_and_the_real_key(copy: Path) -> None:
    rewrite(copy, launder, own_signer(copy))
    report = check(copy)
    assert verdicts(report)["C3"] is Verdict.FAIL
    assert "gate-w0, entry 1, " in reason(report, Claim.C3)
    assert "not what a signed checkpoint says" in reason(report, Claim.C3)
    assert not opens(copy)


def test_f3b_without_the_real_key_the_seals_themselves_tell(copy: Path) -> None:
    (copy / LOG / CHECKPOINT).unlink()
    stranger = RootKeys.open(copy.parent / "other-keys")
    rewrite(copy, launder, NoteSigner(SMALL.origin, stranger.signing))
    report = check(copy)
    assert "was not signed by this log's key" in reason(report, Claim.C3)
    assert not opens(copy)


def test_f3b_with_the_real_key_and_no_local_checkpoint_only_a_kept_one_tells(copy: Path) -> None:
    """The gap that a witness closes, shown for what it is."""
    kept = (copy / LOG / CHECKPOINT).read_bytes()
    rewrite(copy, launder, own_signer(copy))
    shutil.rmtree(copy / LOG / "tiles")
    forged = Ledger.open(copy, SMALL) if not (copy / LOG / CHECKPOINT).unlink() else None
    assert forged is not None
    forged.close()
    assert not check(copy).failed
    report = check(copy, kept)
    assert verdicts(report)["C5"] is Verdict.FAIL
    assert "do not hash to what the given checkpoint says" in reason(report, Claim.C5)


def cut_last_batches(folder: Path, count: int) -> None:
    """Delete the tail at a clean border."""
    path = segment(folder)
    data = path.read_bytes()
    seals = [frame.end for frame in frames(memoryview(data)) if frame.kind is FrameKind.SEAL]
    path.write_bytes(data[: seals[-1 - count]])


@pytest.mark.parametrize("batches", [1, 5])
def test_f4_a_deleted_tail_is_seen_by_the_checkpoint_in_place(copy: Path, batches: int) -> None:
    cut_last_batches(copy, batches)
    report = check(copy)
    assert verdicts(report)["C4"] is Verdict.FAIL
    assert "the tail was cut off" in reason(report, Claim.C4)
    assert not opens(copy)


def rolled_back(folder: Path) -> bytes:
    """Delete the tail and sign a checkpoint of what is left, as the operator could. Returns the checkpoint of before."""
    kept = (folder / LOG / CHECKPOINT).read_bytes()
    cut_last_batches(folder, 5)
    log = LedgerReader(folder).logs()[0]
    head = log.head()
    assert head is not None
    (folder / LOG / CHECKPOINT).write_bytes(head.note(log.verifier))
    return kept


def test_f4_a_rollback_of_log_and_checkpoint_is_seen_only_with_since(copy: Path) -> None:
    kept = rolled_back(copy)
    without = check(copy)
    assert verdicts(without)["C4"] is Verdict.NOT_PROVEN
    with_it = check(copy, kept)
    assert verdicts(with_it)["C4"] is Verdict.FAIL
    assert "the given checkpoint is of" in reason(with_it, Claim.C4)


def test_f4_an_honest_log_goes_on_from_a_kept_checkpoint(copy: Path) -> None:
    kept = (copy / LOG / CHECKPOINT).read_bytes()
    asyncio.run(_record(copy, 3, "S2"))
    assert verdicts(check(copy, kept))["C4"] is Verdict.PASS


def test_f5_a_forged_checkpoint_is_refused(copy: Path) -> None:
    stranger = NoteSigner(SMALL.origin, RootKeys.open(copy.parent / "other-keys").signing)
    path = copy / LOG / CHECKPOINT
    forged = seal(3, bytes(32), stranger).note(stranger.verifier)
    own = path.read_bytes()
    path.write_bytes(forged)
    assert verdicts(check(copy))["C4"] is Verdict.FAIL
    assert not opens(copy)
    path.write_bytes(own)
    given = check(copy, forged)
    assert verdicts(given)["C4"] is Verdict.FAIL
    assert "no signature of" in reason(given, Claim.C4)


def test_f5_a_fork_signed_with_the_real_key_is_two_histories(copy: Path) -> None:
    """Two heads of one size, both signed: either is evidence against the other."""
    mine = own_signer(copy)
    fork = seal(10, bytes(32), mine).note(mine.verifier)
    report = check(copy, fork)
    assert verdicts(report)["C5"] is Verdict.FAIL
    assert "first 10 entries" in reason(report, Claim.C5)


def test_f6_an_old_checkpoint_put_back_is_stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log goes on for an hour after the checkpoint that lies beside it."""
    import time

    asyncio.run(_record(tmp_path, 3, "S1"))
    old = (tmp_path / LOG / CHECKPOINT).read_bytes()
    hour = 3600 * 10**9
    real_wall, real_steady = time.time_ns, time.monotonic_ns
    monkeypatch.setattr(time, "time_ns", lambda: real_wall() + hour)
    monkeypatch.setattr(time, "monotonic_ns", lambda: real_steady() + hour)
    asyncio.run(_record(tmp_path, 3, "S2"))
    assert not check(tmp_path).failed
    (tmp_path / LOG / CHECKPOINT).write_bytes(old)
    report = check(tmp_path)
    assert verdicts(report)["C4"] is Verdict.FAIL
    assert "an old one was put back" in reason(report, Claim.C4)


def test_f6_a_checkpoint_that_is_gone_is_missed(copy: Path) -> None:
    (copy / LOG / CHECKPOINT).unlink()
    assert "its checkpoint is gone" in reason(check(copy), Claim.C4)


def test_a_key_put_in_place_of_the_real_one(copy: Path) -> None:
    """Everything re-signed with a key of the attacker's, who also left its public half beside the log."""
    trusted = LedgerReader(copy).logs()[0].verifier
    stranger = NoteSigner(SMALL.origin, RootKeys.open(copy.parent / "other-keys").signing)
    rewrite(copy, launder, stranger)
    (copy / LOG / "verifier.key").write_text(stranger.verifier.vkey())
    head = LedgerReader(copy).logs()[0].head()
    assert head is not None
    (copy / LOG / CHECKPOINT).write_bytes(head.note(stranger.verifier))
    shutil.rmtree(copy / LOG / "tiles")
    assert not check(copy).failed
    report = verify(LedgerReader(copy), keys=[trusted])
    assert verdicts(report)["C3"] is Verdict.FAIL
    assert "not the one you trust" in reason(report, Claim.C3)


def test_a_checkpoint_of_another_ledger_is_not_taken(copy: Path) -> None:
    other = NoteSigner("audit.elsewhere/gate-w0", RootKeys.open(copy / "keys").signing)
    with pytest.raises(LedgerCorruptError, match="which is no log of this ledger"):
        check(copy, seal(1, bytes(32), other).note(other.verifier))
