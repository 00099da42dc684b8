"""The ledger as the gate sees it: a Recorder over one log of this process."""

import os
from collections import OrderedDict
from pathlib import Path

from passgate.core.errors import LedgerUnavailableError
from passgate.core.event import Event, EventType, Json
from passgate.core.session import Session
from passgate.ledger.checkpoint import Seal
from passgate.ledger.envelope import Enveloper, SessionEnvelope
from passgate.ledger.files import NO_SPACE, Files, OsFiles
from passgate.ledger.keys import RootKeys, SlotWriter
from passgate.ledger.log import DiskError, Log, NoSpaceError, Record
from passgate.ledger.notes import NoteSigner, NoteVerifier
from passgate.ledger.recording import CHUNK_PURPOSE, Recordings
from passgate.ledger.settings import LedgerSettings
from passgate.ledger.writer import Writer
from passgate.pipeline.protocols import Recording
from passgate.pipeline.receipt import Receipt
from passgate.pipeline.sealing import UNSEALED, Sealing

KEYS = "keys"

URGENT = frozenset(
    {
        EventType.NODE_BOOT,
        EventType.HEARTBEAT,
        EventType.SESSION_REFUSED,
        EventType.SESSION_END,
        EventType.SESSION_KILLED,
        EventType.ACTION_REFUSED,
        EventType.ACTION_OUTCOME,
        EventType.PASS_REVOKED,
        EventType.AUDIT_GAP,
        EventType.PROTOCOL_ERROR,
        EventType.BOUND_HIT,
    }
)
"""What is still taken when the disk is full: the end of what began, and every no."""

_ENDED_KEPT = 1024
"""Sessions remembered after their end, for the few events that come late; besides those whose recording is on its way."""


class Ledger:
    """Implements the pipeline's Recorder. Every method belongs to the event loop's thread."""

    def __init__(self, *, log: Log, settings: LedgerSettings, keys: RootKeys, slots: SlotWriter) -> None:
        self._keys = keys
        self._settings = settings
        self._slots = slots
        self._closed = False
        self._enveloper = Enveloper(origin=log.origin, epoch=log.epoch)
        self._own_events = Enveloper(origin=log.origin, epoch=log.epoch)
        self._live: dict[str, SessionEnvelope] = {}
        self._ended: OrderedDict[str, SessionEnvelope] = OrderedDict()
        self._log = log
        self._writer = Writer(log=log, settings=settings, store_slots=self._store_slots, note=self._note)
        self._recordings = Recordings(directory=log.directory, settings=settings.recording, tell=self.append)

    @classmethod
    def open(
        cls,
        path: Path,
        settings: LedgerSettings | None = None,
        *,
        files: Files | None = None,
        repaired_by: str = "",
        sealing: Sealing = UNSEALED,
    ) -> "Ledger":
        """Open, or begin, this process's log in the ledger folder ``path``.

        ``repaired_by``: who says that a last batch of which only the seal is whole may be given up; empty for nobody.
        On return the boot and the outcome ``unknown`` of every intent that a crash left open are durable.
        Raises LedgerUnavailableError (another writer, a disk that fails or is full), LedgerCorruptError, MasterKeyError.
        """
        settings, files = settings or LedgerSettings(), files or OsFiles()
        keys = RootKeys.open(path / KEYS, sealing=sealing)
        signer = NoteSigner(settings.origin, keys.signing)
        log = Log.open(path / settings.log_name, settings, files, signer, give_up_batch=bool(repaired_by))
        try:
            slots = SlotWriter(log.directory, files)
        except OSError as error:
            log.close()
            raise LedgerUnavailableError(f"the sessions' keys cannot be kept: {error.strerror}") from error
        ledger = cls(log=log, settings=settings, keys=keys, slots=slots)
        try:
            ledger._boot(repaired_by)
        except LedgerUnavailableError:
            ledger._recordings.close()
            slots.close()
            log.close()
            raise
        ledger._writer.start()
        return ledger

    @property
    def verifier(self) -> NoteVerifier:
        """The log's public key."""
        return self._log.verifier

    @property
    def directory(self) -> Path:
        return self._log.directory

    @property
    def available(self) -> bool:
        """Whether new work would be recorded now."""
        return self._writer.running

    def append(self, event: Event) -> Receipt:
        type_ = event.type
        urgent = type_ is not EventType.ACTION_INTENT and type_ in URGENT
        self._writer.check(urgent=urgent)
        session = event.session
        state = self._state(session) if session is not None else None
        try:
            enveloped, reference = self._enveloper.envelope(event, state)
        except LedgerUnavailableError:
            self._writer.refuse()
            raise
        event_id = enveloped.event_id
        record = Record(
            enveloped.leaf,
            enveloped.payload,
            session.id if session is not None else "",
            event_id if type_ is EventType.ACTION_INTENT else "",
            event.intent or "" if type_ is EventType.ACTION_OUTCOME else "",
        )
        if state is None:
            return Receipt(event_id=event_id, durable=self._writer.submit(record, urgent=urgent))
        slot = state.slot_to_store()
        riding = type_ is EventType.ACTION_OUTCOME
        durable = self._writer.submit(record, urgent=urgent, riding=riding, slot=slot)
        if slot:
            state.slot_stored = durable
        if reference is not None and event.text is not None:
            state.remember(event.text, reference, durable)
        if type_ is EventType.SESSION_END:
            self._end(state)
        return Receipt(event_id=event_id, durable=durable)

    def recording(self, session: Session) -> Recording:
        return self._recordings.open(session, self._state(session).key.sealer(CHUNK_PURPOSE))

    def close(self) -> None:
        """Write what is queued, say good-bye, publish the checkpoint, let go of the folder. Blocks for a few milliseconds."""
        if self._closed:
            return
        self._closed = True
        self._recordings.close()
        self._writer.close()
        self._slots.close()

    # -- sessions ------------------------------------------------------------------------------------------------

    def _state(self, session: Session) -> SessionEnvelope:
        state = self._live.get(session.id)
        if state is None:
            state = self._ended.get(session.id)
            if state is None:
                state = self._live[session.id] = SessionEnvelope(session, self._keys)
        if state.generation != self._log.generation:
            state.forget_texts(self._log.generation)
        return state

    def _end(self, state: SessionEnvelope) -> None:
        session = state.session.id
        self._live.pop(session, None)
        self._ended[session] = state
        if len(self._ended) > _ENDED_KEPT:
            oldest, kept = self._ended.popitem(last=False)
            if self._recordings.waits(oldest):  # its chunks are still to be told, in its own numbering
                self._ended[oldest] = kept

    # -- the writer's hands --------------------------------------------------------------------------------------

    def _boot(self, repaired_by: str) -> None:
        """Raises LedgerUnavailableError."""
        recovered = self._log.recovered
        lost = dict(self._log.open_intents)
        boot = Event(
            type=EventType.NODE_BOOT,
            detail={
                "heartbeat_ms": int(self._settings.heartbeat_seconds * 1000),
                "pid": os.getpid(),
                "previous": "none"
                if recovered.segment is None
                else "closed"
                if recovered.standing.clean
                else "crashed",
                "size": self._log.size,
                "torn_bytes": len(recovered.tail.data.rstrip(b"\0")),
                "unknown_outcomes": len(lost),
            },
        )
        records = [self._note(boot)]
        records += [
            self._note(
                Event(type=EventType.ACTION_OUTCOME, intent=intent, detail={"status": "unknown", "session": session})
            )._replace(closes=intent)
            for intent, session in lost.items()
        ]
        if recovered.lost is not None:
            records.append(self._note(_scar(recovered.lost, self._log.size, repaired_by)))
        self._log.commit(records)
        self._log.settle()
        self._log.publish()

    def _note(self, event: Event) -> Record:
        enveloped, _ = self._own_events.envelope(event, None)
        return Record(enveloped.leaf)

    def _store_slots(self, slots: bytes) -> None:
        """Raises NoSpaceError, DiskError."""
        try:
            self._slots.append(slots)
        except OSError as error:
            kind = NoSpaceError if error.errno in NO_SPACE else DiskError
            raise kind(f"a session's key cannot be stored: {error.strerror}") from error


def _scar(lost: Seal, size: int, by: str) -> Event:
    """In the same batch as the boot, so that no repair goes untold. ``root``: the head that was signed and is given up."""
    detail: dict[str, Json] = {
        "count": lost.size - size,
        "reason": "repair: of the last batch only the seal was whole",
        "repaired": True,
        "seal_size": lost.size,
        "seal_root": lost.root.hex(),
    }
    return Event(type=EventType.AUDIT_GAP, actor=by, detail=detail)
