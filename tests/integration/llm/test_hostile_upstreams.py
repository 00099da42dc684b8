"""Providers that frame, number and spell their answers as nobody should: what reaches a client, and what the next one gets."""

import asyncio
import base64
import html
import json
from dataclasses import replace
from urllib.parse import quote

import pytest

from passgate.codecs.llm.operation import Dialect
from passgate.endpoints.llm.settings import LlmTarget
from tests.integration.llm.conftest import Gate, Key, target
from tests.integration.llm.scripted import CREDENTIAL, JSON, SECRET, Pieces, Scripted, answer, said


@pytest.fixture
def more_targets(scripted: Scripted) -> tuple[LlmTarget, ...]:
    url = f"http://127.0.0.1:{scripted.port}"
    return (replace(target("odd", Dialect.OPENAI, url, Key(CREDENTIAL)), models=("odd",)),)


async def asked(gate: Gate, *, stream: bool = False) -> tuple[int, str]:
    """Status, and everything that the client can see."""
    body = {"model": "odd", "messages": [], "stream": stream}
    async with asyncio.timeout(10), gate.request("/odd/v1/chat/completions", body) as response:
        text = (await response.read()).decode()
        return response.status, f"{response.reason} {dict(response.headers)} {text}"


STALE = answer(said("of another"), "200 OK", JSON)
WHOLE = answer(said("first"), "200 OK", JSON)
CHUNKED = f"HTTP/1.1 200 OK\r\n{JSON}\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
UNASKED: dict[str, Pieces] = {
    "at once": (WHOLE + STALE,),
    "later": (WHOLE, 0.05, STALE),
    "with the last bytes": (WHOLE[:-3], 0.02, WHOLE[-3:] + STALE),
    "behind the last chunk": (CHUNKED + b"2\r\n{}\r\n", 0.02, b"0\r\n\r\n" + STALE),
    "behind no content": (answer(b"", "204 No Content")[:-4] + b"\r\n\r\n", 0.02, STALE),
    "behind not modified": (b"HTTP/1.1 304 Not Modified\r\n\r\n", 0.02, STALE),
    "half of it": (WHOLE, 0.02, STALE[:40]),
    "noise": (WHOLE, 0.02, b"\x00\x01\x02"),
}


@pytest.mark.parametrize("name", UNASKED)
async def test_what_comes_unasked_is_nobodys_answer(gate: Gate, scripted: Scripted, name: str) -> None:
    """Connections are shared by sessions: the rest of one's answer must never begin another's."""
    scripted.answers = [UNASKED[name]]
    await asked(gate)
    await asyncio.sleep(0.1)
    status, seen = await asked(gate)
    assert status == 200
    assert "good" in seen
    assert "of another" not in seen
    assert scripted.connections == 2


async def test_a_connection_that_kept_quiet_is_used_again(gate: Gate, scripted: Scripted) -> None:
    await asked(gate)
    await asked(gate)
    assert scripted.connections == 1


@pytest.mark.parametrize(
    "odd",
    [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
        answer(said("x"), "099 Odd", JSON),
        answer(said("x"), "600 Odd", JSON),
        answer(said("x"), "999 Odd", JSON),
        answer(said("x"), "206 Partial Content", JSON, "Content-Range: bytes 0-5/100"),
        answer(said("x"), "200 OK", "Content-Type: application/json; charset=utf-7"),
        answer(said("x"), "200 OK", "Content-Type: text/event-stream; charset=UTF-16"),
        answer(said("x"), "400 Bad", "Content-Type: text/html; charset=ibm037"),
    ],
)
async def test_what_a_client_may_read_otherwise_is_not_passed_on(gate: Gate, scripted: Scripted, odd: bytes) -> None:
    """A client that takes 101 at its word speaks another protocol from there on; one that believes UTF-7 reads other letters."""
    scripted.answers = [(odd,)]
    status, seen = await asked(gate)
    assert status == 502
    assert "upstream_broken" in seen
    status, seen = await asked(gate)
    assert status == 200
    assert "good" in seen
    await gate.settled(2)


async def test_an_answer_that_has_no_body_gets_none(gate: Gate, scripted: Scripted) -> None:
    scripted.answers = [(answer(said("x"), "205 Reset Content", JSON),)]
    status, seen = await asked(gate)
    assert status == 205
    assert "choices" not in seen


@pytest.mark.parametrize("line", ["x-a: a\xff\xfeb", "x-a: a\x01b", "content-type: application/json; a=\x7f"])
async def test_a_header_that_cannot_be_written_is_left_out(gate: Gate, scripted: Scripted, line: str) -> None:
    scripted.answers = [(answer(said("good"), "200 O\x01K\xff", line),)]
    status, seen = await asked(gate)
    assert status == 200
    assert "good" in seen
    assert "x-a" not in seen


@pytest.mark.parametrize("name", ["content-type", "x-any", "location"])
async def test_a_header_that_says_a_secret_is_left_out(gate: Gate, scripted: Scripted, name: str) -> None:
    scripted.answers = [(answer(said("good"), f"200 {SECRET}", f"{name}: a/{SECRET}"),)]
    _, seen = await asked(gate)
    await gate.settled()
    recorded = b"".join(data for one in gate.recorder.recordings for _, data in one.entries).decode()
    assert SECRET not in seen
    assert SECRET not in recorded


_SPELT = {
    "plain": CREDENTIAL,
    "url": quote(CREDENTIAL, safe=""),
    "url, twice": quote(quote(CREDENTIAL, safe=""), safe=""),
    "html": html.escape(CREDENTIAL),
    "html by numbers": "".join(f"&#{ord(sign)};" for sign in CREDENTIAL),
    "base 16": CREDENTIAL.encode().hex(),
    "base 64": base64.b64encode(CREDENTIAL.encode()).decode(),
    "base 64, as it was sent": base64.b64encode(f"Bearer {CREDENTIAL}".encode()).decode(),
    "base 64, as a password": base64.b64encode(f"u:{CREDENTIAL}".encode()).decode(),
    "json": json.dumps(CREDENTIAL),
    "json in json": json.dumps({"e": json.dumps({"k": CREDENTIAL})}),
    "json by numbers": "".join(f"\\u{ord(sign):04X}" for sign in CREDENTIAL),
}


@pytest.mark.parametrize("where", ["body", "page", "header", "stream", "stream by the byte"])
@pytest.mark.parametrize("spelt", _SPELT)
async def test_the_credential_never_comes_back(gate: Gate, scripted: Scripted, spelt: str, where: str) -> None:
    written = _SPELT[spelt]
    error = json.dumps({"error": {"message": f"bad key {written}."}}).encode()
    event = b"data: " + error + b"\n\n" + b"data: [DONE]\n\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    size = 1 if where == "stream by the byte" else len(event)
    chunks = b"".join(
        b"%x\r\n%b\r\n" % (len(piece), piece) for at in range(0, len(event), size) if (piece := event[at : at + size])
    )
    scripted.answers = [
        {
            "body": (answer(error, "401 Unauthorized", JSON),),
            "page": (answer(f"<p>bad key {written}".encode(), "401 Unauthorized", "Content-Type: text/html"),),
            "header": (answer(b"{}", "401 Unauthorized", JSON, f"x-why: {written}", f"location: /?k={written}"),),
        }.get(where, (head + chunks + b"0\r\n\r\n",))
    ]
    _, seen = await asked(gate, stream=where.startswith("stream"))
    await gate.settled()
    recorded = b"".join(data for one in gate.recorder.recordings for _, data in one.entries).decode()
    core = base64.b64encode(b"Bearer " + CREDENTIAL.encode()).decode()[12:-4]
    for kept in (seen, recorded):
        assert written not in kept
        assert "plain+word" not in kept
        assert core not in kept
    if where in ("body", "page") or where.startswith("stream"):
        assert "bad key" in seen


@pytest.mark.parametrize("cut", [b"Content-Length: 999\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n5\r\n{"])
async def test_an_answer_that_breaks_off_is_an_error_and_its_connection_is_gone(
    gate: Gate, scripted: Scripted, cut: bytes
) -> None:
    broken = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(f"HTTP/1.1 200 OK\r\n{JSON}\r\n".encode() + cut)
        await writer.drain()
        writer.transport.abort()
        broken.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        gate.endpoint._services.targets["odd"] = replace(  # type: ignore[index] # a plain dict underneath
            gate.endpoint._services.targets["odd"], url=f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        )
        status, seen = await asked(gate)
    assert broken.is_set()
    assert status in (502, 504)
    assert '"error"' in seen
