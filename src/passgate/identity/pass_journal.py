"""Passes are issued and revoked by other processes; the gate, which owns the ledger, writes down that it happened."""

import asyncio
import dataclasses
import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from passgate.core.errors import LedgerUnavailableError, StoreError
from passgate.core.event import Event, EventType, Json
from passgate.core.passes import PassChange, PassChangeKind
from passgate.pipeline.protocols import Recorder

_LOG = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0

_CLAIM = timedelta(seconds=30)
"""Far longer than a ledger commit: after it another worker may take over what a dead one had claimed."""

_TYPES = {PassChangeKind.ISSUED: EventType.PASS_ISSUED, PassChangeKind.REVOKED: EventType.PASS_REVOKED}


class ChangeLog(Protocol):
    """Changes that no ledger holds yet. Both raise StoreError."""

    def claim_changes(self, *, by: str, now: datetime, until: datetime) -> tuple[PassChange, ...]: ...

    def confirm_changes(self, seqs: Iterable[int]) -> None: ...


class PassJournal:
    """``by`` names this process among those that share the store. A change may be written twice after a crash, never not at all."""

    def __init__(
        self,
        *,
        changes: ChangeLog,
        recorder: Recorder,
        by: str,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        self._changes = changes
        self._recorder = recorder
        self._by = by
        self._now = now
        self._interval = interval

    async def write_pending(self) -> int:
        """Put what is waiting into the ledger; says how many. Raises StoreError and LedgerUnavailableError; nothing is lost."""
        now = self._now()
        changes = self._changes.claim_changes(by=self._by, now=now, until=now + _CLAIM)
        if not changes:
            return 0
        receipts = [self._recorder.append(_event(change)) for change in changes]
        await asyncio.gather(*(receipt.durable for receipt in receipts))
        self._changes.confirm_changes([change.seq for change in changes])
        return len(changes)

    async def run(self) -> None:
        """Until cancelled. What cannot be written now waits in the store and is tried again."""
        while True:
            try:
                await self.write_pending()
            except (StoreError, LedgerUnavailableError) as error:
                _LOG.warning("changes to passes wait to be recorded: %s", error)
            await asyncio.sleep(self._interval)


def _event(change: PassChange) -> Event:
    pass_ = change.pass_
    behalf = pass_.principal.on_behalf_of
    detail: dict[str, Json] = {
        "pass": pass_.id,
        "principal": str(pass_.principal),
        "on_behalf_of": None if behalf is None else str(behalf),
        "chain": [str(link) for link in pass_.principal.links()],
        "delegated_from": list(pass_.ancestors),
        "resources": list[Json](sorted(pass_.resources)),
        "verbs": list[Json](sorted(verb.value for verb in pass_.verbs)),
        "purpose": pass_.purpose,
        "ticket": pass_.ticket,
        "expires": pass_.expires.isoformat(),
        "budget": None if pass_.budget is None else dict[str, Json](dataclasses.asdict(pass_.budget)),
        "at": change.at.isoformat(),
    }
    return Event(type=_TYPES[change.kind], actor=change.actor, detail=detail)
