"""Streams of every dialect, delta by delta, however they are cut."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.llm.recorded_said import Said
from passgate.codecs.llm.recorded_stream import RecordedStream
from tests.unit.codecs.llm.test_recorded_said import JSON


def events(*bodies: dict[str, Any], named: bool = False) -> bytes:
    return b"".join(
        (b"event: " + str(body["type"]).encode() + b"\n" if named else b"") + b"data: " + orjson.dumps(body) + b"\n\n"
        for body in bodies
    )


def chunk(**delta: object) -> dict[str, Any]:
    return {"object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": None}]}


CHAT = (
    events(
        chunk(role="assistant", content=""),
        chunk(reasoning_content="hm"),
        chunk(content="Hel"),
        chunk(content="lo"),
        chunk(tool_calls=[{"index": 0, "id": "c1", "function": {"name": "f", "arguments": ""}}]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": '{"a"'}}]),
        chunk(tool_calls=[{"index": 0, "function": {"arguments": ": 1}"}}]),
        {"choices": [], "usage": {"prompt_tokens": 1}},
    )
    + b"data: [DONE]\n\n"
)
MESSAGES = b": keepalive\n\n" + events(
    {"type": "message_start", "message": {"id": "m"}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking", "thinking": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "thinking_delta", "thinking": "hm"}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "signature_delta", "signature": "s"}},
    {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "Hel"}},
    {"type": "content_block_delta", "index": 1, "delta": {"type": "text_delta", "text": "lo"}},
    {"type": "content_block_stop", "index": 1},
    {"type": "content_block_start", "index": 2, "content_block": {"type": "tool_use", "id": "t", "name": "f", "input": {}}},
    {"type": "content_block_delta", "index": 2, "delta": {"type": "input_json_delta", "partial_json": '{"a": 1}'}},
    {"type": "message_delta", "delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}},
    {"type": "message_stop"},
    named=True,
)  # fmt: skip
RESPONSES = events(
    {"type": "response.created", "response": {"id": "r"}},
    {"type": "response.reasoning_summary_text.delta", "output_index": 0, "summary_index": 0, "delta": "hm"},
    {"type": "response.output_item.added", "output_index": 1, "item": {"type": "message"}},
    {"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": "Hel"},
    {"type": "response.output_text.delta", "output_index": 1, "content_index": 0, "delta": "lo"},
    {"type": "response.output_text.done", "output_index": 1, "content_index": 0, "text": "Hello"},
    {"type": "response.output_item.added", "output_index": 2, "item": {"type": "function_call", "name": "f"}},
    {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": '{"a":1}'},
    {"type": "response.completed", "response": {"output": []}},
    named=True,
)
SAID = [
    Said(role="assistant", kind="reasoning", text="hm"),
    Said(role="assistant", kind="text", text="Hello"),
    Said(role="assistant", kind="tool call", text='{"a":1}', name="f"),
]
DIALECTS = pytest.mark.parametrize("stream", [CHAT, MESSAGES, RESPONSES], ids=["chat", "messages", "responses"])


@DIALECTS
def test_what_was_said_is_the_same_in_every_dialect(stream: bytes) -> None:
    reader = RecordedStream()
    deltas = reader.feed(stream)
    assert reader.said() == SAID
    assert [delta.text for delta in deltas if delta.kind == "text"] == ["Hel", "lo"]
    assert {delta.name for delta in deltas if delta.kind == "tool call"} == {"f"}


@DIALECTS
def test_however_it_is_cut(stream: bytes) -> None:
    reader = RecordedStream()
    for place in range(len(stream)):
        reader.feed(stream[place : place + 1])
    assert reader.said() == SAID


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"error": {"message": "blocked", "code": "policy"}}, "policy: blocked"),
        ({"type": "error", "error": {"type": "permission_error", "message": "No."}}, "permission_error: No."),
        ({"type": "error", "code": "c", "message": "No."}, "error: c: No."),
        ({"type": "response.failed", "response": {"error": {"code": "c", "message": "No."}}}, "c: No."),
        ({"type": "response.failed"}, "failed"),
    ],
)
def test_errors_in_a_stream(body: dict[str, Any], text: str) -> None:
    reader = RecordedStream()
    (delta,) = reader.feed(events(body))
    assert (delta.kind, delta.text) == ("error", text)
    assert reader.said() == [Said(role="assistant", kind="error", text=text)]


def test_refusals_and_older_completions() -> None:
    reader = RecordedStream()
    reader.feed(events({"choices": [{"index": 0, "text": "On"}]}, {"choices": [{"index": 0, "text": "ce"}]}))
    reader.feed(events(chunk(refusal="no"), {"type": "response.refusal.delta", "output_index": 5, "delta": "never"}))
    assert [(said.kind, said.text) for said in reader.said()] == [
        ("text", "Once"),
        ("refusal", "no"),
        ("refusal", "never"),
    ]


def test_a_tool_call_without_arguments() -> None:
    reader = RecordedStream()
    reader.feed(events({"type": "content_block_start", "index": 0, "content_block": {"type": "tool_use", "name": "f"}}))
    assert reader.said() == [Said(role="assistant", kind="tool call", text="{}", name="f")]


@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["type", "choices", "delta", "item", "index", "error", "response", "content_block", "output_index"]),
            JSON
            | st.sampled_from(["content_block_start", "content_block_delta", "response.output_item.added", "response.x.delta"]),
        ),
        max_size=3,
    )
)  # fmt: skip
def test_no_event_is_too_odd_to_be_read(bodies: list[dict[str, Any]]) -> None:
    reader = RecordedStream()
    for delta in reader.feed(b"".join(b"data: " + orjson.dumps(body) + b"\n\n" for body in bodies)):
        assert isinstance(delta.text, str)
        assert isinstance(delta.name, str)
    reader.said()
