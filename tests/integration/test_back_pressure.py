"""A side that does not take what it is given stops the other side, and nothing piles up in between."""

import asyncio
import os
import signal

import pytest

from passgate.endpoints.postgres.relay import Relay
from passgate.endpoints.postgres.stream import HIGH_WATER
from tests.integration.conftest import Gate
from tests.integration.raw import log_in, until
from tests.integration.test_ending import query

ROWS, WIDTH = 60_000, 1000
SELECT = f"select repeat('x', {WIDTH}) from generate_series(1, {ROWS})"


def relay(gate: Gate) -> Relay:
    (live,) = gate.live._sessions.values()
    assert isinstance(live.connection, Relay)
    return live.connection


async def stuck(relay: Relay) -> None:
    async with asyncio.timeout(10):
        while not relay._client_full:  # noqa: ASYNC110 - the transport tells the relay, and nobody else
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    "text",
    [
        SELECT,
        f"copy ({SELECT}) to stdout",
        SELECT.replace("select ", "select name, ", 1) + ", customers where customers.id = 1",
    ],
)
async def test_a_client_that_does_not_read(gate: Gate, text: str) -> None:
    reader, writer = await log_in(gate)
    writer.write(query(text))
    await stuck(relay(gate))
    most = 0
    for _ in range(50):
        await asyncio.sleep(0.01)
        most = max(most, relay(gate)._client.transport.get_write_buffer_size() + relay(gate).outlet.size)
    assert most < 8 * HIGH_WATER
    rows = [kind for kind, _ in await until(reader, b"Z") if kind in (b"D", b"d")]
    assert len(rows) == ROWS
    writer.write(query("select 1"))
    assert [kind for kind, _ in await until(reader, b"Z")] == [b"T", b"D", b"C", b"Z"]
    writer.close()


async def test_a_client_that_does_not_read_can_be_revoked(gate: Gate) -> None:
    _, writer = await log_in(gate)
    writer.write(query(SELECT))
    await stuck(relay(gate))
    ended = relay(gate).finished
    gate.live.revoke(["svc"])
    async with asyncio.timeout(2):
        await ended
    await gate.until("select count(*) from pg_stat_activity where application_name like 'passgate:0%'", "0")
    writer.transport.abort()


async def test_a_server_that_does_not_read(gate: Gate) -> None:
    """A lock keeps COPY from taking rows; what the client has in hand stays with the client."""
    reader, writer = await log_in(gate)
    gate.direct("create table if not exists sink (a text); truncate sink; grant all on sink to app")
    writer.write(query("copy sink from stdin"))
    await until(reader, b"G")
    (pid,) = gate.direct("select pid from pg_stat_activity where application_name like 'passgate:0%'").split()
    os.kill(int(pid), signal.SIGSTOP)
    try:
        line = b"y" * 999 + b"\n"
        chunk = b"d" + (4 + len(line) * 60).to_bytes(4, "big") + line * 60
        for _ in range(300):
            writer.write(chunk)
        async with asyncio.timeout(10):
            while not relay(gate)._server_full:  # noqa: ASYNC110 - the transport tells the relay, and nobody else
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.2)
        assert relay(gate)._server.stream.transport.get_write_buffer_size() < 8 * HIGH_WATER
    finally:
        os.kill(int(pid), signal.SIGCONT)
    writer.write(b"c\0\0\0\4")
    await until(reader, b"Z")
    assert gate.direct("select count(*) from sink") == "18000"
    writer.close()


async def test_a_flood_of_small_messages_is_bounded(gate: Gate) -> None:
    reader, writer = await log_in(gate)
    gate.recorder.delay = True
    writer.write(query("select 1") + query("insert into audit (what) values ('waits')") + b"S\0\0\0\4" * 200_000)
    await gate.recorder.asked()
    await asyncio.sleep(0.2)
    assert relay(gate)._client_splitter.held < 4 * 1024 * 1024
    gate.recorder.delay = False
    gate.recorder.sync()
    async with asyncio.timeout(120):
        for _ in range(200_000):
            await until(reader, b"Z")
    writer.close()
