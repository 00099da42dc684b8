"""Locks, as the control API asks for them."""

from collections.abc import Callable, Sequence
from datetime import datetime

from ulid import ULID

from passgate.core.errors import LockError
from passgate.core.event import Event, EventType, Json
from passgate.core.lock import Lock, LockKind
from passgate.core.principal import Principal, folded
from passgate.pipeline.control import LockAsked, LockMade
from passgate.store.lock_store import LockStore
from passgate.wiring.control.gate import RunningGate, record


class Locks:
    """Implements ``pipeline.control.LockDesk``. Other workers see a change within half a second."""

    def __init__(
        self, store: LockStore, *, gate: RunningGate, resources: frozenset[str], now: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._gate = gate
        self._resources = resources
        self._now = now

    def list(self) -> Sequence[Lock]:
        return self._store.holding(self._now())

    async def set(self, asked: LockAsked, *, actor: str) -> LockMade:
        """A pass or a resource that is not there is refused: whoever locks it believes that it is. Raises LockError.

        A subject may be locked before anybody has come under it, so of that it is only said how many passes are kept out.
        """
        self._check(asked)
        now = self._now()
        lock = Lock(
            id=str(ULID()),
            kind=asked.kind,
            target=asked.target,
            reason=asked.reason.strip(),
            actor=actor,
            at=now,
            until=None if asked.ttl is None else now + asked.ttl,
        )
        reached = sum(lock.keeps_out(pass_) for pass_ in self._gate.passes.list(live_only=True))
        self._store.add(lock)
        await self._gate.locked()
        await self._told(EventType.LOCK_SET, lock, actor)
        return LockMade(lock=lock, live_passes=reached)

    async def lift(self, lock_id: str, *, actor: str) -> bool:
        found = next((one for one in self.list() if one.id == lock_id), None)
        if found is None or not self._store.lift(lock_id):
            return False
        await self._gate.locked()
        await self._told(EventType.LOCK_LIFTED, found, actor)
        return True

    def against(self, principal: Principal) -> Lock | None:
        for lock in self.list():
            if lock.kind.value == principal.kind.value and folded(lock.target) == folded(principal.subject):
                return lock
        return None

    def _check(self, asked: LockAsked) -> None:
        if not asked.reason.strip() or not asked.reason.isprintable():
            raise LockError("A lock has a reason, in characters that can be printed")
        if not asked.target.isprintable():
            raise LockError("The target holds characters that cannot be printed")
        if asked.kind is LockKind.RESOURCE and asked.target not in self._resources:
            known = ", ".join(sorted(self._resources))
            raise LockError(f"There is no resource of that name; known: {known}")
        if asked.kind is LockKind.PASS and self._gate.passes.find(asked.target) is None:
            raise LockError("There is no pass of that id")

    async def _told(self, type_: EventType, lock: Lock, actor: str) -> None:
        """Raises LedgerUnavailableError."""
        detail: dict[str, Json] = {
            "lock": lock.id,
            "kind": lock.kind.value,
            "target": lock.target,
            "reason": lock.reason,
        }
        await record(self._gate, Event(type=type_, actor=actor, detail=detail))
