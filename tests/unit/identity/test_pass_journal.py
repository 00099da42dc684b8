"""What happened to passes, in the ledger."""

import asyncio
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from passgate.core.budget import Budget
from passgate.core.errors import LedgerUnavailableError, StoreError
from passgate.core.event import Event, EventType
from passgate.core.passes import PassChange, PassChangeKind
from passgate.core.session import Session
from passgate.identity.pass_journal import PassJournal
from passgate.identity.registry import PassRegistry
from passgate.pipeline.protocols import Recording
from passgate.pipeline.receipt import Receipt
from tests.unit.identity.conftest import Clock, MemoryStore, until
from tests.unit.identity.test_request import REQUEST, RULES


@dataclass
class Changes:
    waiting: list[PassChange] = field(default_factory=list)
    confirmed: list[int] = field(default_factory=list)
    claims: list[tuple[str, datetime, datetime]] = field(default_factory=list)
    broken: bool = False

    def claim_changes(self, *, by: str, now: datetime, until: datetime) -> tuple[PassChange, ...]:
        self.claims.append((by, now, until))
        if self.broken:
            raise StoreError("the disk is gone")
        return tuple(change for change in self.waiting if change.seq not in self.confirmed)

    def confirm_changes(self, seqs: Iterable[int]) -> None:
        self.confirmed.extend(seqs)


@dataclass
class Ledger:
    events: list[Event] = field(default_factory=list)
    stopped: bool = False
    durable: bool = True

    def append(self, event: Event) -> Receipt:
        if self.stopped:
            raise LedgerUnavailableError
        self.events.append(event)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.durable:
            done.set_result(None)
        else:
            done.set_exception(LedgerUnavailableError("fsync failed"))
        return Receipt(event_id=str(len(self.events)), durable=done)

    def recording(self, session: Session) -> Recording:
        raise NotImplementedError


@pytest.fixture
def changes(store: MemoryStore, clock: Clock) -> Changes:
    registry = PassRegistry(store, now=clock.now)
    pass_ = registry.issue(REQUEST, rules=RULES, actor="ops").pass_
    return Changes(
        waiting=[
            PassChange(seq=4, kind=PassChangeKind.ISSUED, pass_=pass_, actor="ops", at=clock.time),
            PassChange(
                seq=5, kind=PassChangeKind.REVOKED, pass_=pass_, actor="boss", at=clock.time + timedelta(seconds=9)
            ),
        ]
    )


def journal(changes: Changes, ledger: Ledger, clock: Clock) -> PassJournal:
    return PassJournal(changes=changes, recorder=ledger, by="gate-0", now=clock.now, interval=0)


async def test_every_change_becomes_an_event_and_is_confirmed(changes: Changes, clock: Clock) -> None:
    ledger = Ledger()
    assert await journal(changes, ledger, clock).write_pending() == 2
    issued, revoked = ledger.events
    assert (issued.type, issued.actor) == (EventType.PASS_ISSUED, "ops")
    assert (revoked.type, revoked.actor) == (EventType.PASS_REVOKED, "boss")
    assert issued.detail == {
        "pass": changes.waiting[0].pass_.id,
        "principal": "agent:reporter",
        "on_behalf_of": "human:ada@example.com",
        "chain": ["agent:reporter", "human:ada@example.com"],
        "delegated_from": [],
        "resources": ["shop"],
        "verbs": ["read"],
        "purpose": "weekly report",
        "ticket": "OPS-7",
        "expires": "2026-03-01T12:30:00+00:00",
        "budget": None,
        "at": "2026-03-01T12:00:00+00:00",
    }
    assert changes.confirmed == [4, 5]
    assert changes.claims == [("gate-0", clock.time, clock.time + timedelta(seconds=30))]
    assert await journal(changes, ledger, clock).write_pending() == 0


async def test_a_budget_stands_in_the_event(changes: Changes, clock: Clock) -> None:
    ledger = Ledger()
    change = changes.waiting[0]
    changes.waiting = [replace(change, pass_=replace(change.pass_, budget=Budget(requests=5, microdollars=1)))]
    await journal(changes, ledger, clock).write_pending()
    assert ledger.events[0].detail["budget"] == {"requests": 5, "tokens": None, "microdollars": 1}


@pytest.mark.parametrize("ledger", [Ledger(stopped=True), Ledger(durable=False)])
async def test_what_is_not_durable_is_not_confirmed(changes: Changes, ledger: Ledger, clock: Clock) -> None:
    with pytest.raises(LedgerUnavailableError):
        await journal(changes, ledger, clock).write_pending()
    assert changes.confirmed == []


async def test_it_goes_on_after_failures_of_either_side(
    changes: Changes, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    ledger = Ledger(stopped=True)
    with caplog.at_level(logging.WARNING):
        running = asyncio.create_task(journal(changes, ledger, clock).run())
        await until(lambda: len(changes.claims) >= 2)
        ledger.stopped, changes.broken = False, True
        seen = len(changes.claims)
        await until(lambda: len(changes.claims) >= seen + 2)
        assert changes.confirmed == []
        changes.broken = False
        await until(lambda: changes.confirmed)
    running.cancel()
    assert changes.confirmed == [4, 5]
    assert "the disk is gone" in caplog.text
