"""Group commit, and what happens when the disk says no.

Who holds the log's lock may touch the log; nobody waits for that lock. At the end of a turn the event loop takes it, makes one
batch of all that is queued and hands batch and lock to the thread, which only writes, syncs and wakes the loop; meanwhile the next
batch forms. (Two threads that both run Python wait for each other more than for the disk.) Where nothing is synced, the loop
writes by itself. The thread also does what is rare: heartbeats, checkpoints, and all that follows a failing disk.
"""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Final, final

from passgate.core.errors import LedgerUnavailableError
from passgate.core.event import Event, EventType
from passgate.ledger.log import Batch, DiskError, Log, NoSpaceError, Record
from passgate.ledger.riding import RidingFuture
from passgate.ledger.settings import Durability, LedgerSettings

_BATCH_RECORDS = 4096
_BATCH_BYTES = 8 * 1024 * 1024
_LINGER_SECONDS = 0.005
"""How long a record that nobody waits for may stay out of a commit."""
_MOMENT = 0.001
"""How soon to ask again for a log that the loop is writing."""
_PROBE_SECONDS = 0.25
"""How often a full disk is looked at again."""


class State(StrEnum):
    RUNNING = "running"
    FULL = "full"  # the disk is full: only what must be told is taken, into the reserve
    POISONED = "poisoned"  # the disk failed: nothing is taken until a restart
    CLOSED = "closed"


@final
class Queued:
    """``urgent`` records are still taken when the disk is full. ``slot`` is a session key to store first."""

    __slots__ = ("future", "record", "size", "slot", "urgent")

    def __init__(
        self, record: Record, future: "asyncio.Future[None] | None", urgent: bool, size: int, slot: bytes = b""
    ) -> None:
        self.record: Final = record
        self.future: Final = future
        self.urgent: Final = urgent
        self.size: Final = size
        self.slot: Final = slot


@final
class Job:
    """A batch that the loop hands over."""

    __slots__ = ("batch", "queued")

    def __init__(self, queued: Sequence[Queued], batch: Batch) -> None:
        self.queued: Final = queued
        self.batch: Final = batch


Answer = tuple[Sequence[Queued], LedgerUnavailableError | None]


class Writer:
    """``submit`` and ``check`` belong to the event loop's thread; ``note`` makes the writer's own events (heartbeat, gap)."""

    def __init__(
        self,
        *,
        log: Log,
        settings: LedgerSettings,
        store_slots: Callable[[bytes], None],
        note: Callable[[Event], Record],
    ) -> None:
        self.state = State.RUNNING
        self.why = ""
        self._log = log
        self._settings = settings
        self._store_slots = store_slots
        self._note = note
        self._unsynced = settings.durability is Durability.OS
        self._queue: deque[Queued] = deque()
        self._lock = threading.Lock()
        self._job: Job | None = None
        self._wake = _closed_gate()
        self._wanted = self._kicked = False
        self._stopping = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._watching = False
        self._lingering = False
        # The loop writes these; the thread reads.
        self._queued_bytes = self._refused = 0
        # Who holds the lock writes these.
        self._taken_bytes = self._dropped = self._told = 0
        self._busy: tuple[float, Sequence[Queued]] = (0.0, ())
        self._answers: list[Answer] = []
        self._heartbeat_at = self._probe_at = self._tend_at = 0.0
        self._committer = threading.Thread(target=self._run, name="passgate-ledger", daemon=True)

    def start(self) -> None:
        self._committer.start()

    @property
    def running(self) -> bool:
        return self.state is State.RUNNING and not self._crowded()

    # -- the event loop's side -----------------------------------------------------------------------------------

    def check(self, *, urgent: bool) -> None:
        """Raises LedgerUnavailableError, and counts the refusal, if a record would not be taken now."""
        if self.state is State.RUNNING and not self._crowded():
            return
        if self.state is State.FULL and urgent and not self._crowded():
            return
        self._refused += 1
        raise LedgerUnavailableError(self.why or "the ledger's queue is full")

    def refuse(self) -> None:
        """Count an event that could not even be put into bytes."""
        self._refused += 1

    def submit(
        self, record: Record, *, urgent: bool, riding: bool = False, slot: bytes = b""
    ) -> "asyncio.Future[None]":
        """Queue a record that ``check`` has let through. The future is done once it is durable.

        A ``riding`` record waits a few milliseconds for another one's commit, unless somebody awaits its future.
        """
        loop = self._loop
        if loop is None:
            loop = self._loop = asyncio.get_running_loop()
        future: asyncio.Future[None]
        if riding:
            future = riding_future = RidingFuture(loop=loop)
            riding_future.awaited = self._hurry
        else:
            future = loop.create_future()
        size = len(record.leaf) + (len(record.payload) if record.payload is not None else 0)
        self._queued_bytes += size
        self._queue.append(Queued(record, future, urgent, size, slot))
        if riding:
            if not self._lingering and not loop.is_closed():
                self._lingering = True
                loop.call_later(_LINGER_SECONDS, self._linger)
        else:
            self._hurry()
        return future

    def _hurry(self) -> None:
        """Have all that this turn of the loop queues committed at its end."""
        self._wanted = True
        if not self._kicked and self._loop is not None and not self._loop.is_closed():
            self._kicked = True
            self._loop.call_soon(self._kick)

    def _linger(self) -> None:
        self._lingering = False
        if self._queue:
            self._hurry()

    def _kick(self) -> None:
        """Commit what is queued, unless a commit is on its way: then the next one begins when that one has landed."""
        self._kicked = False
        if not self._queue:
            self._wanted = False
            return
        if self.state is not State.RUNNING:
            _open_gate(self._wake)
        elif self._lock.acquire(blocking=False):
            queued = self._take()
            self._wanted = bool(self._queue)
            self._busy = (time.monotonic(), queued)
            job = Job(queued, self._log.prepare([one.record for one in queued]))
            if self._unsynced and not self._log.rotates and not any(one.slot for one in queued):
                self._work(queued, job.batch)
                self._landed(self._let_go())
                if self.state is not State.RUNNING:
                    _open_gate(self._wake)
                return
            self._job = job
            _open_gate(self._wake)
        if not self._watching and self._loop is not None:
            self._watching = True
            self._loop.call_later(self._settings.stall_seconds, self._watch)

    def _landed(self, answers: Sequence[Answer]) -> None:
        """Begin the next commit if one is wanted, then tell those who waited for this one."""
        if self._wanted:
            if self._unsynced:
                self._hurry()
            else:
                self._kick()
        for queued, error in answers:
            if error is None:
                _done(queued)
            else:
                _fail(queued, error)

    def _crowded(self) -> bool:
        settings = self._settings
        if len(self._queue) >= settings.queue_events:
            return True
        if self._queued_bytes - self._taken_bytes >= settings.queue_bytes:
            return True
        since, _ = self._busy
        return bool(since) and time.monotonic() - since > settings.stall_seconds

    def _watch(self) -> None:
        """Fail what waits for a commit that hangs: a caller must not hang with the disk."""
        self._watching = False
        since, batch = self._busy
        if not since and not self._queue:
            return
        if since and time.monotonic() - since >= self._settings.stall_seconds:
            stalled = LedgerUnavailableError(
                f"the ledger's disk has not answered for {self._settings.stall_seconds:g} s"
            )
            _fail(batch, stalled)
            _fail(tuple(self._queue), stalled)
        self._watching = True
        assert self._loop is not None  # noqa: S101 - _watch is only ever called by the loop
        self._loop.call_later(self._settings.stall_seconds / 2, self._watch)

    def close(self) -> None:
        """Write what is queued, say good-bye in the log, publish the checkpoint and end the thread."""
        self._stopping = True
        _open_gate(self._wake)
        self._committer.join()

    # -- the thread's side ---------------------------------------------------------------------------------------

    def _run(self) -> None:
        self._heartbeat_at = time.monotonic() + self._settings.heartbeat_seconds
        while self.state is not State.CLOSED:
            if (job := self._job) is not None:
                self._job = None
                self._work(job.queued, job.batch)
                self._report(self._let_go())
            now = time.monotonic()
            if not self._due(now):
                self._wake.acquire(timeout=max(self._tend_at - now, 0))  # the loop may have asked for it just now
            elif self._lock.acquire(blocking=False):
                self._tend()
                self._report(self._let_go())
            elif self._job is None:
                self._wake.acquire(timeout=_MOMENT)

    def _due(self, now: float) -> bool:
        """Whether there is anything to do but what the loop hands over."""
        if self._stopping or now >= self._tend_at:
            return True
        return self._missing() > 0 if self.state is State.RUNNING else bool(self._queue)

    def _tend(self) -> None:
        """All but the ordinary commit."""
        now = time.monotonic()
        self._busy = (now, ())
        while self._queue and (self._stopping or self.state is not State.RUNNING):
            self._work(self._take())
        if self.state is State.FULL:
            self._probe()
            self._publish_if_due()  # a checkpoint is small; one that stays behind for long looks as if it had been put back
        elif self.state is State.RUNNING:
            if self._missing():
                self._tell_gap("refused or lost")
            if now >= self._heartbeat_at:
                self._heartbeat_at = now + self._settings.heartbeat_seconds
                self._commit_own(self._note(Event(type=EventType.HEARTBEAT, detail={"size": self._log.size})))
            self._publish_if_due()
        if self._stopping:
            self._say_goodbye()
        self._busy = (0.0, ())
        self._tend_at = self._next(time.monotonic())

    def _next(self, now: float) -> float:
        if self.state is State.FULL:
            return now + _PROBE_SECONDS
        if self.state is not State.RUNNING:
            return now + self._settings.heartbeat_seconds
        wait = self._settings.checkpoint_seconds
        if self._log.size > self._log.published:
            wait -= self._log.checkpoint_age
        return min(now + max(wait, 0.01), self._heartbeat_at)

    def _let_go(self) -> Sequence[Answer]:
        """Release the log; what is to be said to those who waited."""
        answers, self._answers = self._answers, []
        self._lock.release()
        return answers

    def _report(self, answers: Sequence[Answer]) -> None:
        if not (answers or self._wanted) or self._loop is None or self._loop.is_closed():
            return
        try:
            self._loop.call_soon_threadsafe(self._landed, answers)
        except RuntimeError:
            return  # the loop closed in between, and with it everyone who could wait

    def _take(self) -> list[Queued]:
        batch: list[Queued] = []
        size = 0
        while self._queue and len(batch) < _BATCH_RECORDS and size < _BATCH_BYTES:
            queued = self._queue.popleft()
            size += queued.size
            batch.append(queued)
        return batch

    def _work(self, queued: Sequence[Queued], batch: Batch | None = None) -> None:
        """Commit what was queued and answer it, whatever the disk says. ``batch``: made of it already."""
        self._busy = (time.monotonic(), queued)
        error: LedgerUnavailableError | None = None
        try:
            if self.state is State.FULL:
                self._commit_in_reserve(queued)
            elif self.state is State.RUNNING:
                self._commit(queued, batch)
            else:
                error = LedgerUnavailableError(self.why)
        except NoSpaceError as full:
            self._fill_up(queued, full)
        except DiskError as broken:
            self._poison(broken)
            error = broken
        if self.state is State.RUNNING or error is not None:
            self._answer(queued, error)
        self._taken_bytes += sum([one.size for one in queued])
        self._busy = (0.0, ())

    def _commit(self, queued: Sequence[Queued], batch: Batch | None = None) -> None:
        slots = b"".join([one.slot for one in queued if one.slot])
        if slots:
            self._store_slots(slots)
        self._log.write(batch or self._log.prepare([one.record for one in queued]))

    def _fill_up(self, batch: Sequence[Queued], full: NoSpaceError) -> None:
        """The disk has just become full: go into the reserve, and save what must be told."""
        self.why = str(full)
        self.state, self._tend_at = State.FULL, 0.0
        try:
            self._log.enter_reserve()
        except NoSpaceError as used_up:
            self.why = str(used_up)
        except DiskError as broken:
            self._poison(broken)
            self._answer(batch, broken)
            return
        self._commit_in_reserve(batch)

    def _commit_in_reserve(self, batch: Sequence[Queued]) -> None:
        """Commit the urgent ones, after a word on what is missing before them; the others are refused and counted."""
        urgent = [queued for queued in batch if queued.urgent]
        rest = [queued for queued in batch if not queued.urgent]
        self._dropped += len(rest)
        self._answer(rest, LedgerUnavailableError(self.why))
        if urgent:
            count = self._missing()
            gap = [Queued(self._gap(count, self.why), None, True, 0)] if count else []
            try:
                self._commit([*gap, *urgent])
            except NoSpaceError as used_up:
                self.why = str(used_up)
                self._dropped += len(urgent)
                self._answer(urgent, used_up)
            except DiskError as broken:
                self._poison(broken)
                self._answer(urgent, broken)
            else:
                self._told += count
                self._answer(urgent, None)

    def _probe(self) -> None:
        """See, now and then, whether there is room again."""
        now = time.monotonic()
        if now < self._probe_at:
            return
        self._probe_at = now + _PROBE_SECONDS
        try:
            self._log.leave_reserve()
        except NoSpaceError:
            return
        except DiskError as broken:
            self._poison(broken)
            return
        self.state, why, self.why = State.RUNNING, self.why, ""
        self._tell_gap(why)

    def _poison(self, broken: DiskError) -> None:
        self.why = f"{broken}; the ledger takes nothing more until the gate is restarted"
        self.state = State.POISONED

    def _missing(self) -> int:
        return self._refused + self._dropped - self._told

    def _tell_gap(self, why: str) -> None:
        count = self._missing()
        if self._commit_own(self._gap(count, why)):
            self._told += count

    def _gap(self, count: int, why: str) -> Record:
        return self._note(Event(type=EventType.AUDIT_GAP, detail={"count": count, "reason": why}))

    def _commit_own(self, record: Record) -> bool:
        """Commit an event of the writer's own. True if it is on disk."""
        try:
            self._log.commit([record])
        except NoSpaceError as full:
            self._fill_up((), full)
            return False
        except DiskError as broken:
            self._poison(broken)
            return False
        return True

    def _publish_if_due(self) -> None:
        """A checkpoint that cannot be published for lack of room is tried again; the seals in the log say the same."""
        try:
            if self._log.due:
                self._log.settle()
                self._log.publish()
        except NoSpaceError:
            return
        except DiskError as broken:
            self._poison(broken)

    def _say_goodbye(self) -> None:
        if self.state is State.RUNNING:
            if self._missing():
                self._tell_gap("refused or lost")
            self._commit_own(
                self._note(Event(type=EventType.HEARTBEAT, detail={"closing": True, "size": self._log.size}))
            )
        if self.state is State.RUNNING:
            try:
                self._log.settle()
                self._log.publish()
            except (NoSpaceError, DiskError) as error:
                self.why = str(error)
        self.state, self.why = State.CLOSED, self.why or "the ledger is closed"
        self._log.close()

    def _answer(self, queued: Sequence[Queued], error: LedgerUnavailableError | None) -> None:
        if queued:
            self._answers.append((queued, error))


def _closed_gate() -> threading.Lock:
    gate = threading.Lock()
    gate.acquire()
    return gate


def _open_gate(gate: threading.Lock) -> None:
    """Let one waiter through, now or at its next wait; opening an open gate changes nothing. For the loop's thread only."""
    if gate.locked():
        gate.release()


def _done(batch: Sequence[Queued]) -> None:
    for queued in batch:
        future = queued.future
        if future is not None and not future.done():
            future.set_result(None)


def _fail(batch: Sequence[Queued], error: LedgerUnavailableError) -> None:
    for queued in batch:
        future = queued.future
        if future is not None and not future.done():
            future.set_exception(error)
            future.exception()  # seen: an event that nobody waits for is no news to the loop's exception handler
