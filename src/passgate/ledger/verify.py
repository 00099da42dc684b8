"""Verifying a ledger offline: nothing but the files, the public key, and whatever heads the auditor has kept elsewhere."""

from collections.abc import Sequence
from dataclasses import dataclass

from passgate.core.errors import LedgerCorruptError
from passgate.core.event import EventType
from passgate.ledger.chain import ChainCheck, Expected
from passgate.ledger.checkpoint import open_checkpoint
from passgate.ledger.claims import Claim, Fault, Finding, Report, Verdict
from passgate.ledger.continuity import Continuity
from passgate.ledger.log import CHECKPOINT
from passgate.ledger.notes import NoteVerifier
from passgate.ledger.reader import Entry, LedgerReader, LogReader
from passgate.ledger.regular import read_regular

_STALE_SECONDS = 180
"""A checkpoint is published at least once a minute while there is traffic; one that is this much older was put back."""
_WITH_THE_BOOT = frozenset({EventType.ACTION_OUTCOME, EventType.AUDIT_GAP})
"""What may stand in one batch with a boot. Whatever else comes behind it came after the boot's own checkpoint was published."""


@dataclass(slots=True, kw_only=True)
class _Checked:
    """One log after its check."""

    log: LogReader
    chain: ChainCheck
    story: Continuity
    outside: int
    key_given: bool
    faults: list[Fault]


def verify(reader: LedgerReader, *, since: Sequence[bytes] = (), keys: Sequence[NoteVerifier] = ()) -> Report:
    """Check every log of the ledger.

    ``since``: checkpoints kept elsewhere, as published; each is compared with the log of its origin. ``keys``: the public keys to
    trust, instead of the ones that lie beside the logs. Raises LedgerUnavailableError where there is no ledger, OSError, and
    LedgerCorruptError for a checkpoint of ``since`` that is none or belongs to no log here.
    """
    logs = reader.logs()
    trusted = {key.name: key for key in keys}
    given: dict[str, list[bytes]] = {log.origin: [] for log in logs}
    for note in since:
        origin = note.partition(b"\n")[0].decode("utf-8", "replace")
        if origin not in given:
            raise LedgerCorruptError(f"the given checkpoint is of {origin!r}, which is no log of this ledger")
        given[origin].append(note)
    checked = [_check(log, given[log.origin], trusted.get(log.origin)) for log in logs]
    return Report(
        findings=tuple(_find(claim, checked) for claim in Claim),
        sizes={one.log.name: one.chain.size for one in checked},
        heads={one.log.name: one.chain.head.note(one.log.verifier).decode() for one in checked if one.chain.head},
    )


def _check(log: LogReader, given: Sequence[bytes], key: NoteVerifier | None) -> _Checked:
    faults: list[Fault] = []
    if key is not None and key != log.verifier:
        faults.append(Fault(claim=Claim.C3, log=log.name, what="the key beside the log is not the one you trust"))
        log.verifier = key
    expected: list[Expected] = []
    own = _own_checkpoint(log, faults)
    if own is not None:
        expected.append(own)
    for note in given:
        try:
            seal = open_checkpoint(note, log.verifier)
        except LedgerCorruptError as error:
            faults.append(Fault(claim=Claim.C4, log=log.name, what=f"the given checkpoint: {error}"))
        else:
            expected.append(Expected(seal=seal, source="the given checkpoint", outside=True))
    chain, story = ChainCheck(log, expected), Continuity(log)
    newer = _Newer(own.seal.size if own is not None else None)
    for entry in chain.entries():
        story.take(entry)
        newer.take(entry)
    if not chain.faults:
        story.finish()
        faults += newer.judge(log, own)
    faults += chain.faults + story.faults
    return _Checked(log=log, chain=chain, story=story, outside=len(given), key_given=key is not None, faults=faults)


def _own_checkpoint(log: LogReader, faults: list[Fault]) -> Expected | None:
    path = log.directory / CHECKPOINT
    if not path.exists():
        faults.append(Fault(claim=Claim.C4, log=log.name, what="its checkpoint is gone"))
        return None
    try:
        return Expected(
            seal=open_checkpoint(read_regular(path), log.verifier),
            source="the checkpoint beside the log",
            outside=False,
        )
    except LedgerCorruptError as error:
        faults.append(Fault(claim=Claim.C4, log=log.name, what=f"the checkpoint beside the log: {error}"))
        return None


class _Newer:
    """What the log has gained since the checkpoint beside it, of ``size`` entries, was published."""

    def __init__(self, size: int | None) -> None:
        self._size = size
        self._began = self._last = 0
        self._booted = self._went_on = False

    def take(self, entry: Entry) -> None:
        if self._size is None or entry.index < self._size:
            return
        # Not from the last entry that it covers: until this one there was nothing to publish, and a machine may sleep for hours.
        self._began = self._began or entry.event["time"]
        self._last = entry.event["time"]
        if entry.type == EventType.NODE_BOOT:
            self._booted = True
        elif self._booted and entry.type not in _WITH_THE_BOOT:
            self._went_on = True

    def judge(self, log: LogReader, own: Expected | None) -> list[Fault]:
        """Only where the checkpoint is still the same: a gate that runs has published others while its log was read."""
        age = (self._last - self._began) // 1_000_000
        if own is None or not (age > _STALE_SECONDS or self._went_on) or _own_checkpoint(log, []) != own:
            return []
        since = "a boot" if self._went_on else f"entries of {age} s"
        what = f"the checkpoint beside the log leaves out {since}: an old one was put back"
        return [Fault(claim=Claim.C4, log=log.name, what=what, index=own.seal.size)]


def _find(claim: Claim, checked: Sequence[_Checked]) -> Finding:
    faults = tuple(fault for one in checked for fault in one.faults if fault.claim is claim)
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        return Finding(claim=claim, verdict=Verdict.FAIL, reason=f"{faults[0]}{more}", faults=faults)
    halted = [one.log.name for one in checked if one.chain.faults]
    if halted and claim not in _NEVER:
        return Finding(
            claim=claim, verdict=Verdict.NOT_PROVEN, reason=f"the check of {', '.join(halted)} could not be finished"
        )
    verdict, reason = _JUDGES[claim](checked)
    return Finding(claim=claim, verdict=verdict, reason=reason)


def _c1(checked: Sequence[_Checked]) -> tuple[Verdict, str]:
    entries, seals = sum(one.chain.size for one in checked), sum(one.chain.seals for one in checked)
    torn = sum(len(one.chain.tail.data.rstrip(b"\0")) for one in checked)
    crashes = sum(one.story.crashed for one in checked)
    reason = f"{entries} entries in {seals} sealed batches reach every known checkpoint; {crashes} crashes survived"
    given_up = sum(one.story.given_up for one in checked)
    if given_up:
        return (
            Verdict.NOT_PROVEN,
            f"{reason}; a repair gave up {given_up} entries that were sealed, and nobody knows whether they were acknowledged",
        )
    return Verdict.PASS, reason + (f"; {torn} bytes after the last seal were never acknowledged" if torn else "")


def _c2(checked: Sequence[_Checked]) -> tuple[Verdict, str]:
    intents, unknown, unsettled = (
        sum(one.story.intents for one in checked),
        sum(one.story.unknown for one in checked),
        sum(one.story.unsettled for one in checked),
    )
    reason = f"{intents} actions were recorded before they ran; {unknown} ended unknown after a crash"
    return Verdict.PASS, reason + (f"; {unsettled} have no outcome yet" if unsettled else "")


def _c3(checked: Sequence[_Checked]) -> tuple[Verdict, str]:
    chunks = sum(one.story.chunks for one in checked)
    key = "the key you gave" if all(one.key_given for one in checked) else "the key beside the log"
    return Verdict.PASS, f"every entry hashes to a root signed with {key}; {chunks} recorded chunks match"


def _c4(checked: Sequence[_Checked]) -> tuple[Verdict, str]:
    given = [one.log.name for one in checked if one.outside]
    rest = [one.log.name for one in checked if not one.outside]
    if not rest:
        return Verdict.PASS, "every log goes on from the checkpoint given"
    agrees = f"{', '.join(rest)}: the checkpoint beside the log agrees; give one kept elsewhere with --since"
    return Verdict.NOT_PROVEN, agrees + (f" ({', '.join(given)} goes on from the one given)" if given else "")


def _c5(_: Sequence[_Checked]) -> tuple[Verdict, str]:
    return Verdict.NOT_PROVEN, "no contradicting head is known; only a witness could rule one out"


def _c6(checked: Sequence[_Checked]) -> tuple[Verdict, str]:
    missing, declared = sum(one.story.missing for one in checked), sum(one.story.declared for one in checked)
    reason = "boots, heartbeats and each session's own numbering are without a hole"
    if missing or declared:
        reason = f"{declared} events were refused or lost, and the log says so itself"
    return Verdict.PASS, reason


def _c7(checked: Sequence[_Checked]) -> tuple[Verdict, str]:
    refusals = sum(one.story.refusals for one in checked)
    return Verdict.NOT_PROVEN, f"{refusals} refusals are there; a log cannot show what was never told to it"


def _c8(_: Sequence[_Checked]) -> tuple[Verdict, str]:
    return Verdict.NOT_PROVEN, "compare with the target's own log, by the session id in application_name"


def _c9(checked: Sequence[_Checked]) -> tuple[Verdict, str]:
    steps = sum(one.story.steps for one in checked)
    reason = "wall and steady clock agree" + (f", with {steps} steps" if steps else "")
    return Verdict.NOT_PROVEN, f"{reason}; nobody else has dated a checkpoint"


def _c10(checked: Sequence[_Checked]) -> tuple[Verdict, str]:
    views = sum(one.story.views for one in checked)
    return (
        Verdict.NOT_PROVEN,
        f"{views} views and exports are recorded; whoever can read the files can read without the gate",
    )


_NEVER = frozenset({Claim.C5, Claim.C7, Claim.C8, Claim.C9, Claim.C10})
_JUDGES = {
    Claim.C1: _c1,
    Claim.C2: _c2,
    Claim.C3: _c3,
    Claim.C4: _c4,
    Claim.C5: _c5,
    Claim.C6: _c6,
    Claim.C7: _c7,
    Claim.C8: _c8,
    Claim.C9: _c9,
    Claim.C10: _c10,
}
