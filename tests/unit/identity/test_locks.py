"""Those who are in already, and those at the door."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from passgate.core.errors import StoreError
from passgate.core.lock import Lock, LockKind
from passgate.core.passes import Pass
from passgate.identity.locks import LockWatch
from tests.unit.pipeline.steps import make_session

NOW = datetime(2026, 3, 1, tzinfo=UTC)
PASS = make_session().pass_
LOCK = Lock(id="l1", kind=LockKind.AGENT, target="reporter", reason="it loops", actor="unix:root", at=NOW)


@dataclass
class Feed:
    locks: list[Lock] = field(default_factory=list)
    broken: bool = False
    looked: asyncio.Event = field(default_factory=asyncio.Event)

    def holding(self, now: datetime) -> tuple[Lock, ...]:
        self.looked.set()
        if self.broken:
            raise StoreError("the disk is gone")
        return tuple(lock for lock in self.locks if lock.holds(now))


@dataclass
class Gate:
    live: list[tuple[Pass, str]] = field(
        default_factory=lambda: [(PASS, "shop"), (replace(PASS, id="pg_2"), "warehouse")]
    )

    def end(self, reached: Callable[[Pass, str], bool]) -> int:
        before = len(self.live)
        self.live = [one for one in self.live if not reached(*one)]
        return before - len(self.live)


def test_a_lock_ends_the_sessions_that_it_reaches_and_says_why_at_the_door() -> None:
    feed, gate = Feed(), Gate()
    watch = LockWatch(feed=feed, end=gate.end, now=lambda: NOW)
    assert watch.locked(PASS, "shop") is None
    assert watch.look() == 0
    feed.locks.append(replace(LOCK, kind=LockKind.RESOURCE, target="shop"))
    assert watch.look() == 1
    assert gate.live == [(replace(PASS, id="pg_2"), "warehouse")]
    assert watch.locked(PASS, "shop") == "resource shop is locked: it loops"
    assert watch.locked(PASS, "warehouse") is None


def test_a_lock_whose_time_is_over_keeps_nobody_out_even_before_the_next_look() -> None:
    clock = [NOW]
    watch = LockWatch(
        feed=Feed([replace(LOCK, until=NOW + timedelta(minutes=1))]), end=Gate().end, now=lambda: clock[0]
    )
    assert watch.locked(PASS, "shop") is not None
    clock[0] += timedelta(minutes=1)
    assert watch.locked(PASS, "shop") is None


def test_a_gate_that_cannot_see_locks_does_not_start() -> None:
    with pytest.raises(StoreError):
        LockWatch(feed=Feed(broken=True), end=Gate().end)


async def test_locks_known_last_stay_while_the_store_fails() -> None:
    feed, gate = Feed([LOCK]), Gate()
    watch = LockWatch(feed=feed, end=gate.end, now=lambda: datetime.now(UTC), interval=0.001)
    feed.broken = True
    feed.looked.clear()
    running = asyncio.create_task(watch.run())
    await feed.looked.wait()
    assert watch.locked(PASS, "shop") is not None
    feed.broken = False
    feed.looked.clear()
    await feed.looked.wait()
    await asyncio.sleep(0)
    assert gate.live == []
    running.cancel()
