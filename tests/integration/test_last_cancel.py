"""An ended session's statement is cancelled although the server is slow to hear of it, and the ledger says whether it heard.

The class: one try that fails, and a record that says more than the gate knows.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

import psycopg
import pytest

from passgate.endpoints.postgres import Limits, Target, ending, upstream
from passgate.endpoints.postgres.settings import TlsMode
from tests.integration.conftest import Gate

BOUND = 2.0
RUNNING = "select count(*) from pg_stat_activity where state = 'active' and query like 'select pg_sleep(61)%'"


@dataclass
class SlowDoor:
    """Before the server: the first connection goes through; of those that follow ``shut`` find it closed, or wait for ever."""

    shut: int
    hangs: bool
    came: int = 0
    tasks: set["asyncio.Task[None]"] = field(default_factory=set)


@contextlib.asynccontextmanager
async def slow_target(gate: Gate, door: SlowDoor) -> AsyncIterator[None]:
    resources = cast("dict[str, Target]", gate.endpoint._resources)
    real = resources["shop"].upstream

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        door.came += 1
        if 1 < door.came <= 1 + door.shut:
            if door.hangs:
                with contextlib.suppress(OSError):
                    while await reader.read(65536):
                        pass
            writer.transport.abort()
            return
        inside, outside = await asyncio.open_connection(real.host, real.port)
        await asyncio.gather(pump(reader, outside), pump(inside, writer))

    server = await asyncio.start_server(accepted, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    resources["slow"] = replace(
        resources["shop"],
        resource=replace(resources["shop"].resource, name="slow"),
        upstream=replace(real, host="127.0.0.1", port=port, tls=TlsMode.VERIFY_CA),
    )
    gate.passes.add("slow", resources=frozenset({"slow"}))
    try:
        yield
    finally:
        server.close()
        gate.direct("select pg_terminate_backend(pid) from pg_stat_activity where query like 'select pg_sleep(61)%'")


async def ended_while_it_sleeps(gate: Gate) -> float:
    """Seconds until its client was told."""
    connection = await gate.connect("slow", dbname="slow")
    sleeping = asyncio.create_task(connection.execute("select pg_sleep(61)"))
    await gate.until(RUNNING, "1")
    started = time.monotonic()
    assert gate.live.revoke(["slow"]) == 1
    with pytest.raises(psycopg.errors.AdminShutdown, match="the pass was revoked"):
        await sleeping
    return time.monotonic() - started


async def told(gate: Gate) -> Mapping[str, object]:
    async with asyncio.timeout(15):
        while True:
            found = [one for one in gate.recorder.events if one.type == "session.cancelled"]
            if found:
                assert len(found) == 1
                return {name: found[0].detail[name] for name in ("resource", "delivered", "tries")}
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("limits", [Limits(end=10.0)])
async def test_a_server_that_is_slow_to_accept_is_asked_again(gate: Gate) -> None:
    async with slow_target(gate, SlowDoor(shut=2, hangs=False)):
        assert await ended_while_it_sleeps(gate) < BOUND
        await gate.until(RUNNING, "0")
        assert await told(gate) == {"resource": "slow", "delivered": True, "tries": 3}
        assert gate.recorder.outcomes()[-1] == "cancelled"


async def test_a_cancel_that_hangs_keeps_no_client_and_is_tried_after_the_session(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upstream, "_CANCEL_SECONDS", 3.5)
    async with slow_target(gate, SlowDoor(shut=1, hangs=True)):
        assert await ended_while_it_sleeps(gate) < BOUND
        async with asyncio.timeout(BOUND):
            while "session.end" not in gate.recorder.types():  # noqa: ASYNC110 - written by another task, which tells nobody
                await asyncio.sleep(0.02)
        # When it ended nobody knew, and so it was written down.
        assert gate.recorder.outcomes()[-1] == "unknown"
        assert "session.cancelled" not in gate.recorder.types()
        await gate.until(RUNNING, "0")
        assert await told(gate) == {"resource": "slow", "delivered": True, "tries": 2}


async def test_a_server_that_never_hears_of_it_is_given_up_and_that_is_recorded(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "_PAUSES", (0.01, 0.02))
    async with slow_target(gate, SlowDoor(shut=100, hangs=False)):
        assert await ended_while_it_sleeps(gate) < BOUND
        assert await told(gate) == {"resource": "slow", "delivered": False, "tries": 3}
        assert gate.recorder.outcomes()[-1] == "unknown"
        assert gate.direct(RUNNING) == "1"  # it is true: the server goes on with it


async def test_a_gate_that_stops_writes_it_down_first(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ending, "_PAUSES", (0.01, 0.02))
    async with slow_target(gate, SlowDoor(shut=1, hangs=False)):
        connection = await gate.connect("slow", dbname="slow")
        sleeping = asyncio.create_task(connection.execute("select pg_sleep(61)"))
        await gate.until(RUNNING, "1")
        await gate.endpoint.close()
        assert [one.detail["delivered"] for one in gate.recorder.events if one.type == "session.cancelled"] == [True]
        with pytest.raises(psycopg.OperationalError):
            await sleeping
