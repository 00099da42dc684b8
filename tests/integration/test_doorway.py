"""Half-open clients of one address leave room for others, at both kinds of listener, and are told once in the ledger."""

import asyncio
import ssl
from collections.abc import Sequence

import pytest
from aiohttp import web

from passgate.codecs.postgres.startup import SSLRequest, StartupMessage
from passgate.core.event import Json
from passgate.endpoints.doorway import Doorway
from passgate.endpoints.llm.server import Server
from passgate.endpoints.llm.settings import Limits as HttpLimits
from passgate.endpoints.postgres import Limits
from tests.integration.conftest import Gate

PLACES = 40


@pytest.fixture
def limits() -> Limits:
    return Limits(connections=PLACES)


Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def half_open(port: int, count: int, *, host: str = "127.0.0.1") -> Sequence[Stream]:
    return [await asyncio.open_connection("127.0.0.1", port, local_addr=(host, 0)) for _ in range(count)]


async def told(gate: Gate, host: str) -> bytes:
    """What a client of this address hears, behind TLS as every client."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port, local_addr=(host, 0))
    writer.write(SSLRequest().encode())
    assert await reader.readexactly(1) == b"S"
    await writer.start_tls(ssl.create_default_context(cafile=str(gate.ca)), server_hostname="localhost")
    writer.write(StartupMessage(parameters=(("user", "svc"), ("database", "shop"))).encode())
    answer = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return answer


async def test_one_address_is_told_and_another_gets_in(gate: Gate) -> None:
    silent = await half_open(gate.endpoint.port, PLACES // 2 + 3, host="127.0.0.2")
    async with asyncio.timeout(5):
        while len(gate.endpoint._clients) < len(silent):  # noqa: ASYNC110 - the loop accepts them one by one
            await asyncio.sleep(0.01)
    answer = await told(gate, "127.0.0.2")
    assert b"53300" in answer
    assert b"too many connections from this address are logging in" in answer
    assert b"limits.login_share" in answer
    connection = await gate.connect()
    assert await (await connection.execute("select 1")).fetchone() == (1,)
    bounds = [one.detail for one in gate.recorder.events if one.type == "bound.hit"]
    assert [(one["bound"], one["peer"]) for one in bounds] == [("login_share", "127.0.0.2")]
    assert "session.refused" not in gate.recorder.types()
    for _, writer in silent:
        writer.transport.abort()


@pytest.mark.parametrize("limits", [Limits(connections=PLACES, login=0.3)])
async def test_clients_that_say_nothing_write_one_event(gate: Gate, limits: Limits) -> None:
    silent = await half_open(gate.endpoint.port, 15)
    async with asyncio.timeout(20):
        await asyncio.gather(*(reader.read() for reader, _ in silent))  # each is let go as its time is over
        while gate.endpoint._clients:  # noqa: ASYNC110 - what is closed is forgotten a moment later
            await asyncio.sleep(0.01)
    events = [one for one in gate.recorder.events if one.type in ("bound.hit", "session.refused", "protocol.error")]
    assert [(one.type, one.detail["bound"], one.detail["limit"]) for one in events] == [
        ("bound.hit", "login_timeout", 0)
    ]
    for _, writer in silent:
        writer.transport.abort()


async def test_those_who_log_in_are_no_crowd(gate: Gate) -> None:
    for _ in range(3):  # more than the share, one burst after the other, from one address
        await asyncio.gather(*(gate.connect() for _ in range(10)))
    assert len(gate.live.list()) == 30
    assert "bound.hit" not in gate.recorder.types()


async def test_http_leaves_room_too() -> None:
    noted: list[Json] = []
    door = Doorway(places=PLACES, share=50, note=lambda detail: noted.append(dict(detail)))

    async def hello(_request: web.BaseRequest) -> web.Response:
        return web.Response(text="hello")

    server = Server(hello, lambda _request, status: web.Response(status=status), HttpLimits(connections=PLACES), door)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    port = runner.addresses[0][1]
    silent = await half_open(port, PLACES // 2, host="127.0.0.2")
    answers = []
    for host in ("127.0.0.2", "127.0.0.2", "127.0.0.3"):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(host, 0))
        if host == "127.0.0.3":
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answers.append(await asyncio.wait_for(reader.read(), 5))
        writer.close()
    assert [answer.split(b"\r\n")[0] for answer in answers] == [
        *[b"HTTP/1.1 503 Service Unavailable"] * 2,
        b"HTTP/1.1 200 OK",
    ]
    assert answers[0].endswith(b"Try again in a few seconds.\n")
    assert noted == [{"bound": "login_share", "limit": 20, "peer": "127.0.0.2", "refused": 1}]
    for _, writer in silent:
        writer.transport.abort()
    await runner.cleanup()
    assert not door._waiting
