"""Revocations that nobody told the gate about."""

import asyncio
from dataclasses import dataclass, field

import pytest

from passgate.core.errors import StoreError
from passgate.identity.revocation_watch import RevocationWatch
from tests.unit.identity.conftest import Clock, until


@dataclass
class Feed:
    revoked: list[str] = field(default_factory=list)
    broken: bool = False
    looks: int = 0

    def cursor(self) -> int:
        self._check()
        return len(self.revoked)

    def revoked_after(self, cursor: int) -> tuple[int, tuple[str, ...]]:
        self._check()
        return len(self.revoked), tuple(self.revoked[cursor:])

    def _check(self) -> None:
        self.looks += 1
        if self.broken:
            raise StoreError("the disk is gone")


@dataclass
class Gate:
    """Live sessions by pass."""

    live: dict[str, int] = field(default_factory=dict)
    ended: list[frozenset[str]] = field(default_factory=list)
    blind: list[str] = field(default_factory=list)

    def end(self, passes: frozenset[str]) -> int:
        self.ended.append(passes)
        return sum(self.live.pop(pass_id, 0) for pass_id in passes)

    def be_blind(self, error: StoreError) -> None:
        self.blind.append(str(error))


@pytest.fixture
def feed() -> Feed:
    return Feed(revoked=["pg_old"])


@pytest.fixture
def gate() -> Gate:
    return Gate(live={"pg_1": 2, "pg_2": 1})


@pytest.fixture
def watch(feed: Feed, gate: Gate, clock: Clock) -> RevocationWatch:
    return RevocationWatch(feed=feed, end=gate.end, blind=gate.be_blind, interval=0, clock=clock.monotonic)


def test_a_look_ends_what_was_revoked_since_the_last(watch: RevocationWatch, feed: Feed, gate: Gate) -> None:
    assert watch.look() == 0
    assert gate.ended == []
    feed.revoked.append("pg_1")
    assert watch.look() == 2
    assert gate.live == {"pg_2": 1}


def test_a_session_that_registers_late_is_ended_by_a_later_look(
    watch: RevocationWatch, feed: Feed, gate: Gate, clock: Clock
) -> None:
    feed.revoked.append("pg_3")
    assert watch.look() == 0
    gate.live["pg_3"] = 1  # it was in the middle of its log-in
    clock.advance(0.5)
    assert watch.look() == 1
    clock.advance(301)
    watch.look()
    asked = len(gate.ended)
    watch.look()
    assert len(gate.ended) == asked, "a revocation of long ago is forgotten"


def test_a_gate_that_cannot_see_revocations_does_not_start(gate: Gate) -> None:
    with pytest.raises(StoreError):
        RevocationWatch(feed=Feed(broken=True), end=gate.end, blind=gate.be_blind)


async def run_for(watch: RevocationWatch, feed: Feed, looks: int) -> None:
    running = asyncio.create_task(watch.run())
    target = feed.looks + looks
    await until(lambda: feed.looks >= target)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_it_looks_again_and_again(watch: RevocationWatch, feed: Feed, gate: Gate) -> None:
    feed.revoked.append("pg_2")
    await run_for(watch, feed, 5)
    assert gate.live == {"pg_1": 2}


async def test_a_short_failure_is_waited_out(watch: RevocationWatch, feed: Feed, gate: Gate, clock: Clock) -> None:
    feed.broken = True
    clock.advance(1.4)
    await run_for(watch, feed, 3)
    assert gate.blind == []
    feed.broken = False
    feed.revoked.append("pg_1")
    await run_for(watch, feed, 1)
    assert gate.live == {"pg_2": 1}


async def test_a_lasting_failure_means_that_nobody_can_be_trusted(
    watch: RevocationWatch, feed: Feed, gate: Gate, clock: Clock
) -> None:
    feed.broken = True
    clock.advance(1.5)
    await run_for(watch, feed, 2)
    assert set(gate.blind) == {"the disk is gone"}


async def test_with_its_own_timing_a_revocation_is_seen_within_two_seconds(feed: Feed, gate: Gate) -> None:
    watch = RevocationWatch(feed=feed, end=gate.end, blind=gate.be_blind)
    running = asyncio.create_task(watch.run())
    await asyncio.sleep(0)
    feed.revoked.append("pg_1")
    await until(lambda: "pg_1" not in gate.live)
    running.cancel()
