"""Ways around the gate that somebody has tried: each stands for a class, and none may work again."""

import asyncio
import base64
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from passgate.core.budget import Budget
from passgate.core.event import Event
from passgate.testing.llm_provider import Script
from passgate.testing.llm_provider.script import Cut, Text, ToolCall
from tests.integration.llm.conftest import KEY, PASS, Gate

SECRET = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
ADDRESS = "ada@example.com"


def kept(gate: Gate) -> str:
    """Everything that records hold."""

    def told(event: Event) -> str:
        return f"{event.text} {event.detail} {event.objects} {event.decision}"

    recorded = b"".join(data for one in gate.recorder.recordings for _, data in one.entries)
    return recorded.decode() + "\n".join(told(event) for event in gate.recorder.events)


# -- places that nobody looks at ------------------------------------------------------------------------------------


@pytest.mark.parametrize("said", [SECRET, ADDRESS])
@pytest.mark.parametrize("path", ["/v1/models/{}", "/v1/files/{}", "/v1/files/{}/content", "/v1/responses/{}"])
async def test_what_stands_in_a_path_is_looked_at(gate: Gate, path: str, said: str) -> None:
    async with gate.request(path.format(said), method="GET") as response:
        assert response.status == 403
        assert said not in await response.text()
    assert gate.provider.received == ()
    assert said not in kept(gate)


async def test_ids_of_providers_pass_in_a_path(gate: Gate) -> None:
    for path in (
        "/v1/files/file-abc123DEF456ghi789JKL012",
        "/v1/responses/resp_68af4030592c81938ec0a5fbab4a3e9f05438e46b5f69a3b",
        "/v1/batches/batch_67f7bf1cdd3c8190b3d8a0c1b3b3e3a1",
        "/v1/messages/batches/msgbatch_01HkcTjaV5uDC8jWR4ZsDV8d",
        "/v1/models/claude-sonnet-4-5-20250929",
        "/v1/models/ft:gpt-4o-mini-2024-07-18:acme::A1b2C3d4",
    ):
        async with gate.request(path, method="GET") as response:
            assert response.status != 403, path
    assert len(gate.provider.received) == 6


@pytest.mark.parametrize("path", [f"/v1/unknown/{SECRET}", f"/{SECRET}/v1/models", f"/v1/files/{SECRET}/x"])
async def test_a_path_that_is_refused_is_not_kept_word_for_word(gate: Gate, path: str) -> None:
    async with gate.request(path, method="GET") as response:
        assert response.status == 404
        assert SECRET not in await response.text()
    assert SECRET not in kept(gate)


@pytest.mark.parametrize("stream", [False, True])
async def test_the_name_of_a_tool_is_a_models_own_word(gate: Gate, stream: bool) -> None:
    gate.provider.then(Script(parts=(ToolCall(name=SECRET),)))
    async with gate.request("/v1/chat/completions", gate.chat("x", stream=stream)) as response:
        assert SECRET not in await response.text()
    await gate.settled()
    assert SECRET not in kept(gate)
    assert SECRET not in str(gate.telemetry.calls)


# -- read as something else than was judged ---------------------------------------------------------------------------


async def test_a_body_is_what_it_was_read_as(gate: Gate) -> None:
    body = json.dumps(gate.chat("hello")).encode()
    for charset in ("utf-7", "utf-16", '"UTF-7"', "utf-8; charset=utf-7"):
        headers = {"Content-Type": f"application/json; charset={charset}"}
        async with gate.request("/v1/chat/completions", data=body, headers=headers) as response:
            assert response.status == 415
    assert gate.provider.received == ()
    for media, sent in (
        ("application/json; charset=UTF-8", "application/json; charset=UTF-8"),
        ("application/x-www-form-urlencoded", "application/json"),
        ("multipart/form-data; boundary=x", "application/json"),
    ):
        async with gate.request("/v1/chat/completions", data=body, headers={"Content-Type": media}) as response:
            assert response.status == 200
        assert gate.provider.last.header("content-type") == sent


async def test_a_part_of_a_form_is_what_it_was_read_as(gate: Gate) -> None:
    for headers in ({"Content-Encoding": "gzip"}, {"Content-Type": "text/plain; charset=utf-7"}):
        rows = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        data = f'--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n{rows}\r\nhi\r\n--b--\r\n'
        sent = {"Content-Type": "multipart/form-data; boundary=b"}
        async with gate.request("/v1/files", data=data.encode(), headers=sent) as response:
            assert response.status == 400
    assert all(b"hi" not in one.body for one in gate.provider.received)


async def test_no_header_names_another_method_or_path(gate: Gate) -> None:
    headers = {
        "X-HTTP-Method-Override": "DELETE",
        "X-Original-URL": "/admin",
        "X-Rewrite-URL": "/admin",
        "X-Custom": "stays",
    }
    status, _ = await gate.ask("/v1/chat/completions", gate.chat("x"), headers=headers)
    assert status == 200
    assert [gate.provider.last.header(name) for name in headers] == [None, None, None, "stays"]


# -- answers in parts ---------------------------------------------------------------------------------------------------


async def test_answers_are_read_from_their_beginning(gate: Gate) -> None:
    for query in ("starting_after=3", "stream=true&starting%5Fafter=3"):
        async with gate.request(f"/v1/responses/resp_1?{query}", method="GET") as response:
            assert response.status == 400
    assert gate.provider.received == ()
    async with gate.request("/v1/files/file-1/content", method="GET", headers={"Range": "bytes=3-4"}):
        pass
    assert gate.provider.last.header("range") is None


# -- passes that have ended, budgets that are spent ----------------------------------------------------------------------


async def test_a_body_that_takes_longer_than_its_pass_lives(gate: Gate) -> None:
    body = json.dumps(gate.chat("hello")).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
    writer.write(
        f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n"
        f"Content-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode()
    )
    assert b"100" in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)  # so far it lives
    gate.passes.passes[PASS] = replace(gate.passes.passes[PASS], revoked=datetime.now(UTC))
    writer.write(body)
    assert b" 401 " in await asyncio.wait_for(reader.readline(), 5)
    writer.close()
    await writer.wait_closed()
    assert gate.provider.received == ()
    assert (await gate.ask("/v1/chat/completions", gate.chat("again")))[0] == 401


async def test_a_batch_is_no_way_around_a_budget(gate: Gate) -> None:
    gate.passes.passes[PASS] = replace(gate.passes.passes[PASS], budget=Budget(tokens=1000))
    one = {"custom_id": "a", "params": gate.message("x")}
    status, answer = await gate.ask("/v1/messages/batches", {"requests": [one] * 100})
    assert (status, answer["error"]["type"]) == (403, "permission_error")
    batch = {"input_file_id": "file-1", "endpoint": "/v1/chat/completions", "completion_window": "24h"}
    status, answer = await gate.ask("/v1/batches", batch)
    assert (status, answer["error"]["code"]) == (403, "budget_spent")
    assert gate.provider.received == ()


# -- the same said otherwise ------------------------------------------------------------------------------------------------


async def test_what_a_tool_gave_back_is_read_as_the_json_that_it_is(gate: Gate) -> None:
    for said, status in ((SECRET.replace("g", "\\u0067"), 403), (ADDRESS.replace("@", "\\u0040"), 200)):
        result = {"role": "tool", "tool_call_id": "call_1", "content": f'{{"row": "{said}"}}'}
        asked = {"model": "gpt-5", "messages": [result]}
        assert (await gate.ask("/v1/chat/completions", asked))[0] == status
    assert b"example.com" not in gate.provider.last.body
    assert b"<<EMAIL:" in gate.provider.last.body


WAYS: dict[str, Callable[[str], str]] = {
    "behind the line's end of a log": lambda said: f'{{"log": "one\\n{said}\\ntwo"',
    "behind a colour": lambda said: f"\x1b[31m{said}\x1b[0m",
    "in a URL": lambda said: "https://x.example/?q=" + "".join(f"%{ord(one):02X}" for one in said),
    "in HTML": lambda said: "".join(f"&#{ord(one)};" for one in said),
    "in full width": lambda said: "".join(chr(ord(one) + 0xFEE0) for one in said),
    "with what nobody sees": "\u200b".join,
    "in base 16": lambda said: f"it is {said}, is it not".encode().hex(),
    "as PowerShell is given it": lambda said: base64.b64encode(f"it is {said}, is it not".encode("utf-16-le")).decode(),
    "in base 64 twice": lambda said: base64.b64encode(base64.b64encode(f"it is {said}, is it not".encode())).decode(),
}


@pytest.mark.parametrize("way", WAYS)
async def test_a_text_is_read_as_a_model_reads_it(gate: Gate, way: str) -> None:
    assert (await gate.ask("/v1/chat/completions", gate.chat(f"look: {WAYS[way](SECRET)}")))[0] == 403
    assert gate.provider.received == ()
    said = WAYS[way](ADDRESS)
    assert (await gate.ask("/v1/chat/completions", gate.chat(f"look: {said}")))[0] == 200
    sent = json.loads(gate.provider.last.body)["messages"][0]["content"]
    assert "<<EMAIL:" in sent
    assert WAYS[way](ADDRESS) not in sent
    assert ADDRESS not in kept(gate)


@pytest.mark.parametrize("size", [1, 3, 1000])
async def test_an_answer_is_read_behind_an_escape_however_it_is_cut(gate: Gate, size: int) -> None:
    text = f"print('one\\n{SECRET}\\n') and \x1b[31m{SECRET}\x1b[0m"
    gate.provider.then(Script(parts=(Text(text=text),), delta=Cut(size=size)))
    async with gate.request("/v1/chat/completions", gate.chat("x", stream=True)) as response:
        body = await response.text()
    deltas = [json.loads(line[6:]) for line in body.splitlines() if line.startswith("data: {")]
    shown = "".join(one["choices"][0]["delta"].get("content") or "" for one in deltas if one["choices"])
    assert SECRET[4:] not in shown
    assert shown.startswith("print('one\\n")
    await gate.settled()
    assert SECRET not in kept(gate)


async def test_how_long_a_run_of_base64_is_hides_nothing(gate: Gate) -> None:
    run = base64.b64encode(b"lorem ipsum " * 20_000 + SECRET.encode()).decode()
    assert (await gate.ask("/v1/chat/completions", gate.chat(run)))[0] == 403
    assert gate.provider.received == ()


# -- room for those who have a key ---------------------------------------------------------------------------------------------


async def test_nobody_keeps_a_connection_whom_no_key_has_let_in(gate: Gate) -> None:
    """Two thousand connections that were good for a greeting would have kept everybody else out for ten minutes."""
    for path, key in (("/", None), ("/v1/models", None), ("/v1/models", f"{KEY}x"), ("/v1/unknown", None)):
        async with gate.request(path, method="GET", key=key) as response:
            assert response.headers["Connection"] == "close", path
    async with gate.request("/v1/models", method="GET") as response:
        assert "Connection" not in response.headers
    reader, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: gate\r\n\r\n")
    assert b" 200 " in await asyncio.wait_for(reader.read(), 5)  # to its end
    writer.close()
    await writer.wait_closed()
