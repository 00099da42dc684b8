"""Answers as servers give them that speak a dialect almost as its provider does: they arrive as they came."""

import json
from dataclasses import replace

import pytest

from passgate.codecs.llm.operation import Dialect
from passgate.endpoints.llm.settings import LlmTarget
from tests.integration.llm.conftest import Gate, Scripted, target


@pytest.fixture
def more_targets(scripted: Scripted) -> tuple[LlmTarget, ...]:
    url = f"http://127.0.0.1:{scripted.port}"
    return (
        replace(target("near", Dialect.OPENAI, url, None), models=("near",)),
        replace(target("like", Dialect.ANTHROPIC, url, None), models=("like",)),
    )


def data(document: object) -> bytes:
    return b"data: " + json.dumps(document).encode() + b"\n\n"


def chunk(delta: object, finish: str | None = None, **more: object) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
    return data({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **more})


def named(kind: str, **members: object) -> bytes:
    return f"event: {kind}\n".encode() + data({"type": kind, **members})


def call(arguments: str, **more: object) -> dict[str, object]:
    return {"tool_calls": [{"type": "function", "function": {"name": "f", "arguments": arguments}, **more}]}


DONE = b"data: [DONE]\n\n"
END = chunk({}, "stop")
TEXT = chunk({"role": "assistant", "content": "one"}) + chunk({"content": " two"})
FILTERED = {"hate": {"filtered": False, "severity": "safe"}}

CHATS = {
    "usage that is null, then a chunk without choices": chunk({"content": "a"}, usage=None)
    + chunk({}, "stop", usage=None)
    + data({"id": "c", "choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}})
    + DONE,
    "filters without an id": data(
        {"id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": []}
    )
    + chunk({"content": "a"}, content_filter_results=FILTERED)
    + END
    + DONE,
    "comments and pings": b": OPENROUTER PROCESSING\n\n: ping - 2026-11-23 08:00:00.123456+00:00\r\n\r\n"
    + TEXT
    + END
    + DONE,
    "carriage returns": (TEXT + END + DONE).replace(b"\n", b"\r\n"),
    "no space": (TEXT + END + DONE).replace(b"data: ", b"data:"),
    "no reason": TEXT + DONE,
    "a reason in every chunk": chunk({"content": "I see"}, "stop") * 20 + DONE,
    "a chunk behind the reason": TEXT
    + END
    + chunk({"role": "assistant", "content": ""})
    + chunk({"content": "more"})
    + DONE,
    "no delta, no choices": TEXT + chunk(None) + data({"id": "c", "choices": None}) + END + DONE,
    "thoughts": chunk({"reasoning_content": "hm"}) + chunk({"reasoning": "hm"}) + TEXT + END + DONE,
    "content in parts": chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]}) * 2
    + TEXT
    + END
    + DONE,
    "calls without an index": chunk(call('{"a": 1}', id=""))
    + chunk(call('{"b": 2}', id=""))
    + chunk({}, "tool_calls")
    + DONE,
    "calls with the same index": chunk(call('{"a": 1}', id="x", index=0))
    + chunk(call("{}", id="y", index=0))
    + END
    + DONE,
    "a signature of a thought": chunk(
        call("{}", id="x", extra_content={"google": {"thought_signature": "q7Zx+/0A" * 40}})
    )
    + END
    + DONE,
    "timings": TEXT + chunk({}, "stop", timings={"prompt_n": 1, "predicted_per_second": 33.25}) + DONE,
    "an error that is none of OpenAI's": TEXT
    + data({"object": "error", "message": "boom", "type": "x", "code": 400})
    + DONE,
}

_SAID = {"type": "message", "id": "m", "role": "assistant", "status": "completed"}
RESPONSES = (
    named("response.created", sequence_number=0, response={"id": "r", "status": "in_progress", "output": []})
    + named("keepalive", sequence_number=1)
    + named("response.output_text.delta", sequence_number=2, item_id="m", output_index=0, content_index=0, delta="hi")
    + named("response.output_text.done", sequence_number=3, item_id="m", output_index=0, content_index=0, text="hi")
    + named("response.completed", sequence_number=4, response={"id": "r", "status": "completed", "output": [_SAID]})
)
MESSAGES = (
    named("message_start", message={"id": "m", "type": "message", "role": "assistant", "content": [], "usage": {}})
    + named("content_block_start", index=0, content_block={"type": "text", "text": ""})
    + named("content_block_delta", index=0, delta={"type": "text_delta", "text": "hi"})
    + named("content_block_stop", index=0)
    + named("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": 1})
)


async def delivered(gate: Gate, scripted: Scripted, path: str, answer: bytes, **body: object) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: {len(answer)}\r\n\r\n"
    scripted.answers.append((head.encode(), answer))
    async with gate.request(path, {"stream": True, **body}) as response:
        assert response.status == 200
        return await response.read()


@pytest.mark.parametrize("name", CHATS)
async def test_chats(gate: Gate, scripted: Scripted, name: str) -> None:
    asked = {"model": "near", "messages": [{"role": "user", "content": "Hello"}]}
    assert await delivered(gate, scripted, "/near/v1/chat/completions", CHATS[name], **asked) == CHATS[name]


async def test_responses_that_end_as_chats_do(gate: Gate, scripted: Scripted) -> None:
    whole = RESPONSES + DONE
    assert await delivered(gate, scripted, "/near/v1/responses", whole, model="near", input="Hello") == whole


@pytest.mark.parametrize("end", [named("message_stop") + DONE, DONE])
async def test_messages_that_end_as_chats_do(gate: Gate, scripted: Scripted, end: bytes) -> None:
    asked = {"model": "like", "max_tokens": 9, "messages": [{"role": "user", "content": "Hello"}]}
    assert await delivered(gate, scripted, "/like/v1/messages", MESSAGES + end, **asked) == MESSAGES + end


EXTRAS = {
    "chat_template_kwargs": {"enable_thinking": False},
    "guided_json": {"type": "object", "properties": {"mail": {"type": "string", "format": "email"}}},
    "guided_regex": r"\d{3}-\d{2}-\d{4}",
    "keep_alive": "5m",
    "options": {"num_ctx": 8192},
    "repetition_penalty": 1.10,
    "stop_token_ids": [128001, 128009],
    "top_k": 40,
    "grammar": 'root ::= "yes" | "no"',
    "cache_prompt": True,
    "kv_transfer_params": {"remote_block_ids": [1000, 1001], "remote_host": None},
}


async def test_fields_of_their_own_reach_them(gate: Gate) -> None:
    """By headers that ordinary clients send: versions, traces, keys of calls that may be sent twice."""
    headers = {
        "User-Agent": "Editor/1.48.2.1 ai-sdk/5.0.1 runtime/node.js/22",
        "Idempotency-Key": "0f" * 20,
        "traceparent": "00-" + "0a1b" * 8 + "-" + "0c1d" * 4 + "-01",
        "OpenAI-Organization": "org-" + "aB3dE6gH9jK2" * 2,
    }
    status, _ = await gate.ask("/v1/chat/completions", gate.chat("Hello", **EXTRAS), headers=headers)
    assert status == 200
    received = gate.provider.last
    assert {name: received.json[name] for name in EXTRAS} == EXTRAS
    assert {name: received.header(name.lower()) for name in headers} == headers


async def test_what_a_compaction_says_can_be_sent_back(gate: Gate, scripted: Scripted) -> None:
    """It is signed, so it may not be edited then: tokens in it stay tokens."""
    mail = known = "alice.smith@example.com"
    asked = {"model": "like", "max_tokens": 9, "messages": [{"role": "user", "content": f"I am {mail}"}]}
    for _ in range(2):
        block = {"type": "compaction", "content": f"They are {known} now", "signature": "q7Zx+/0A" * 20}
        body = json.dumps({"id": "m", "type": "message", "role": "assistant", "content": [block]}).encode()
        scripted.answers.append(
            (f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode(), body)
        )
        status, answer = await gate.ask("/like/v1/messages", asked)
        known = answer["content"][0]["content"].split()[2]
        assert (status, known[:8]) == (200, "<<EMAIL:")
        turns = [{"role": "assistant", "content": answer["content"]}, {"role": "user", "content": "Go on"}]
        status, _ = await gate.ask("/like/v1/messages", {**asked, "messages": turns})
        assert status == 200
