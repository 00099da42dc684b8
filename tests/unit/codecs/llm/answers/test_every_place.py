"""A secret in the place of every string and every name of whole answers and of every event: nowhere does it come through."""

import json
from collections.abc import Iterator

import pytest

from passgate.codecs.llm.answers.reader import answer_reader, error_reader
from passgate.codecs.llm.operation import Operation
from passgate.core.errors import RemoteProtocolError
from tests.unit.codecs.llm.answers.lanes import SPACED, Lanes
from tests.unit.codecs.llm.answers.streams import (
    BY_NAME,
    CHAT,
    DONE,
    MESSAGES,
    RESPONSES,
    argument_call,
    chat,
    data_event,
    dumped,
    fed,
    messages,
    named_event,
    response_tree,
    responses,
    text_block,
    thinking_block,
    tool_block,
    trees,
)

_SAID = f"a {SPACED.decode()} b"

TOKENS = {"content": [{"token": "a", "logprob": -1, "bytes": [97], "top_logprobs": [{"token": "b", "bytes": [98]}]}]}
CALLED = {"id": "call_1", "type": "function", "function": {"name": "f", "arguments": '{"a": ["b", {"c": "d"}]}'}}
COMPLETION = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "gpt-test",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "x",
                "refusal": "y",
                "tool_calls": [CALLED],
                "audio": {"id": "a"},
            },
            "logprobs": TOKENS,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 1, "details": {"tier": "x"}},
}
RESPONSE = response_tree(
    "completed",
    [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "x"}],
            "encrypted_content": "x",
        },
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "content": [{"type": "output_text", "text": "x", "logprobs": [{"token": "x"}]}],
        },
        {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": '{"a": "b"}'},
        {"type": "mcp_call", "id": "mcp_1", "name": "f", "server_label": "s", "arguments": "{}", "output": "x"},
        {
            "type": "web_search_call",
            "id": "ws_1",
            "action": {"type": "search", "query": "x", "sources": [{"url": "x"}]},
        },
        {"type": "code_interpreter_call", "id": "ci_1", "code": "x", "outputs": [{"type": "logs", "logs": "x"}]},
        {"type": "image_generation_call", "id": "ig_1", "result": "x"},
    ],
    tools=[
        {
            "type": "function",
            "name": "f",
            "description": "x",
            "parameters": {"type": "object", "properties": {"a": {"type": "string"}}},
        }
    ],
    text={"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}}},
    reasoning={"effort": "low"},
    error={"code": "x", "message": "y"},
)
MESSAGE = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-test",
    "content": [
        {"type": "thinking", "thinking": "x", "signature": "y"},
        {
            "type": "text",
            "text": "x",
            "citations": [{"type": "char_location", "cited_text": "x", "document_title": "y"}],
        },
        {"type": "tool_use", "id": "t", "name": "f", "input": {"a": ["b", {"c": "d"}]}},
        {
            "type": "web_search_tool_result",
            "tool_use_id": "t",
            "content": [{"type": "web_search_result", "url": "x", "encrypted_content": "x"}],
        },
        {"type": "redacted_thinking", "data": "x"},
    ],
    "stop_reason": "end_turn",
    "stop_sequence": "x",
    "usage": {"input_tokens": 1, "service_tier": "standard"},
}


def planted(tree: object) -> Iterator[object]:
    """The tree with one of its strings or names said differently, for each of them."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            yield {(_SAID if one == name else one): member for one, member in tree.items()}
            for other in planted(value):
                yield {**tree, name: other}
    elif isinstance(tree, list):
        for index, value in enumerate(tree):
            for other in planted(value):
                yield [*tree[:index], other, *tree[index + 1 :]]
    elif isinstance(tree, str):
        yield _SAID
        if tree[:1] in ("{", "["):  # JSON in a string
            yield from (json.dumps(other) for other in planted(json.loads(tree)))


def shown(reader, data: bytes) -> bytes:
    try:
        return b"".join(fed(reader, [data]))
    except RemoteProtocolError:  # what it says makes it no answer
        return b""


@pytest.mark.parametrize(
    ("operation", "tree"),
    [
        (CHAT, COMPLETION),
        (RESPONSES, RESPONSE),
        (MESSAGES, MESSAGE),
        (BY_NAME["openai.models.list"], {"object": "list", "data": [{"id": "m", "object": "model", "owned_by": "x"}]}),
        (
            BY_NAME["openai.batches.read"],
            {"id": "b", "endpoint": "/v1/x", "metadata": {"a": "b"}, "errors": {"data": [{"code": "x"}]}},
        ),
        (BY_NAME["openai.embeddings"], {"data": [{"object": "embedding", "embedding": "QUJD"}], "model": "m"}),
        (BY_NAME["openai.moderations"], {"results": [{"categories": {"a": True}, "note": ["x"]}]}),
    ],
    ids=lambda value: value.name if isinstance(value, Operation) else "",
)
def test_whole_answers(operation, tree):
    for other in planted(tree):
        assert SPACED in dumped(other)
        body = shown(answer_reader(operation, stream=False, lanes=Lanes()), dumped(other))
        assert b"MASKED" in body or (b'"logprobs":null' not in dumped(tree) and b"logprobs" in body)
        assert SPACED not in body
        assert SPACED not in shown(error_reader(operation, lanes=Lanes()), dumped(other))


@pytest.mark.parametrize(
    ("name", "tree"),
    [
        (
            "openai.files.content",
            {"id": "r", "custom_id": "1", "response": {"status_code": 200, "request_id": "r", "body": COMPLETION}},
        ),
        ("openai.files.content", {"messages": [{"role": "user", "content": "x"}]}),
        ("anthropic.batches.results", {"custom_id": "1", "result": {"type": "succeeded", "message": MESSAGE}}),
    ],
)
def test_lines(name, tree):
    for other in planted(tree):
        assert SPACED not in shown(answer_reader(BY_NAME[name], stream=False, lanes=Lanes()), dumped(other) + b"\n")


CALL_DELTAS = [argument_call("", name="f"), argument_call('{"a": "b"}')]
STREAMS = [
    (CHAT, chat({"role": "assistant", "content": "x"}, {"reasoning_content": "y"}, *CALL_DELTAS), data_event, DONE),
    (RESPONSES, responses(text=["x"], thought=["y"], arguments=['{"a": "b"}']), named_event, b""),
    (MESSAGES, messages(text_block(0, "x"), thinking_block(1, "y"), tool_block(2, '{"a": "b"}')), named_event, b""),
]


@pytest.mark.parametrize(("operation", "stream", "written", "end"), STREAMS, ids=["chat", "responses", "messages"])
def test_events(operation, stream, written, end):
    events = trees(stream)
    for place, tree in enumerate(events):
        for other in planted(tree):
            if "type" in tree and "type" not in other:
                continue
            before = b"".join(written(event) for event in events[:place])
            after = b"".join(written(event) for event in events[place + 1 :])
            body = shown(answer_reader(operation, stream=True, lanes=Lanes()), before + written(other) + after + end)
            assert SPACED not in body
            if body:
                assert b"MASKED" in body
