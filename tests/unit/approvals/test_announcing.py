"""Channels that fail are tried again, then given up, and hold nothing up."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from passgate.approvals.announcing import TRIES, Announcer, Silent
from passgate.core.errors import ChannelError
from passgate.pipeline.approval_desk import ApprovalRequest, ApprovalState
from tests.unit.approvals.parts import Bench, held


@dataclass
class Failing:
    """Says no so many times."""

    failures: int = 0
    heard: list[tuple[str, str]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def announce(self, request: ApprovalRequest) -> str:
        self._try("announced", request.id)
        return f"C1/{request.id}"

    async def resolved(self, request: ApprovalRequest, reference: str) -> None:
        self._try(request.state.value, reference)

    def _try(self, what: str, about: str) -> None:
        if self.failures:
            self.failures -= 1
            raise ChannelError("not now")
        self.heard.append((what, about))
        self.came.set()


@dataclass
class Office:
    bench: Bench
    channels: dict[str, Failing]
    announcer: Announcer


@pytest.fixture
async def office(bench: Bench) -> AsyncIterator[Office]:
    channels = {"one": Failing(), "two": Failing()}
    announcer = Announcer(channels=channels, store=bench.store, recorder=bench.recorder, pause=0.001)
    announcer.start()
    yield Office(bench, channels, announcer)
    await announcer.close()


async def test_each_channel_is_told_and_remembers_where(office: Office) -> None:
    request = await office.bench.asked(held())
    office.announcer.announce(request)
    office.announcer.resolved(replace(request, state=ApprovalState.DENIED))
    await office.announcer.close()
    for channel in office.channels.values():
        assert channel.heard == [("announced", request.id), ("denied", f"C1/{request.id}")]
    assert office.bench.store.references(request.id) == {"one": f"C1/{request.id}", "two": f"C1/{request.id}"}


async def test_a_channel_that_fails_is_tried_again_and_keeps_no_other_waiting(office: Office) -> None:
    office.channels["one"].failures = TRIES - 1
    request = await office.bench.asked(held())
    office.announcer.announce(request)
    async with asyncio.timeout(5):
        await office.channels["one"].came.wait()
    assert office.channels["two"].heard == [("announced", request.id)]
    assert "approval.untold" not in office.bench.said()


async def test_after_so_many_tries_it_is_given_up_and_that_is_recorded(office: Office) -> None:
    office.channels["one"].failures = TRIES
    request = await office.bench.asked(held())
    office.announcer.announce(request)
    async with asyncio.timeout(5):
        while "approval.untold" not in office.bench.said():  # noqa: ASYNC110 - a recorder in memory tells nobody
            await asyncio.sleep(0.005)
    event = office.bench.recorder.events[-1]
    assert event.detail == {"request": request.id, "channel": "one", "reason": "not now"}
    assert office.bench.shown(request).state is ApprovalState.PENDING  # it decides nothing
    office.announcer.resolved(replace(request, state=ApprovalState.EXPIRED))
    await office.announcer.close()
    assert office.channels["one"].heard == [("expired", "")]  # and goes on


async def test_a_failure_that_cannot_be_recorded_changes_nothing(office: Office) -> None:
    office.channels["one"].failures = TRIES
    request = await office.bench.asked(held())
    office.bench.recorder.full = True
    office.announcer.announce(request)
    await office.announcer.close()
    assert office.channels["one"].failures == 0
    assert office.channels["two"].heard == [("announced", request.id)]


async def test_what_is_over_is_announced_to_nobody(office: Office) -> None:
    request = await office.bench.asked(held())
    office.announcer.announce(replace(request, expires=datetime.now(UTC) - timedelta(seconds=1)))
    await office.announcer.close()
    assert office.channels["one"].heard == []


async def test_what_is_too_much_is_not_sent(bench: Bench) -> None:
    channel = Failing()
    announcer = Announcer(channels={"one": channel}, store=bench.store, recorder=bench.recorder)
    request = await bench.asked(held())
    for _ in range(1001):  # nobody takes them: it is not started
        announcer.announce(request)
    assert bench.recorder.events[-1].detail["reason"] == "too many messages wait for it"
    Silent().announce(request)
    Silent().resolved(request)
