"""The gate's own credential, repeated by a provider in pieces: no event holds it, and a client reads it all the same."""

import asyncio
import json
from dataclasses import replace

import pytest

from passgate.codecs.llm.operation import Dialect
from passgate.endpoints.llm.settings import LlmTarget
from tests.integration.llm.conftest import Gate, Key, target
from tests.integration.llm.scripted import CREDENTIAL, Scripted

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: %d\r\n\r\n"


@pytest.fixture
def more_targets(scripted: Scripted) -> tuple[LlmTarget, ...]:
    url = f"http://127.0.0.1:{scripted.port}"
    return (
        replace(target("odd", Dialect.OPENAI, url, Key(CREDENTIAL)), models=("odd",)),
        replace(target("other", Dialect.ANTHROPIC, url, Key(CREDENTIAL)), models=("odd",)),
    )


def event(data: object, name: str = "") -> bytes:
    return (f"event: {name}\n" if name else "").encode() + b"data: " + json.dumps(data).encode() + b"\n\n"


def chat(pieces: list[str], place: str) -> bytes:
    def delta(piece: str) -> dict[str, object]:
        if place == "arguments":
            return {"tool_calls": [{"index": 0, "function": {"arguments": piece}}]}
        return {place: piece}

    rows = [{"index": 1, "delta": delta(piece), "finish_reason": None} for piece in pieces]
    between = [{"index": 0, "delta": {"content": "x"}, "finish_reason": None} for _ in pieces]
    both = [row for pair in zip(rows, between, strict=True) for row in pair]
    last: list[dict[str, object]] = [{"index": index, "delta": {}, "finish_reason": "stop"} for index in (0, 1)]
    return b"".join(event({"id": "x", "choices": [row]}) for row in (*both, *last)) + b"data: [DONE]\n\n"


def completions(pieces: list[str], _place: str) -> bytes:
    rows = [{"index": 0, "text": piece, "finish_reason": None} for piece in pieces]
    rows.append({"index": 0, "text": "", "finish_reason": "stop"})
    return b"".join(event({"id": "x", "choices": [row]}) for row in rows) + b"data: [DONE]\n\n"


def responses(pieces: list[str], place: str) -> bytes:
    kind = f"response.{place}"
    at = {"item_id": "i", "output_index": 0, "content_index": 0}
    rows = [{"type": f"{kind}.delta", **at, "sequence_number": n, "delta": piece} for n, piece in enumerate(pieces)]
    end: dict[str, object] = {"type": "response.completed", "response": {"id": "r"}, "sequence_number": len(rows)}
    return b"".join(event(row, str(row["type"])) for row in (*rows, end))


def messages(pieces: list[str], place: str) -> bytes:
    kind, member, block = {
        "text": ("text_delta", "text", {"type": "text", "text": ""}),
        "thinking": ("thinking_delta", "thinking", {"type": "thinking", "thinking": "", "signature": ""}),
        "input": ("input_json_delta", "partial_json", {"type": "tool_use", "id": "toolu_1", "name": "t", "input": {}}),
    }[place]
    rows: list[dict[str, object]] = [{"type": "message_start", "message": {"id": "msg_1", "role": "assistant"}}]
    rows.append({"type": "content_block_start", "index": 0, "content_block": block})
    rows += [{"type": "content_block_delta", "index": 0, "delta": {"type": kind, member: piece}} for piece in pieces]
    rows += [{"type": "content_block_stop", "index": 0}, {"type": "message_stop"}]
    return b"".join(event(row, str(row["type"])) for row in rows)


STREAMS = {
    "/odd/v1/chat/completions": (chat, ("content", "reasoning_content", "refusal", "arguments")),
    "/odd/v1/completions": (completions, ("text",)),
    "/odd/v1/responses": (responses, ("output_text", "reasoning_summary_text", "function_call_arguments")),
    "/other/v1/messages": (messages, ("text", "thinking", "input")),
}
PLACES = [(path, place) for path, (_, places) in STREAMS.items() for place in places]


def told(text: str) -> str:
    """Everything that the events of a stream say, in one piece: the values of all their strings."""
    said: list[str] = []

    def look(value: object) -> None:
        if isinstance(value, str):
            said.append(value)
        elif isinstance(value, dict | list):
            for one in value.values() if isinstance(value, dict) else value:
                look(one)

    wanted = ("delta", "text", "content", "arguments", "thinking", "partial_json", "reasoning_content", "refusal")
    for line in text.splitlines():
        if line.startswith("data: {"):
            tree = json.loads(line[6:])
            for choice in tree.get("choices", [{}]):
                if choice.get("index", 1) == 1 or "text" in choice:
                    delta = choice.get("delta") or tree.get("delta") or {"text": choice.get("text", "")}
                    look(
                        {k: v for k, v in delta.items() if k in (*wanted, "tool_calls")}
                        if isinstance(delta, dict)
                        else delta
                    )
    return "".join(said)


@pytest.mark.parametrize("size", [1, 7])
@pytest.mark.parametrize(("path", "place"), PLACES)
async def test_it_never_comes_back(gate: Gate, scripted: Scripted, path: str, place: str, size: int) -> None:
    said = (
        f'{{"a": {json.dumps(f"hu {CREDENTIAL} hunter/")}}}'
        if place in {"arguments", "input", "function_call_arguments"}
        else f"hu {CREDENTIAL} hunter/"
    )
    pieces = [said[at : at + size] for at in range(0, len(said), size)]
    body = STREAMS[path][0](pieces, place)
    scripted.answers = [(HEAD % len(body), body)]
    asked = {"model": "odd", "messages": [], "stream": True, "max_tokens": 9, "input": "x", "prompt": "x"}
    async with asyncio.timeout(10), gate.request(path, asked) as response:
        text = (await response.read()).decode()
    seen = told(text)
    assert "[REDACTED:CREDENTIAL]" in seen, text
    assert CREDENTIAL not in seen
    assert CREDENTIAL not in seen.replace("\\", "")
    assert "hunter/" in seen.replace("[REDACTED:CREDENTIAL]", "")
