"""HTTP as old and odd clients speak it, over a bare socket."""

import asyncio
import json

import pytest

from passgate.endpoints.llm.settings import Limits
from tests.integration.llm.conftest import KEY, Gate

BODY = json.dumps({"model": "gpt-5", "messages": [{"role": "user", "content": "hello"}]}).encode()


async def answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Status and body of the next answer that has a length."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    length = next((int(row[15:]) for row in head.lower().split(b"\r\n") if row.startswith(b"content-length:")), 0)
    return int(head.split()[1]), await reader.readexactly(length)


def head(*more: str, path: str = "/v1/chat/completions") -> bytes:
    rows = (f"POST {path} HTTP/1.1", "Host: gate", f"Authorization: Bearer {KEY}", *more)
    return "\r\n".join(rows).encode() + b"\r\n\r\n"


async def test_expect_100_continue(gate: Gate) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
    writer.write(head(f"Content-Length: {len(BODY)}", "Expect: 100-continue"))
    assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5) == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(BODY)
    status, body = await answer(reader)
    assert (status, json.loads(body)["choices"][0]["message"]["content"]) == (200, "hello")
    assert gate.provider.last.header("expect") is None
    writer.close()


async def test_no_continue_for_who_is_not_let_in(gate: Gate) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
    writer.write(head(f"Content-Length: {len(BODY)}", "Expect: 100-continue").replace(b"s3cret", b"wrong"))
    assert (await answer(reader))[0] == 401
    writer.close()


async def test_a_body_that_is_not_wanted_is_not_waited_for(gate: Gate) -> None:
    """A client that is told no before it sends its body need not send it: what it sends next would be taken for that body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
    writer.write(head("Content-Length: 500", "Expect: 100-continue", "Content-Encoding: br"))
    rows = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)).lower()
    assert rows.startswith(b"http/1.1 415 ")
    assert b"\r\nconnection: close\r\n" in rows
    writer.close()


async def test_an_older_client_is_told_nothing_that_it_does_not_know(gate: Gate) -> None:
    """RFC 9110, section 10.1.1: no interim answer to HTTP/1.0."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
    writer.write(head(f"Content-Length: {len(BODY)}", "Expect: 100-continue").replace(b"HTTP/1.1", b"HTTP/1.0"))
    await asyncio.sleep(0.1)
    writer.write(BODY)
    status, body = await answer(reader)
    assert (status, json.loads(body)["choices"][0]["message"]["content"]) == (200, "hello")
    writer.close()


async def test_requests_one_behind_the_other(gate: Gate) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
    writer.write((head(f"Content-Length: {len(BODY)}") + BODY) * 3)
    assert [(await answer(reader))[0] for _ in range(3)] == [200] * 3
    writer.close()


async def test_a_chunked_body_byte_by_byte(gate: Gate) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
    writer.write(head("Transfer-Encoding: chunked"))
    for at in range(len(BODY)):
        writer.write(b"1\r\n" + BODY[at : at + 1] + b"\r\n")
        await writer.drain()
    writer.write(b"0\r\n\r\n")
    assert (await answer(reader))[0] == 200
    assert gate.provider.last.body == BODY
    assert gate.provider.last.header("transfer-encoding") is None
    writer.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"hello\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        b"GET /v1/models HTTP/1.1\r\nX: a\x00b\r\n\r\n",
    ],
)
async def test_what_is_not_http_gets_400_and_an_event(
    gate: Gate, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
    writer.write(sent)
    status, body = await answer(reader)
    assert (status, json.loads(body)["error"]["code"]) == (400, "invalid_request")
    assert await reader.read() == b""
    assert gate.recorder.types() == ["protocol.error"]
    assert caplog.text == ""
    writer.close()


class TestDoor:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(login=0.2, connections=3)

    async def test_who_says_nothing_is_sent_away(self, gate: Gate) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
        writer.write(b"POST /v1/chat")
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 5)
        writer.close()

    async def test_a_connection_that_was_used_may_wait(self, gate: Gate) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
        writer.write(head(f"Content-Length: {len(BODY)}") + BODY)
        assert (await answer(reader))[0] == 200
        await asyncio.sleep(0.4)
        writer.write(head(f"Content-Length: {len(BODY)}") + BODY)
        assert (await answer(reader))[0] == 200
        writer.close()

    async def test_there_is_room_for_so_many(self, gate: Gate) -> None:
        held = [await asyncio.open_connection("127.0.0.1", gate.endpoint.port) for _ in range(3)]
        reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await asyncio.wait_for(reader.readexactly(1), 5)
        for _, one in [*held, (reader, writer)]:
            one.close()


async def test_an_upgrade_that_is_only_offered_need_not_be_taken(gate: Gate) -> None:
    """Java's own client offers HTTP/2 with every first request to a plain address (RFC 9110, section 7.8)."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
    offer = (
        "Connection: Upgrade, HTTP2-Settings",
        "Upgrade: h2c",
        "HTTP2-Settings: AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAA",
    )
    for _ in range(2):
        writer.write(head(*offer, f"Content-Length: {len(BODY)}") + BODY)
        status, body = await answer(reader)
        assert (status, json.loads(body)["choices"][0]["message"]["content"]) == (200, "hello")
        assert gate.provider.last.header("upgrade") is gate.provider.last.header("http2-settings") is None
    writer.close()


@pytest.mark.parametrize(
    ("begun", "rest"),
    [
        (b"5\r\nhello\r\n", b"zz\r\n"),
        (b"5\r\nhello\r\n", b"3\r\nhello\r\n"),
        (b"5\r\nhello\r\n0\r\n", b"".join(b"X%d: x\r\n" % number for number in range(2000)) + b"\r\n"),
        (b"5\r\nhello\r\n0\r\n", b"X: " + b"x" * 200_000 + b"\r\n\r\n"),
    ],
)
async def test_a_body_that_is_framed_wrong_further_on_is_refused_at_once(gate: Gate, begun: bytes, rest: bytes) -> None:
    """A call whose body never comes to its end would wait for it as long as a client may be silent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
    writer.write(head("Transfer-Encoding: chunked") + begun)
    await asyncio.sleep(0.1)
    writer.write(rest)
    status, body = await asyncio.wait_for(answer(reader), 5)
    assert (status, json.loads(body)["error"]["code"]) == (400, "invalid_request")
    assert gate.recorder.types() == ["protocol.error"]
    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()
