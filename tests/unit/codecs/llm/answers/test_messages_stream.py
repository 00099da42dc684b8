import base64
import hashlib

import pytest

from passgate.codecs.llm.answer import Summary, Usage
from passgate.codecs.llm.answers.event_stream import PATIENCE
from passgate.codecs.llm.answers.reader import answer_reader
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field
from tests.unit.codecs.llm.answers.lanes import Lanes
from tests.unit.codecs.llm.answers.streams import (
    DONE,
    MESSAGES,
    PING,
    START,
    block,
    bytewise,
    messages,
    messages_said,
    named_event,
    read,
    text_block,
    thinking_block,
    tool_block,
    trees,
)

SEALED = base64.b64encode(hashlib.sha512(b"signed").digest() * 2).decode()


@pytest.mark.parametrize(
    ("kind", "name", "field"),
    [
        ("text_delta", "text", Field.ASSISTANT),
        ("thinking_delta", "thinking", Field.REASONING),
        ("input_json_delta", "partial_json", Field.TOOL_ARGUMENTS),
        ("compaction_delta", "content", Field.REASONING),
        ("brand_new_delta", "note", Field.METADATA),
    ],
)
def test_every_kind_of_delta_is_followed(kind, name, field):
    lanes = Lanes()
    deltas = [{"type": kind, name: piece} for piece in ('"a sword', 'fish"')]
    delivered, recorded = bytewise(MESSAGES, messages(block(0, {"type": "x"}, *deltas)), lanes)
    assert delivered == recorded
    assert messages_said(delivered) == {(0, name): '"a <MASKED>"'}
    assert lanes.fields(b"a sword") == {field}


@pytest.mark.parametrize(
    "content",
    [
        {"type": "text", "text": "swordfish"},
        {
            "type": "text",
            "text": "",
            "citations": [{"type": "char_location", "cited_text": "swordfish", "document_title": "swordfish"}],
        },
        {"type": "thinking", "thinking": "swordfish", "signature": ""},
        {"type": "tool_use", "id": "t", "name": "f", "input": {"swordfish": ["swordfish"]}},
        {"type": "server_tool_use", "id": "t", "name": "web_search", "input": {"query": "swordfish"}},
        {"type": "mcp_tool_use", "id": "t", "name": "f", "server_name": "s", "input": {"a": "swordfish"}},
        {"type": "mcp_tool_result", "tool_use_id": "t", "content": [{"type": "text", "text": "swordfish"}]},
        {
            "type": "web_search_tool_result",
            "content": [{"type": "web_search_result", "title": "swordfish", "url": "swordfish"}],
        },
        {
            "type": "bash_code_execution_tool_result",
            "content": {"type": "x", "stdout": "swordfish", "stderr": "swordfish"},
        },
        {"type": "web_fetch_tool_result", "content": {"content": {"source": {"type": "text", "data": "swordfish"}}}},
        {"type": "compaction", "content": "swordfish"},
        {"type": "brand_new", "note": {"deep": "swordfish"}},
    ],
)
def test_what_a_block_begins_with_is_masked(content):
    stream = messages(block(0, content))
    delivered, recorded = bytewise(MESSAGES, stream, Lanes())
    assert delivered == recorded == stream.replace(b"swordfish", b"<MASKED>")


@pytest.mark.parametrize(
    "event",
    [
        {"type": "message_start", "message": {"content": [{"type": "text", "text": "swordfish"}]}},
        {"type": "message_delta", "delta": {"stop_reason": "stop_sequence", "stop_sequence": "swordfish"}},
        {
            "type": "content_block_delta",
            "index": 0,
            "delta": {"type": "citations_delta", "citation": {"cited_text": "swordfish"}},
        },
        {"type": "error", "error": {"type": "overloaded_error", "message": "swordfish"}},
        {"type": "brand_new", "note": "swordfish"},
        {"type": "ping", "note": "swordfish"},
    ],
)
def test_every_other_text_is_masked_whole(event):
    stream = named_event(event) + messages()
    assert bytewise(MESSAGES, stream, Lanes())[0] == stream.replace(b"swordfish", b"<MASKED>")


def test_a_citation_is_no_text_that_goes_on():
    lanes = Lanes()
    deltas = [{"type": "citations_delta", "citation": {"type": "x", "cited_text": text}} for text in ("sword", "fish")]
    stream = messages(block(0, {"type": "text", "text": ""}, *deltas))
    assert read(MESSAGES, stream, lanes)[0] == stream
    assert lanes.fields(b"sword") == {Field.TOOL_RESULT}


@pytest.mark.parametrize(
    "content",
    [
        {"type": "redacted_thinking", "data": SEALED},
        {"type": "thinking", "thinking": "", "signature": SEALED},
        {"type": "web_search_tool_result", "content": [{"encrypted_content": SEALED}]},
    ],
)
def test_what_is_sealed_is_not_looked_at(content):
    lanes = Lanes()
    stream = messages(block(0, content))
    assert read(MESSAGES, stream, lanes)[0] == stream
    assert [lane.fed for lane in lanes.opened if lane.fed in SEALED.encode() and len(lane.fed) > 20] == []


def test_what_a_block_begins_with_is_the_beginning_of_its_text():
    begun = block(0, {"type": "text", "text": "a sword"}, {"type": "text_delta", "text": "fish"})
    assert messages_said(read(MESSAGES, messages(begun), Lanes())[0]) == {(0, "text"): "a <MASKED>"}


def test_the_tail_of_a_block_leaves_before_its_end():
    stream = messages(text_block(0, "a sw"), thinking_block(1, "b sw"), tool_block(2, '{"c": "sw'))
    delivered, _ = bytewise(MESSAGES, stream, Lanes())
    assert delivered == stream


def test_the_rest_of_a_block_that_could_not_wait_leaves_before_its_end():
    """Blocks that overlap, as no provider sends them today."""
    start, delta, stop = text_block(0, "a sw")
    kinds = {
        "text": text_block(1, "b sw"),
        "thinking": block(1, {"type": "thinking"}, {"type": "thinking_delta", "thinking": "b sw"}),
        "partial_json": tool_block(1, '{"b": "sw'),
        "note": block(1, {"type": "x"}, {"type": "brand_new_delta", "note": "b sw"}),
    }
    for name, (other_start, other_delta, other_stop) in kinds.items():
        many = [{"type": "content_block_delta", "index": 2, "delta": {"type": "text_delta", "text": "c"}}] * PATIENCE
        stream = messages([start, other_start, other_delta, delta, *many, other_stop, stop])
        delivered, _ = read(MESSAGES, stream, Lanes())
        assert bytewise(MESSAGES, stream, Lanes())[0] == delivered
        events = trees(delivered)
        at = events.index(other_stop)
        assert events[at - 1]["index"] == 1
        assert events[at - 1]["delta"] == {"type": other_delta["delta"]["type"], name: "sw"}
        assert messages_said(delivered) == messages_said(stream)
        assert delivered.count(b"event: ") == len(events)


def test_a_ping_keeps_its_place():
    reader = answer_reader(MESSAGES, stream=True, lanes=Lanes())
    start, delta, stop = (named_event(event) for event in text_block(0, "sw"))
    ping = named_event(PING)
    assert reader.feed(named_event(START) + ping + start).delivered == named_event(START) + ping + start
    assert reader.feed(delta + ping).delivered == b""
    assert reader.feed(stop).delivered == delta + ping + stop


def test_text_after_its_end_breaks_the_protocol():
    start, delta, stop = text_block(0, "sword")
    reader = answer_reader(MESSAGES, stream=True, lanes=Lanes())
    with pytest.raises(RemoteProtocolError, match="goes on"):
        reader.feed(b"".join(named_event(event) for event in (start, delta, stop, delta)))


def test_a_new_block_at_an_old_place_begins_anew():
    stream = messages(text_block(0, "sword"), text_block(0, "sword"))
    assert read(MESSAGES, stream, Lanes())[0] == stream


def test_an_error_is_an_end_and_shows_what_waits():
    start, delta, _ = text_block(0, "a sw")
    failed = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    stream = b"".join(named_event(event) for event in (START, start, delta, failed))
    assert bytewise(MESSAGES, stream, Lanes())[0] == stream


def test_an_error_without_a_type_is_one():
    stream = b'event: error\ndata: {"error":{"message":"swordfish"}}\n\n'
    assert read(MESSAGES, stream, Lanes())[0] == stream.replace(b"swordfish", b"<MASKED>")


def test_usage_models_reasons_and_tools_are_known_at_the_end():
    reader = answer_reader(MESSAGES, stream=True, lanes=Lanes())
    searched = {"type": "server_tool_use", "id": "t", "name": "web_search", "input": {}}
    reader.feed(messages(text_block(0, "a"), tool_block(1, "{}"), block(2, searched)))
    reader.finish()
    assert reader.summary == Summary(
        usage=Usage(input_tokens=17, output_tokens=42, cached_tokens=5),
        model="claude-test",
        finish="end_turn",
        answer_id="msg_1",
        tools=("look_up", "web_search"),
    )


def test_the_end_that_chats_have_is_an_end_here_too():
    """Servers that speak several dialects end all their streams alike, and some leave their own end out."""
    stream = messages(text_block(0, "a", " sw"))
    assert read(MESSAGES, stream + DONE, Lanes()) == (stream + DONE, stream + DONE)
    unsaid = stream[: stream.rindex(b"event: message_stop")] + DONE
    assert read(MESSAGES, unsaid, Lanes()) == (unsaid, unsaid)


def test_what_is_no_event_breaks_the_protocol():
    with pytest.raises(RemoteProtocolError, match="not an object"):
        answer_reader(MESSAGES, stream=True, lanes=Lanes()).feed(b"data: [1]\n\n")
