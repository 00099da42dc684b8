import asyncio
from dataclasses import dataclass, field, replace
from datetime import timedelta

from passgate.pipeline.live import EndReason, LiveSessions
from tests.unit.pipeline.steps import NOW, make_session


@dataclass
class Connection:
    ended: "asyncio.Queue[EndReason]" = field(default_factory=asyncio.Queue)

    def end(self, reason: EndReason) -> None:
        self.ended.put_nowait(reason)

    def end_denied(self) -> None:
        self.end(EndReason.RULES)


async def test_expiry_is_armed_when_the_session_registers() -> None:
    live = LiveSessions(now=lambda: NOW + timedelta(minutes=30) - timedelta(milliseconds=20))
    connection = Connection()
    live.register(make_session(), connection)
    assert await asyncio.wait_for(connection.ended.get(), 5) is EndReason.PASS_EXPIRED


async def test_a_pass_already_expired_ends_at_once() -> None:
    live = LiveSessions(now=lambda: NOW + timedelta(hours=1))
    connection = Connection()
    live.register(make_session(), connection)
    assert await asyncio.wait_for(connection.ended.get(), 5) is EndReason.PASS_EXPIRED


async def test_kill_revoke_and_shutdown_reach_the_connection() -> None:
    live = LiveSessions(now=lambda: NOW)
    connection = Connection()
    session = make_session()
    live.register(session, connection)
    assert live.list() == (session,)
    assert live.kill("s1")
    assert not live.kill("s2")
    assert live.revoke(["other"]) == 0
    assert live.revoke([session.pass_.id]) == 1
    assert live.lock(lambda pass_, resource: (pass_, resource) != (session.pass_, "shop")) == 0
    assert live.lock(lambda _pass, resource: resource == "shop") == 1
    live.shutdown()
    reasons = [connection.ended.get_nowait() for _ in range(4)]
    assert reasons == [EndReason.KILLED, EndReason.PASS_REVOKED, EndReason.LOCKED, EndReason.SHUTDOWN]


async def test_every_connection_looks_at_what_it_runs_when_the_rules_have_changed() -> None:
    live = LiveSessions(now=lambda: NOW)
    one, two = Connection(), Connection()
    live.register(make_session(), one)
    live.register(replace(make_session(), id="s2"), two)
    live.end_denied()
    assert [one.ended.get_nowait(), two.ended.get_nowait()] == [EndReason.RULES, EndReason.RULES]


async def test_what_was_delegated_from_a_revoked_pass_ends_with_it() -> None:
    live = LiveSessions(now=lambda: NOW)
    above, below = Connection(), Connection()
    session = make_session()
    live.register(session, above)
    live.register(replace(session, id="s2", pass_=replace(session.pass_, id="pg_2", ancestors=("pg_1", "pg_0"))), below)
    assert live.revoke(["pg_2"]) == 1
    assert (above.ended.qsize(), below.ended.qsize()) == (0, 1)
    assert live.revoke(["pg_0"]) == 1
    assert live.revoke(["pg_1"]) == 2


async def test_an_unregistered_session_is_left_alone() -> None:
    live = LiveSessions(now=lambda: NOW)
    connection = Connection()
    session = make_session()
    live.register(session, connection)
    live.unregister(session)
    live.unregister(session)
    assert live.revoke([session.pass_.id]) == 0
    assert connection.ended.empty()
