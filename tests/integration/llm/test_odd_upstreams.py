"""Answers as no provider should give them: whatever they look like, nothing passes that may not."""

import asyncio
import contextlib
import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace

import pytest

from passgate.codecs.llm.operation import Dialect
from passgate.endpoints.llm.settings import LlmTarget
from tests.integration.llm.conftest import Gate, Key, target

SECRET = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
FIRST, SECOND = SECRET[:18], SECRET[18:]
CREDENTIAL = 'hunter/2"plain+word'
"""Of the gate's own: like nothing that a detector knows, and with everything in it that JSON escapes."""


@dataclass
class Odd:
    """Gives every caller the same bytes, a piece at a time, and hangs up."""

    pieces: tuple[bytes, ...] = ()
    port: int = 0
    serving: "list[asyncio.Task[None] | None]" = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.serving.append(asyncio.current_task())
        with contextlib.suppress(ConnectionError):
            try:
                await self.answer(reader, writer)
            finally:
                writer.close()
                await writer.wait_closed()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        lengths = [int(row[15:]) for row in head.split(b"\r\n") if row.startswith(b"content-length:")]
        await reader.readexactly(sum(lengths))
        for piece in self.pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.002)  # or several would arrive as one


@pytest.fixture
async def odd() -> AsyncIterator[Odd]:
    odd = Odd()
    server = await asyncio.start_server(odd.serve, "127.0.0.1", 0)
    odd.port = server.sockets[0].getsockname()[1]
    async with server:
        yield odd
        await asyncio.gather(*(task for task in odd.serving if task is not None))


@pytest.fixture
def more_targets(odd: Odd) -> tuple[LlmTarget, ...]:
    url = f"http://127.0.0.1:{odd.port}"
    return (replace(target("odd", Dialect.OPENAI, url, Key(CREDENTIAL)), models=("odd",)),)


def head(status: str = "200 OK", media: str = "application/json", *more: str) -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", f"Content-Type: {media}", *more, "Connection: close", "", "")).encode()


def stream(*pieces: bytes) -> tuple[bytes, ...]:
    return (head(media="text/event-stream"), *pieces, END)


def chunk(text: str, **more: str) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return b"data: " + json.dumps({"id": "c", "model": "odd", "choices": [choice], **more}).encode()


def finished(text: str) -> bytes:
    return chunk(text).replace(b"null", b'"stop"') + b"\n\n"


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


END = b'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


def refusing(message: str, *more: str) -> tuple[bytes, ...]:
    body = json.dumps({"error": {"message": f"Incorrect API key provided: {message}"}}).encode()
    return (head("401 Unauthorized", "application/json", *more), body)


ODD = {
    "carriage returns only": stream(chunk(FIRST) + b"\r\r", chunk(SECOND) + b"\r\r"),
    "both line ends": stream(chunk(FIRST) + b"\r\n\r\n", chunk(SECOND) + b"\r\n\r\n"),
    "a byte order mark": stream(b"\xef\xbb\xbf" + chunk(FIRST) + b"\n\n", chunk(SECOND) + b"\n\n"),
    "a comment in two pieces": stream(b": " + FIRST.encode(), SECOND.encode() + b"\n\n"),
    "an id": stream(b"id: " + SECRET.encode() + b"\n" + chunk("x") + b"\n\n"),
    "a retry": stream(b"retry: " + SECRET.encode() + b"\n" + chunk("x") + b"\n\n"),
    "a name of an event": stream(b"event: " + SECRET.encode() + b"\n" + chunk("x") + b"\n\n"),
    "a line of no field": stream(b"foo " + SECRET.encode() + b"\n" + chunk("x") + b"\n\n"),
    "data in two lines": stream(
        chunk(FIRST).replace(b', "model"', b',\ndata: "model"') + b"\n\n", chunk(SECOND) + b"\n\n"
    ),
    "escapes": stream(chunk(FIRST).replace(b"ghp", b"\\u0067hp") + b"\n\n", chunk(SECOND) + b"\n\n"),
    "data behind the end": (*stream(chunk("x") + b"\n\n"), b"data: " + SECRET.encode() + b"\n\n"),
    "a comment behind the end": (*stream(chunk("x") + b"\n\n"), b": " + SECRET.encode()),
    "another choice between the letters": stream(
        *(chunk(one) + b"\n\n" + chunk("y").replace(b'"index": 0', b'"index": 1') + b"\n\n" for one in SECRET)
    ),
    "a reason to finish between the halves": stream(finished(FIRST), finished(SECOND)),
    "a reason to finish behind every letter": stream(*map(finished, SECRET)),
    "a compressed stream": (
        head("200 OK", "text/event-stream", "Content-Encoding: gzip"),
        gzip.compress(chunk(SECRET) + b"\n\n" + END),
    ),
    "no JSON": (head(media="text/html"), SECRET.encode()),
    "another charset": (
        head(media="application/json; charset=utf-16"),
        json.dumps({"choices": [{"message": {"content": SECRET}}]}).encode("utf-16"),
    ),
    "a body where there is none": (b"HTTP/1.1 204 No Content\r\nContent-Length: 40\r\n\r\n" + SECRET.encode(),),
    "an early hint": (f"HTTP/1.1 103 Early Hints\r\nLink: {SECRET}\r\n\r\n".encode() + head(), b"{}"),
    "a trailer": (
        head("200 OK", "application/json", "Transfer-Encoding: chunked"),
        f"2\r\n{{}}\r\n0\r\nx-t: {SECRET}\r\n\r\n".encode(),
    ),
    "a header": (head("200 OK", "application/json", f"x-echo: {SECRET}"), b"{}"),
    "a redirect": (head("307 Temporary Redirect", "application/json", f"Location: /v1?x={SECRET}"), b"{}"),
    "the credential in words": (head(f"401 bad key {CREDENTIAL}", "application/json", f"x-key: {CREDENTIAL}"), b"{}"),
    "the credential": refusing(CREDENTIAL),
    "the credential with its slash escaped": tuple(one.replace(b"/2", b"\\/2") for one in refusing(CREDENTIAL)),
    "the credential with its plus escaped": tuple(one.replace(b"+w", b"\\u002Bw") for one in refusing(CREDENTIAL)),
    "the credential, compressed": (
        refusing("", "Content-Encoding: gzip")[0],
        gzip.compress(refusing(CREDENTIAL)[1]),
    ),
    "the credential in a stream": stream(chunk(CREDENTIAL) + b"\n\n"),
    **{
        f"the credential in pieces of {size} bytes": stream(*cut(chunk(CREDENTIAL) + b"\n\n", size))
        for size in (1, 3, 8)
    },
}


@pytest.mark.parametrize("name", ODD)
async def test_nothing_passes(gate: Gate, odd: Odd, name: str) -> None:
    odd.pieces = ODD[name]
    asked = {"model": "odd", "messages": [], "stream": b"event-stream" in odd.pieces[0]}
    async with gate.request("/odd/v1/chat/completions", asked) as response:
        seen = f"{response.reason} {dict(response.headers)} " + (await response.read()).decode()
    await gate.settled()
    recorded = b"".join(data for one in gate.recorder.recordings for _, data in one.entries).decode()
    told = "".join(str(event.detail) for event in gate.recorder.events)
    for kept in (seen, recorded, told):
        read = kept.replace("\\u0067", "g").replace("\\u002B", "+").replace("\\/", "/")
        assert SECRET not in read
        assert not (FIRST in read and SECOND in read)
        assert "plain+word" not in read
