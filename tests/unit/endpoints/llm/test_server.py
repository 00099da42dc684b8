"""HTTP with bounds and answers of our own."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web

from passgate.endpoints.llm.server import Server
from passgate.endpoints.llm.settings import Limits


@dataclass
class Served:
    port: int
    malformed: list[int] = field(default_factory=list)
    server: Server | None = None


@asynccontextmanager
async def served(handler: object, limits: Limits | None = None) -> AsyncIterator[Served]:
    told = Served(port=0)

    def malformed(_request: web.BaseRequest, status: int) -> web.Response:
        told.malformed.append(status)
        return web.Response(status=status, text="ours")

    told.server = Server(handler, malformed, limits or Limits())  # type: ignore[arg-type]
    runner = web.ServerRunner(told.server, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    told.port = runner.addresses[0][1]
    try:
        yield told
    finally:
        await runner.cleanup()


async def hello(_request: web.BaseRequest) -> web.Response:
    return web.Response(text="hello")


async def broken(_request: web.BaseRequest) -> web.Response:
    raise ZeroDivisionError("a secret value")


async def broken_on_its_way(request: web.BaseRequest) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write(b"half")
    raise ZeroDivisionError("a secret value")


async def exchange(port: int, data: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    try:
        return await asyncio.wait_for(reader.read(), 5)
    finally:
        writer.close()


async def test_what_is_not_http_never_reaches_the_handler() -> None:
    async with served(broken) as told:
        answer = await exchange(told.port, b"nonsense s3cret\r\n\r\n")
        assert b" 400 " in answer.split(b"\r\n")[0]
        assert answer.endswith(b"ours")
        assert told.malformed == [400]


async def test_a_defect_is_logged_by_its_place_and_answered_by_us(caplog: pytest.LogCaptureFixture) -> None:
    async with served(broken) as told:
        answer = await exchange(told.port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 500")
        assert told.malformed == [500]
    assert "ZeroDivisionError at broken" in caplog.text
    assert "secret" not in caplog.text
    assert caplog.records[0].levelno == logging.ERROR


async def test_a_defect_in_an_answer_that_has_begun_cuts_it_off(caplog: pytest.LogCaptureFixture) -> None:
    async with served(broken_on_its_way) as told:
        answer = await exchange(told.port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer.endswith(b"half\r\n")
        assert told.malformed == []
    assert "broken_on_its_way" in caplog.text


async def gone(_request: web.BaseRequest) -> web.Response:
    raise ConnectionResetError("it is gone")


async def test_a_client_that_is_gone_is_no_defect(caplog: pytest.LogCaptureFixture) -> None:
    async with served(gone) as told:
        assert await exchange(told.port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n") == b""
        assert told.malformed == []
    assert caplog.text == ""


async def test_a_head_must_come_in_time_and_only_the_first() -> None:
    async with served(hello, Limits(login=0.1)) as told:
        reader, writer = await asyncio.open_connection("127.0.0.1", told.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"hello"), 5)
        await asyncio.sleep(0.2)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.wait_for(reader.readuntil(b"hello"), 5)
        writer.close()
        silent, other = await asyncio.open_connection("127.0.0.1", told.port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(silent.readexactly(1), 5)
        other.close()


async def test_no_more_connections_than_there_is_room_for() -> None:
    async with served(hello, Limits(connections=1)) as told:
        _, kept = await asyncio.open_connection("127.0.0.1", told.port)
        reader, writer = await asyncio.open_connection("127.0.0.1", told.port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 5)
        writer.close()
        kept.close()
