"""The second half of verifying: whether a log's events, proven to be what was written, tell a story without holes."""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from passgate.core.errors import LedgerCorruptError
from passgate.core.event import EventType
from passgate.ledger.chunk_files import read_chunk
from passgate.ledger.claims import Claim, Fault
from passgate.ledger.keys import KeyFile
from passgate.ledger.leaves import Document
from passgate.ledger.reader import Entry, LogReader
from passgate.ledger.recording import recording_folder

_MICROSECONDS = 1_000_000
_BACKWARDS_MICROSECONDS = 60 * _MICROSECONDS
_STEP_MICROSECONDS = 5 * _MICROSECONDS
_DEFAULT_HEARTBEAT_MS = 60_000


@dataclass(slots=True)
class _SessionTrail:
    """What must add up for one session."""

    sequence: int = 0
    chunks: int = 0
    chunks_told: int | None = None
    previous_chunk: str = ""
    payloads: set[str] = field(default_factory=set)


class Continuity:
    """Takes a log's entries in order. Memory grows with the sessions of one boot and the open intents, not with the log."""

    def __init__(self, log: LogReader) -> None:
        self.faults: list[Fault] = []
        self.intents = self.unknown = self.refusals = self.views = self.chunks = self.steps = 0
        self.missing = self.declared = self.given_up = 0
        self.crashed = 0
        self.times: tuple[int, int] = (0, 0)
        self._log = log
        self._key_file = KeyFile(log.directory)
        self._closed = False
        self._keys: frozenset[str] = frozenset()
        self._epoch = 0
        self._mono = 0
        self._offset: int | None = None
        self._heartbeat = _DEFAULT_HEARTBEAT_MS * 1000
        self._sessions: dict[str, _SessionTrail] = {}
        self._open: dict[str, tuple[str, int]] = {}
        self._orphans: frozenset[str] = frozenset()
        self._first_hole: Entry | None = None
        self._steps: dict[str, Callable[[Entry, Document], None]] = {
            EventType.NODE_BOOT: self._boot,
            EventType.ACTION_INTENT: self._intent,
            EventType.ACTION_OUTCOME: self._outcome,
            EventType.ACTION_REFUSED: self._refusal,
            EventType.SESSION_REFUSED: self._refusal,
            EventType.HEARTBEAT: self._beat,
            EventType.REC_CHUNK: self._chunk,
            EventType.SESSION_END: self._session_end,
            EventType.AUDIT_GAP: self._gap,
            EventType.AUDIT_VIEWED: self._view,
            EventType.AUDIT_EXPORTED: self._view,
        }

    @property
    def unsettled(self) -> int:
        """Intents that still have no outcome: their sessions may be open."""
        return len(self._open)

    def take(self, entry: Entry) -> None:
        event = entry.event
        first, _ = self.times
        self.times = (first or event["time"], event["time"])
        step = self._steps.get(entry.type)
        self._closed = False
        if entry.type != EventType.NODE_BOOT:
            self._clock(entry, event)
        if "seq" in event:
            self._sequence(entry, event)
        if step is not None:
            step(entry, event.get("detail", {}))
        if entry.payload_hash:
            self._payload(entry)

    def finish(self) -> None:
        """What can only be told at the end."""
        lost = self._orphans & self._open.keys()
        if lost:
            _, index = self._open[min(lost, key=lambda intent: self._open[intent][1])]
            self._fault(
                Claim.C2, f"{len(lost)} actions were cut short by a crash, and no outcome was written for them", index
            )
        self._count_chunks(complete=self._closed)
        if self.missing > self.declared:
            what = f"{self.missing} events are missing and only {self.declared} were declared lost"
            if self._first_hole is not None:
                self._fault_at(Claim.C6, what, self._first_hole)
            else:
                self._fault(Claim.C6, what)

    def _count_chunks(self, *, complete: bool) -> None:
        """``complete``: the process said good-bye, so that nothing was still on its way to disk."""
        for session, trail in self._sessions.items():
            told = trail.chunks_told
            if told is None or told == trail.chunks:
                continue
            if told < trail.chunks:
                self._fault(Claim.C6, f"session {session} has {trail.chunks} recorded chunks and says {told}")
            elif complete:
                self.missing += told - trail.chunks

    # -- one kind of event each ----------------------------------------------------------------------------------

    def _boot(self, entry: Entry, detail: Document) -> None:
        epoch = entry.event["epoch"]
        if epoch != self._epoch + 1:
            self._fault_at(Claim.C6, f"boot {epoch} follows boot {self._epoch}", entry)
        self._epoch = epoch
        self._mono, self._offset = entry.event["mono"], None
        self._heartbeat = detail.get("heartbeat_ms", _DEFAULT_HEARTBEAT_MS) * 1000
        self.crashed += detail.get("previous") == "crashed"
        self._count_chunks(complete=detail.get("previous") == "closed")
        self._orphans = frozenset(self._open)
        self._sessions.clear()

    def _intent(self, entry: Entry, _: Document) -> None:
        self.intents += 1
        self._open[entry.id] = (entry.session, entry.index)

    def _outcome(self, entry: Entry, detail: Document) -> None:
        if self._open.pop(entry.event.get("intent", ""), None) is None:
            self._fault_at(Claim.C2, "an outcome without an intent of its own before it", entry)
        self.unknown += detail.get("status") == "unknown"

    def _refusal(self, _: Entry, __: Document) -> None:
        self.refusals += 1

    def _beat(self, _: Entry, detail: Document) -> None:
        self._closed = detail.get("closing", False)

    def _view(self, _: Entry, __: Document) -> None:
        self.views += 1

    def _gap(self, _: Entry, detail: Document) -> None:
        self.declared += detail.get("count", 0)
        if detail.get("repaired"):
            self.given_up += detail.get("count", 0)

    def _session_end(self, entry: Entry, detail: Document) -> None:
        trail = self._trail(entry)
        trail.chunks_told = detail.get("chunks", 0)
        trail.payloads.clear()
        if trail.chunks == trail.chunks_told:
            trail.previous_chunk = ""

    def _chunk(self, entry: Entry, detail: Document) -> None:
        self.chunks += 1
        trail = self._trail(entry)
        if detail["prev"] != trail.previous_chunk and trail.chunks == detail["n"]:
            self._fault_at(Claim.C3, f"chunk {detail['n']} does not follow the chunk before it", entry)
        trail.chunks += 1
        trail.previous_chunk = detail["ct_sha256"]
        found = _file_hash(recording_folder(self._log.directory, entry.session) / detail["ct_sha256"])
        if found is not None:
            if found != detail["ct_sha256"]:
                self._fault_at(Claim.C3, f"chunk {detail['n']} of the recording was changed", entry)
        elif not self._erased(entry.session):
            self._fault_at(Claim.C3, f"chunk {detail['n']} of the recording is missing", entry)

    def _erased(self, session: str) -> bool:
        slots = self._key_file.slots(session)
        return bool(slots) and not any(slot.wrapped for slot in slots)

    def _payload(self, entry: Entry) -> None:
        trail = self._trail(entry)
        if entry.payload is not None:
            trail.payloads.add(entry.payload_hash)
        elif entry.payload_hash not in trail.payloads:
            self._fault_at(Claim.C3, "the encrypted text that the entry names is not there", entry)
        if entry.key_id not in self._keys and self._key_file.path.exists():
            self._keys = self._key_file.ids()  # the gate may have added one since
            if entry.key_id not in self._keys:
                self._fault_at(Claim.C3, "the key of the entry's text is gone, and not by an erasure", entry)

    # -- counting ------------------------------------------------------------------------------------------------

    def _trail(self, entry: Entry) -> _SessionTrail:
        trail = self._sessions.get(entry.session)
        if trail is None:
            trail = self._sessions[entry.session] = _SessionTrail()
        return trail

    def _sequence(self, entry: Entry, event: Document) -> None:
        trail = self._trail(entry)
        sequence = event["seq"]
        if sequence <= trail.sequence:
            self._fault_at(Claim.C6, f"event {sequence} of the session follows its event {trail.sequence}", entry)
        elif sequence != trail.sequence + 1:
            self.missing += sequence - trail.sequence - 1
            self._first_hole = self._first_hole or entry
        trail.sequence = sequence

    def _clock(self, entry: Entry, event: Document) -> None:
        mono, wall = event["mono"], event["time"]
        if mono < self._mono - _BACKWARDS_MICROSECONDS:
            self._fault_at(Claim.C9, "the steady clock went backwards without a boot", entry)
        silence = mono - self._mono
        if silence > 2 * self._heartbeat + _BACKWARDS_MICROSECONDS and entry.type != EventType.AUDIT_GAP:
            self._fault_at(Claim.C6, f"silent for {silence // _MICROSECONDS} s, though a heartbeat was due", entry)
        self._mono = max(mono, self._mono)
        offset = wall - mono
        if self._offset is not None and abs(offset - self._offset) > _STEP_MICROSECONDS:
            self.steps += 1
        self._offset = offset

    def _fault_at(self, claim: Claim, what: str, entry: Entry) -> None:
        self.faults.append(
            Fault(
                claim=claim,
                log=self._log.name,
                what=what,
                index=entry.index,
                segment=entry.segment,
                offset=entry.offset,
            )
        )

    def _fault(self, claim: Claim, what: str, index: int | None = None) -> None:
        self.faults.append(Fault(claim=claim, log=self._log.name, what=what, index=index))


def _file_hash(path: Path) -> str | None:
    """Empty for what is no chunk at all, None where nothing is: an erasure may take it away meanwhile."""
    try:
        return sha256(read_chunk(path)).hexdigest()
    except FileNotFoundError:
        return None
    except LedgerCorruptError:
        return ""
