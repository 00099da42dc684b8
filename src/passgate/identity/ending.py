"""Ends access before its time: passes are revoked, and what runs under them ends."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from passgate.core.errors import LedgerUnavailableError
from passgate.core.event import Event, EventType
from passgate.core.passes import Pass
from passgate.core.principal import Principal
from passgate.pipeline.protocols import Recorder

_LOG = logging.getLogger(__name__)


class LivePasses(Protocol):
    """Both raise StoreError."""

    def list(self, *, live_only: bool) -> tuple[Pass, ...]: ...

    def revoke(self, pass_id: str, *, actor: str) -> Pass | None: ...


class SignIns(Protocol):
    def revoke_of(self, which: Callable[[Principal], bool], *, at: datetime) -> int:
        """Raises StoreError."""


class Ending:
    """``look`` has the gate look at once for what was revoked; other processes find it in the store by themselves. ``sign_ins``:
    what tokens of the gate's own hang on."""

    def __init__(
        self,
        *,
        passes: LivePasses,
        sign_ins: SignIns,
        recorder: Recorder,
        look: Callable[[], object],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._passes = passes
        self._sign_ins = sign_ins
        self._recorder = recorder
        self._look = look
        self._now = now

    def sign_out(self, which: Callable[[Principal], bool]) -> int:
        """End what these people signed in for at the gate itself, tokens for the control API with it; returns how many. Raises
        StoreError."""
        return self._sign_ins.revoke_of(lambda principal: any(map(which, principal.links())), at=self._now())

    def end(self, why: Callable[[Pass], str | None], *, actor: str) -> int:
        """Revoke every live pass for which there is a reason; returns how many. Raises StoreError."""
        ended = 0
        for pass_ in self._passes.list(live_only=True):
            reason = why(pass_)
            if reason is not None:
                self._passes.revoke(pass_.id, actor=actor)
                self._record(pass_, reason, actor)
                ended += 1
        if ended:
            self._look()
        return ended

    def _record(self, pass_: Pass, reason: str, actor: str) -> None:
        detail = {"pass": pass_.id, "principal": str(pass_.principal), "reason": reason}
        try:
            self._recorder.append(Event(type=EventType.ACCESS_ENDED, actor=actor, detail=detail))
        except LedgerUnavailableError as error:  # it ends all the same, and the revocation itself waits in the store
            _LOG.warning("why pass %s ended could not be recorded: %s", pass_.id, error)
