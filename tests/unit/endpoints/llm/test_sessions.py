"""Sessions with models: begun by the first call, shared, ended with everything in them."""

import asyncio
from dataclasses import dataclass, field

import pytest

from passgate.core.errors import AccessDeniedError, LedgerUnavailableError
from passgate.endpoints.llm.settings import Limits
from passgate.pipeline.live import EndReason
from tests.unit.endpoints.llm.parts import House, pass_for, target


@dataclass(eq=False)
class Caller:
    ended: list[EndReason] = field(default_factory=list)
    call_id: str = ""

    def end(self, reason: EndReason) -> None:
        self.ended.append(reason)


PASS = pass_for("gpt", "claude")


async def test_calls_of_one_pass_and_resource_share_a_session() -> None:
    house, one, two = House(), Caller(), Caller()
    first = await house.sessions.enter(PASS, target("gpt"), "192.0.2.1", one)
    again = await house.sessions.enter(PASS, target("gpt"), "192.0.2.2", two)
    other = await house.sessions.enter(PASS, target("claude"), "192.0.2.1", Caller())
    assert first is again
    assert other is not first
    assert (first.session.scope, first.session.peer) == ("pg_1/gpt", "192.0.2.1")
    assert house.sessions.known("pg_1") is PASS
    assert house.recorder.types() == ["session.start", "session.start"]
    assert set(house.live.list()) == {first.session, other.session}


async def test_an_end_reaches_every_call_and_the_last_one_closes() -> None:
    house, one, two = House(), Caller(), Caller()
    session = await house.sessions.enter(PASS, target("gpt"), "", one)
    await house.sessions.enter(PASS, target("gpt"), "", two)
    assert house.live.kill(session.session.id)
    session.end(EndReason.SHUTDOWN)
    assert (one.ended, two.ended) == ([EndReason.KILLED], [EndReason.KILLED])
    assert house.sessions.known("pg_1") is None
    session.leave(one)
    assert (house.recorder.types()[-1], house.masker.closed) == ("session.start", False)
    session.leave(two)
    assert (house.recorder.types()[-1], house.masker.closed) == ("session.end", True)
    assert house.recorder.events[-1].detail["reason"] == EndReason.KILLED.value
    assert house.live.list() == ()
    session.close("again")
    assert house.recorder.types().count("session.end") == 1


async def test_one_that_nobody_uses_ends_at_once() -> None:
    house, one = House(), Caller()
    session = await house.sessions.enter(PASS, target("gpt"), "", one)
    session.leave(one)
    assert house.live.revoke(["pg_1"]) == 1
    assert house.recorder.types() == ["session.start", "session.end"]
    fresh = await house.sessions.enter(PASS, target("gpt"), "", one)
    assert fresh is not session


async def test_idle_counts_from_the_last_call() -> None:
    house = House(limits=Limits(idle=0.1))
    one, two = Caller(), Caller()
    session = await house.sessions.enter(PASS, target("gpt"), "", one)
    session.leave(one)
    await asyncio.sleep(0.06)
    assert await house.sessions.enter(PASS, target("gpt"), "", two) is session
    await asyncio.sleep(0.08)  # the timer of the first has run out meanwhile, and a call is on
    assert house.live.list() == (session.session,)
    session.leave(two)
    async with asyncio.timeout(5):
        while house.live.list():  # noqa: ASYNC110 - time itself is waited for
            await asyncio.sleep(0.01)
    assert house.recorder.events[-1].detail["reason"] == "idle"
    assert house.masker.closed


async def test_a_start_that_cannot_be_recorded_lets_nobody_in() -> None:
    house = House()
    house.recorder.full = True
    with pytest.raises(LedgerUnavailableError):
        await house.sessions.enter(PASS, target("gpt"), "", Caller())
    assert (house.live.list(), house.sessions.known("pg_1")) == ((), None)
    house.recorder.full, house.recorder.delay = False, True
    entering = [asyncio.ensure_future(house.sessions.enter(PASS, target("gpt"), "", Caller())) for _ in range(2)]
    await house.recorder.asked()
    house.recorder.sync(LedgerUnavailableError())
    for failed in await asyncio.gather(*entering, return_exceptions=True):
        assert isinstance(failed, LedgerUnavailableError)
    assert house.live.list() == ()
    house.recorder.delay = False
    await house.sessions.enter(PASS, target("gpt"), "", Caller())


async def test_a_client_that_leaves_before_the_start_is_recorded() -> None:
    house = House()
    house.recorder.delay = True
    entering = asyncio.ensure_future(house.sessions.enter(PASS, target("gpt"), "", Caller()))
    await house.recorder.asked()
    entering.cancel()
    await asyncio.gather(entering, return_exceptions=True)
    house.recorder.sync()
    (session,) = house.live.list()
    assert house.live.kill(session.id)
    assert house.recorder.types() == ["session.start", "session.end"]


async def test_a_lock_keeps_out() -> None:
    house = House()
    house.locked = lambda _pass, _resource: "locked by somebody"
    with pytest.raises(AccessDeniedError, match="locked by somebody"):
        await house.sessions.enter(PASS, target("gpt"), "", Caller())
    assert house.sessions.known("pg_1") is None


async def test_a_shutdown_waits_for_calls_to_be_recorded() -> None:
    house, one = House(), Caller()
    session = await house.sessions.enter(PASS, target("gpt"), "", one)
    ending = asyncio.ensure_future(house.sessions.end_all(EndReason.SHUTDOWN))
    await asyncio.sleep(0)
    assert not ending.done()
    session.leave(one)
    await asyncio.wait_for(ending, 1)
    assert house.recorder.types()[-1] == "session.end"
    await house.sessions.end_all(EndReason.SHUTDOWN)
