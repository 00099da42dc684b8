"""One session for each pass and resource: opened by the first call, closed when nobody has called for a while."""

import asyncio
from typing import Protocol

from ulid import ULID

from passgate.core.errors import LedgerUnavailableError
from passgate.core.passes import Pass
from passgate.core.session import Session
from passgate.endpoints.llm.earlier_bodies import EarlierBodies
from passgate.endpoints.llm.settings import LlmTarget
from passgate.pipeline.gate import GatedSession, Steps
from passgate.pipeline.live import EndReason, LiveSessions


class InFlight(Protocol):
    """A call that can be ended from outside. Must not block."""

    @property
    def call_id(self) -> str:
        """The id of the event that tells of it; empty while there is none."""

    def end(self, reason: EndReason) -> None: ...


class LlmSession:
    """Implements ``Endable``. Calls enter and leave; ``end`` ends those that are in flight, and lets no other in."""

    def __init__(self, gated: GatedSession, sessions: "LlmSessions") -> None:
        self.gated = gated
        self.bodies = EarlierBodies()
        self.ended: EndReason | None = None
        self._sessions = sessions
        self._calls: set[InFlight] = set()
        self._closed = False
        self._timer: asyncio.TimerHandle | None = None
        self._used = 0.0

    @property
    def session(self) -> Session:
        return self.gated.session

    def enter(self, call: InFlight) -> None:
        self._calls.add(call)

    def leave(self, call: InFlight) -> None:
        """The call's outcome is recorded. The last call of an ended session closes it."""
        self._calls.discard(call)
        loop = asyncio.get_running_loop()
        self._used = loop.time()
        if self.ended is not None and not self._calls:
            self.close(self.ended.value)
        elif self._timer is None and not self._closed:
            self._timer = loop.call_later(self._sessions.idle, self._idle)

    def end(self, reason: EndReason) -> None:
        if self.ended is not None:
            return
        self.ended = reason
        self._sessions.forget(self)
        for call in tuple(self._calls):
            call.end(reason)
        if not self._calls:
            self.close(reason.value)

    def end_denied(self) -> None:
        """The other calls of the session go on."""
        denied = self.gated.denied_now()
        for call in tuple(self._calls):
            if call.call_id in denied:
                call.end(EndReason.RULES)

    def close(self, reason: str) -> None:
        """The last event, and the end of every token's value."""
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._sessions.forget(self)
        self._sessions.left(self)
        self.gated.close(reason)
        self.gated.masker.close()

    def _idle(self) -> None:
        loop = asyncio.get_running_loop()
        left = self._used + self._sessions.idle - loop.time()
        if self._calls or left > 0:
            self._timer = loop.call_later(max(left, 1.0), self._idle)
            return
        self._timer = None
        self.close("idle")


class LlmSessions:
    """Of one endpoint. ``idle``: seconds."""

    def __init__(self, *, steps: Steps, live: LiveSessions, idle: float) -> None:
        self.idle = idle
        self._steps = steps
        self._live = live
        self._open: dict[tuple[str, str], LlmSession] = {}
        self._passes: dict[str, tuple[Pass, int]] = {}
        self._closing: set[LlmSession] = set()
        self._quiet: asyncio.Future[None] | None = None

    def known(self, pass_id: str) -> Pass | None:
        """The pass of a session that is open and not ended."""
        found = self._passes.get(pass_id)
        return found[0] if found is not None else None

    async def enter(self, pass_: Pass, target: LlmTarget, peer: str, call: InFlight) -> LlmSession:
        """The session of this pass and this resource, with the call in it; its start is durable.

        Raises LedgerUnavailableError, AccessDeniedError where a lock keeps it out.
        """
        key = (pass_.id, target.name)
        found = self._open.get(key)
        if found is None:
            found = self._start(key, pass_, target, peer)
        found.enter(call)
        opened = found.gated.opened.durable
        if not opened.done() or opened.exception() is not None:
            try:
                await asyncio.shield(opened)
            except LedgerUnavailableError:
                self.forget(found)
                found.leave(call)
                found.close("it could not be recorded")
                raise
            except asyncio.CancelledError:
                found.leave(call)
                raise
        return found

    def _start(self, key: tuple[str, str], pass_: Pass, target: LlmTarget, peer: str) -> LlmSession:
        session = Session(
            id=str(ULID()),
            pass_=pass_,
            resource=target.resource,
            opened=self._steps.now(),
            peer=peer,
            scope=f"{pass_.id}/{target.name}",
        )
        started = LlmSession(GatedSession(session=session, steps=self._steps), self)
        self._open[key] = started
        self._closing.add(started)
        _, count = self._passes.get(pass_.id, (pass_, 0))
        self._passes[pass_.id] = (pass_, count + 1)
        self._live.register(session, started)
        return started

    def forget(self, one: LlmSession) -> None:
        """No further call enters it."""
        pass_ = one.session.pass_
        key = (pass_.id, one.session.resource.name)
        if self._open.get(key) is not one:
            return
        del self._open[key]
        _, count = self._passes[pass_.id]
        if count == 1:
            del self._passes[pass_.id]
        else:
            self._passes[pass_.id] = (pass_, count - 1)

    def left(self, one: LlmSession) -> None:
        self._live.unregister(one.session)
        self._closing.discard(one)
        if not self._closing and self._quiet is not None and not self._quiet.done():
            self._quiet.set_result(None)

    async def end_all(self, reason: EndReason) -> None:
        """End every session; returns when the last event of each is queued."""
        for one in tuple(self._closing):
            one.end(reason)
        if self._closing:
            self._quiet = asyncio.get_running_loop().create_future()
            await self._quiet
