"""Who is connected right now, and how each of them is ended."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol

from passgate.core.passes import Pass
from passgate.core.session import Session


class EndReason(StrEnum):
    PASS_EXPIRED = "the pass has expired"
    PASS_REVOKED = "the pass was revoked"
    KILLED = "the session was ended by an administrator"
    LOGIN_ENDED = "the session's login at the target has ended"
    LOCKED = "the principal, the pass or the resource was locked"
    RULES = "the rules have changed and deny what was running"
    BLIND = "the gate cannot see which passes are revoked"
    SHUTDOWN = "the gate is shutting down"


class Endable(Protocol):
    """A connection that can be ended from outside: socket closed, running statement cancelled. Must not block."""

    def end(self, reason: EndReason) -> None: ...

    def end_denied(self) -> None:
        """End what runs on it and is denied by the rules as they are now. Must not block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSession:
    session: Session
    connection: Endable
    expiry: asyncio.TimerHandle


class LiveSessions:
    """Every session of this process. Expiry is armed when a session registers: no sweep can be late."""

    def __init__(self, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._now = now
        self._sessions: dict[str, LiveSession] = {}

    def register(self, session: Session, connection: Endable) -> None:
        left = (session.pass_.expires - self._now()).total_seconds()
        timer = asyncio.get_running_loop().call_later(max(left, 0), connection.end, EndReason.PASS_EXPIRED)
        self._sessions[session.id] = LiveSession(session=session, connection=connection, expiry=timer)

    def unregister(self, session: Session) -> None:
        live = self._sessions.pop(session.id, None)
        if live is not None:
            live.expiry.cancel()

    def list(self) -> tuple[Session, ...]:
        return tuple(live.session for live in self._sessions.values())

    def kill(self, session_id: str, reason: EndReason = EndReason.KILLED) -> bool:
        """End one session; False if this process has none of that id."""
        live = self._sessions.get(session_id)
        if live is None:
            return False
        live.connection.end(reason)
        return True

    def revoke(self, pass_ids: Iterable[str]) -> int:
        """End every session under these passes and under what was delegated from them; returns how many."""
        revoked = frozenset(pass_ids)
        ended = [live for live in self._sessions.values() if not revoked.isdisjoint(live.session.pass_.lineage)]
        for live in ended:
            live.connection.end(EndReason.PASS_REVOKED)
        return len(ended)

    def lock(self, reached: Callable[[Pass, str], bool]) -> int:
        """End every session that a lock reaches; returns how many."""
        sessions = tuple(self._sessions.values())
        ended = [live for live in sessions if reached(live.session.pass_, live.session.resource.name)]
        for live in ended:
            live.connection.end(EndReason.LOCKED)
        return len(ended)

    def end_denied(self) -> None:
        """The rules have changed: what they deny now is ended, though it was let through."""
        for live in tuple(self._sessions.values()):
            live.connection.end_denied()

    def end_all(self, reason: EndReason) -> None:
        for live in tuple(self._sessions.values()):
            live.connection.end(reason)

    def shutdown(self) -> None:
        self.end_all(EndReason.SHUTDOWN)
