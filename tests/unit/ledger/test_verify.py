"""The report: ten claims, each with a verdict and a reason. (Tampering is in tests/faults/test_tampering.py.)"""

import asyncio
import shutil
from pathlib import Path

from passgate.ledger.claims import Claim, Verdict
from passgate.ledger.ledger import Ledger
from passgate.ledger.verify import verify
from tests.faults.kit import SMALL, a_session, copied, query, refused
from tests.unit.ledger.conftest import Recorded


def test_every_claim_is_answered_once(recorded: Recorded) -> None:
    report = verify(recorded.reader)
    assert [finding.claim for finding in report.findings] == list(Claim)
    assert [finding.name for finding in report.findings] == [f"C{n}" for n in range(1, 11)]
    assert all(finding.reason for finding in report.findings)
    assert report.sizes == {"gate-w0": 8}


def test_the_heads_are_checkpoints_to_keep(recorded: Recorded) -> None:
    head = verify(recorded.reader).heads["gate-w0"].encode()
    again = verify(recorded.reader, since=[head])
    assert next(f for f in again.findings if f.claim is Claim.C4).verdict is Verdict.PASS


def test_what_can_only_be_shown_from_outside_is_not_claimed(recorded: Recorded) -> None:
    open_ = {finding.name for finding in verify(recorded.reader).findings if finding.verdict is Verdict.NOT_PROVEN}
    assert open_ == {"C4", "C5", "C7", "C8", "C9", "C10"}


def test_a_given_key_is_said(recorded: Recorded) -> None:
    key = recorded.reader.logs()[0].verifier
    report = verify(recorded.reader, keys=[key])
    assert "signed with the key you gave" in report.findings[2].reason


def test_several_logs_and_a_checkpoint_of_one(own: Recorded) -> None:
    from dataclasses import replace

    head = verify(own.reader).heads["gate-w0"].encode()
    Ledger.open(own.folder, replace(SMALL, worker=1)).close()
    report = verify(own.reader, since=[head])
    finding = report.findings[3]
    assert finding.verdict is Verdict.NOT_PROVEN
    assert finding.reason.startswith("gate-w1: ")
    assert "gate-w0 goes on from the one given" in finding.reason


def test_a_log_that_is_being_written(tmp_path: Path) -> None:
    """A gate that runs: a torn tail may be there, sessions are open, outcomes are due."""

    async def work() -> Path:
        ledger = Ledger.open(tmp_path / "live", SMALL)
        ledger.recording(a_session()).write("in", b"x")
        await query(ledger, a_session())
        ledger.append(refused(a_session()))
        copy = copied(tmp_path / "live", tmp_path / "copy")
        ledger.close()
        return copy

    folder = asyncio.run(work())
    with next((folder / SMALL.log_name).glob("seg-*")).open("ab") as segment:
        segment.write(b"\x09\x00torn")
    from passgate.ledger.reader import LedgerReader

    report = verify(LedgerReader(folder))
    assert not report.failed
    assert "never acknowledged" in report.findings[0].reason


def test_faults_of_one_claim_leave_the_others_open(own: Recorded) -> None:
    segment = next((own.folder / "gate-w0").glob("seg-*"))
    data = bytearray(segment.read_bytes())
    data[len(data) // 2] ^= 1
    segment.write_bytes(data)
    verdicts = {finding.name: finding.verdict for finding in verify(own.reader).findings}
    assert verdicts["C3"] is Verdict.FAIL
    assert {verdicts[name] for name in ("C1", "C2", "C4", "C6")} == {Verdict.NOT_PROVEN}


def test_several_faults_are_counted(own: Recorded) -> None:
    shutil.rmtree(own.folder / "gate-w0" / "recordings")
    (own.folder / "gate-w0" / "sessions.keys").write_bytes(bytes(112))
    finding = verify(own.reader).findings[2]
    assert finding.verdict is Verdict.FAIL
    assert finding.reason.endswith(f"(and {len(finding.faults) - 1} more)")
