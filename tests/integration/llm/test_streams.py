"""Streams: what is shown when, how they end, and what becomes of them when somebody leaves."""

import asyncio
import json
from typing import Any

import pytest

from passgate.endpoints.llm.settings import Limits
from passgate.pipeline.live import EndReason
from passgate.testing.llm_provider import Cut, Fault, Script, Text, ToolCall
from tests.integration.llm.conftest import PASS, Gate

SECRET = "ghp_a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


def events(text: str) -> list[dict[str, Any]]:
    return [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]


async def test_a_stream_says_what_it_is(gate: Gate) -> None:
    async with gate.request("/v1/messages", gate.message("hello", stream=True)) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        assert response.headers["Cache-Control"] == "no-cache"
        assert response.headers["X-Accel-Buffering"] == "no"
        text = await response.text()
    assert events(text)[-1] == {"type": "message_stop"}
    assert gate.recorder.events[-1].detail["output_tokens"] is not None


async def test_what_comes_is_shown_before_what_is_still_to_come(gate: Gate) -> None:
    gate.provider.then(Script(parts=(Text(text="one two three four five six"),), fault=Fault.HANG, faultless=4))
    async with gate.request("/v1/chat/completions", gate.chat("x", stream=True)) as response:
        first = await asyncio.wait_for(response.content.readline(), 5)
        assert first.startswith(b"data: {")
        assert gate.recorder.outcomes() == []
    assert await asyncio.to_thread(gate.provider.exchanges[-1].gone.wait, 5)
    await gate.settled()
    assert gate.recorder.outcomes() == ["cancelled"]
    assert gate.recorder.events[-1].detail["code"] == "client_gone"
    assert gate.recorder.recordings[0].ends()[-1]["status"] == "cancelled"
    recorded = b"".join(gate.recorder.recordings[0].of("frame"))
    assert b"one" in recorded


async def test_a_secret_in_an_answer_never_arrives_however_it_is_cut(gate: Gate) -> None:
    for size in (1, 3, 7):
        gate.provider.then(Script(parts=(Text(text=f"the token is {SECRET}, keep it"),), delta=Cut(size=size)))
        async with gate.request("/v1/chat/completions", gate.chat("x", stream=True)) as response:
            text = await response.text()
        told = "".join(e["choices"][0]["delta"].get("content") or "" for e in events(text) if e["choices"])
        assert told.startswith("the token is ")
        assert told.endswith(", keep it")
        assert SECRET not in told
        assert SECRET[:20] not in told


async def test_tool_arguments_get_their_values_back(gate: Gate) -> None:
    body = gate.message("mail ada@example.com", stream=True)
    assert (await gate.ask("/v1/messages", gate.message("mail ada@example.com")))[0] == 200
    token = json.loads(gate.provider.last.body)["messages"][0]["content"].split()[1]
    gate.provider.then(Script(parts=(ToolCall(name="send", arguments=json.dumps({"to": token})),), delta=Cut(size=5)))
    async with gate.request("/v1/messages", body) as response:
        text = await response.text()
    said = "".join(e["delta"].get("partial_json", "") for e in events(text) if e["type"] == "content_block_delta")
    assert json.loads(said) == {"to": "ada@example.com"}
    assert b"ada@example.com" not in b"".join(gate.recorder.recordings[0].of("frame"))


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/v1/responses"])
async def test_a_stream_that_breaks_off_ends_with_an_error(gate: Gate, path: str) -> None:
    gate.provider.then(Script(parts=(Text(text="one two three four five six"),), fault=Fault.CUT, faultless=4))
    body = {
        "/v1/chat/completions": gate.chat("x", stream=True),
        "/v1/messages": gate.message("x", stream=True),
        "/v1/responses": {"model": "gpt-5", "input": "x", "stream": True},
    }[path]
    async with gate.request(path, body) as response:
        assert response.status == 200
        text = await response.text()
    last = events(text)[-1]
    match path:
        case "/v1/messages":
            assert last["type"] == "error"
            assert last["error"]["type"] == "api_error"
            assert "event: error" in text
        case "/v1/responses":
            numbers = [event["sequence_number"] for event in events(text)]
            assert last["type"] == "error"
            assert numbers == sorted(set(numbers))
        case _:
            assert last["error"]["code"] == "upstream_unreachable"
    assert gate.recorder.outcomes() == ["error"]


class TestQuiet:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(heartbeat=0.05)

    @pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages"])
    async def test_a_quiet_stream_shows_that_it_lives(self, gate: Gate, path: str) -> None:
        gate.provider.then(Script(parts=(Text(text="one two three four"),), fault=Fault.HANG, faultless=3))
        body = gate.chat("x", stream=True) if "chat" in path else gate.message("x", stream=True)
        async with gate.request(path, body) as response:
            seen = b""
            async with asyncio.timeout(5):
                while seen.count(b": keepalive\n\n") + seen.count(b"event: ping") < 3:
                    seen += await response.content.readany()


async def test_a_revoked_pass_ends_its_streams(gate: Gate) -> None:
    gate.provider.default = Script(parts=(Text(text="one two three four five"),), fault=Fault.HANG, faultless=4)
    async with gate.request("/v1/messages", gate.message("x", stream=True)) as response:
        await response.content.readline()
        assert gate.live.revoke([PASS]) == 1
        async with asyncio.timeout(2):
            rest = (await response.content.read()).decode()
        assert events(rest)[-1]["error"]["type"] == "authentication_error"
        assert EndReason.PASS_REVOKED.value in rest
    assert await asyncio.to_thread(gate.provider.exchanges[-1].gone.wait, 2)
    await gate.settled()
    assert gate.recorder.types()[-2:] == ["action.outcome", "session.end"]
    assert gate.live.list() == ()


async def test_an_ended_call_that_has_no_answer_yet_is_told_why(gate: Gate) -> None:
    gate.provider.default = Script(fault=Fault.HANG)
    asked = asyncio.ensure_future(gate.ask("/v1/chat/completions", gate.chat("x")))
    async with asyncio.timeout(5):
        while not gate.provider.exchanges:  # noqa: ASYNC110 - the stand-in runs on a thread of its own
            await asyncio.sleep(0.01)
    (session,) = gate.live.list()
    assert gate.live.kill(session.id)
    status, answer = await asyncio.wait_for(asked, 2)
    assert (status, answer["error"]["code"]) == (401, "pass_ended")
    assert gate.recorder.types()[-2:] == ["action.outcome", "session.end"]


async def test_a_client_that_does_not_read_holds_up_the_provider(gate: Gate) -> None:
    gate.provider.then(Script(parts=(Text(text="word " * 8_000_000),), delta=Cut(size=50_000)))
    async with gate.request("/v1/chat/completions", gate.chat("x", stream=True)) as response:
        await response.content.readline()
        done = gate.provider.exchanges[-1].done
        assert not await asyncio.to_thread(done.wait, 1.0)
        size = len(await response.content.read())
    assert size > 40_000_000
    assert await asyncio.to_thread(done.wait, 5)
