"""Calls from end to end: both dialects, streamed and not."""

import json

import pytest

from passgate.core.event import EventType
from tests.integration.llm.conftest import Gate


async def test_a_chat_completion(gate: Gate) -> None:
    status, answer = await gate.ask("/v1/chat/completions", gate.chat("hello"))
    assert status == 200, answer
    assert answer["choices"][0]["message"]["content"] == "hello"
    assert json.loads(gate.provider.last.body) == gate.chat("hello")
    assert gate.recorder.types() == ["session.start", "action.intent", "action.outcome"]


async def test_a_message(gate: Gate) -> None:
    status, answer = await gate.ask("/v1/messages", gate.message("hello"), headers={"anthropic-version": "2023-06-01"})
    assert status == 200, answer
    assert answer["content"][0]["text"] == "hello"


@pytest.mark.parametrize("stream", [False, True])
async def test_an_address_leaves_as_a_token_and_comes_back(gate: Gate, stream: bool) -> None:
    body = gate.chat("write to ada@example.com", stream=stream)
    async with gate.request("/v1/chat/completions", body) as response:
        text = (await response.read()).decode()
        assert response.status == 200, text
        assert response.headers["x-passgate-masked"] == "EMAIL=1"
    said = gate.provider.last.body.decode()
    assert "ada@example.com" not in said
    assert "<<EMAIL:" in said
    if stream:
        deltas = [json.loads(line[6:]) for line in text.splitlines() if line.startswith("data: {")]
        told = "".join(d["choices"][0]["delta"].get("content") or "" for d in deltas if d["choices"])
        assert text.rstrip().endswith("data: [DONE]")
    else:
        told = json.loads(text)["choices"][0]["message"]["content"]
    assert told == "write to ada@example.com"
    recorded = b"".join(data for _, data in gate.recorder.recordings[0].entries)
    assert b"ada@example.com" not in recorded
    assert b"<<EMAIL:" in recorded


async def test_a_secret_is_refused_and_never_leaves(gate: Gate) -> None:
    secret = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    status, answer = await gate.ask("/v1/chat/completions", gate.chat(f"my token is {secret}"))
    assert status == 403, answer
    assert secret not in json.dumps(answer)
    assert gate.provider.received == ()
    assert gate.recorder.types() == ["session.start", "action.refused"]
    assert EventType.ACTION_REFUSED in [event.type for event in gate.recorder.events]
