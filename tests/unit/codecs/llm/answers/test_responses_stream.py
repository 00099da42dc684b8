import re

import pytest

from passgate.codecs.llm.answer import Summary, Usage
from passgate.codecs.llm.answers.event_stream import PATIENCE
from passgate.codecs.llm.answers.reader import answer_reader
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field
from tests.unit.codecs.llm.answers.lanes import Lanes
from tests.unit.codecs.llm.answers.streams import (
    BY_NAME,
    DONE,
    RESPONSES,
    Numbered,
    bytewise,
    named_event,
    read,
    response_tree,
    responses,
    responses_said,
    trees,
)

AT = {"item_id": "x_1", "output_index": 0}


def ended(stream: Numbered) -> bytes:
    stream.add("response.completed", response=response_tree("completed"))
    return stream.data


@pytest.mark.parametrize(
    ("kind", "members", "field"),
    [
        ("response.output_text", {"content_index": 0}, Field.ASSISTANT),
        ("response.refusal", {"content_index": 0}, Field.ASSISTANT),
        ("response.reasoning_text", {"content_index": 0}, Field.REASONING),
        ("response.reasoning_summary_text", {"summary_index": 0}, Field.REASONING),
        ("response.function_call_arguments", {}, Field.TOOL_ARGUMENTS),
        ("response.mcp_call_arguments", {}, Field.TOOL_ARGUMENTS),
        ("response.custom_tool_call_input", {}, Field.TOOL_ARGUMENTS),
        ("response.code_interpreter_call_code", {}, Field.TOOL_ARGUMENTS),
        ("response.audio.transcript", {}, Field.ASSISTANT),
        ("response.brand_new", {}, Field.METADATA),
    ],
)
def test_every_kind_of_delta_is_followed(kind, members, field):
    lanes = Lanes()
    stream = Numbered()
    for piece in ('"a sword', 'fish"'):
        stream.add(f"{kind}.delta", **AT, **members, delta=piece)
    delivered, recorded = bytewise(RESPONSES, ended(stream), lanes)
    assert delivered == recorded
    assert list(responses_said(delivered).values()) == ['"a <MASKED>"']
    assert lanes.fields(b"a sword") == {field}


@pytest.mark.parametrize(
    "copy",
    [
        {"type": "response.output_text.done", **AT, "content_index": 0, "text": "swordfish", "logprobs": []},
        {"type": "response.refusal.done", **AT, "content_index": 0, "refusal": "swordfish"},
        {"type": "response.reasoning_text.done", **AT, "content_index": 0, "text": "swordfish"},
        {"type": "response.reasoning_summary_text.done", **AT, "summary_index": 0, "text": "swordfish"},
        {"type": "response.reasoning_summary_part.done", **AT, "part": {"type": "summary_text", "text": "swordfish"}},
        {"type": "response.content_part.added", **AT, "part": {"type": "output_text", "text": "swordfish"}},
        {"type": "response.content_part.done", **AT, "part": {"type": "refusal", "refusal": "swordfish"}},
        {"type": "response.function_call_arguments.done", **AT, "arguments": '{"a": "swordfish"}'},
        {"type": "response.mcp_call_arguments.done", **AT, "arguments": '{"a": "swordfish"}'},
        {"type": "response.custom_tool_call_input.done", **AT, "input": "swordfish"},
        {"type": "response.code_interpreter_call_code.done", **AT, "code": "print(swordfish)"},
        {
            "type": "response.output_text.annotation.added",
            **AT,
            "annotation": {"type": "url_citation", "url": "swordfish"},
        },
        {"type": "response.brand_new", "deep": {"note": ["swordfish"]}},
        *(
            {"type": f"response.output_item.{moment}", "output_index": 0, "item": {"id": "x_1", **item}}
            for moment in ("added", "done")
            for item in (
                {"type": "message", "content": [{"type": "output_text", "text": "swordfish"}]},
                {"type": "message", "content": [{"type": "refusal", "refusal": "swordfish"}]},
                {
                    "type": "message",
                    "content": [{"type": "output_text", "text": "", "annotations": [{"title": "swordfish"}]}],
                },
                {"type": "reasoning", "summary": [{"type": "summary_text", "text": "swordfish"}]},
                {"type": "reasoning", "content": [{"type": "reasoning_text", "text": "swordfish"}]},
                {"type": "function_call", "name": "f", "arguments": '{"a": "swordfish"}'},
                {"type": "custom_tool_call", "name": "f", "input": "swordfish"},
                {
                    "type": "mcp_call",
                    "name": "f",
                    "arguments": '{"a": "swordfish"}',
                    "output": "swordfish",
                    "error": "swordfish",
                },
                {"type": "mcp_list_tools", "tools": [{"name": "f", "description": "swordfish"}]},
                {"type": "mcp_approval_request", "arguments": '["swordfish"]'},
                {
                    "type": "code_interpreter_call",
                    "code": "swordfish",
                    "outputs": [{"type": "logs", "logs": "swordfish"}],
                },
                {"type": "web_search_call", "action": {"type": "search", "query": "swordfish"}},
                {
                    "type": "file_search_call",
                    "queries": ["swordfish"],
                    "results": [{"filename": "swordfish", "text": "swordfish"}],
                },
                {"type": "computer_call", "action": {"type": "type", "text": "swordfish"}},
                {"type": "local_shell_call", "action": {"command": ["echo", "swordfish"], "env": {"swordfish": "1"}}},
                {"type": "shell_call_output", "output": [{"stdout": "swordfish", "outcome": {"type": "exit"}}]},
                {"type": "apply_patch_call", "operation": {"type": "update_file", "diff": "+swordfish"}},
                {"type": "image_generation_call", "result": "swordfish", "revised_prompt": "swordfish"},
                {"type": "brand_new", "note": "swordfish"},
            )
        ),
        *(
            {"type": f"response.{moment}", "response": response_tree(moment, **members)}
            for moment in ("created", "in_progress", "completed", "incomplete", "failed")
            for members in (
                {"output": [{"type": "message", "content": [{"type": "output_text", "text": "swordfish"}]}]},
                {"output_text": "swordfish"},
                {"instructions": "swordfish"},
                {"instructions": [{"type": "message", "role": "developer", "content": "swordfish"}]},
                {"error": {"code": "server_error", "message": "swordfish"}},
                {"metadata": {"note": "swordfish"}},
                {
                    "tools": [
                        {"type": "function", "name": "f", "description": "swordfish", "parameters": {"swordfish": {}}}
                    ]
                },
                {"text": {"format": {"type": "json_schema", "schema": {"description": "swordfish"}}}},
                {"user": "swordfish", "prompt": {"variables": {"a": "swordfish"}}},
            )
        ),
        {"type": "error", "code": "x", "message": "swordfish", "param": "swordfish"},
    ],
)
def test_every_copy_of_a_text_is_masked(copy):
    stream = named_event({**copy, "sequence_number": 0}) + named_event(
        {"type": "error", "message": "", "sequence_number": 1}
    )
    delivered, recorded = bytewise(RESPONSES, stream, Lanes())
    assert delivered == recorded == stream.replace(b"swordfish", b"<MASKED>")


def test_masked_whole_or_in_pieces_it_reads_the_same():
    delivered, recorded = read(RESPONSES, responses(text=["my sw", "ordfi", "sh <<EMA", "IL:abc>>"]), Lanes())
    for shown, said in ((delivered, 'my <MASKED> jo "\n"@x.io'), (recorded, "my <MASKED> <<EMAIL:abc>>")):
        by_kind = {tree["type"]: tree for tree in trees(shown)}
        assert by_kind["response.output_text.done"]["text"] == said
        assert by_kind["response.content_part.done"]["part"]["text"] == said
        assert by_kind["response.output_item.done"]["item"]["content"][0]["text"] == said
        assert by_kind["response.completed"]["response"]["output"][0]["content"][0]["text"] == said
        assert list(responses_said(shown).values()) == [said]


def test_a_repeated_text_is_masked_once():
    lanes = Lanes()
    read(RESPONSES, responses(text=["a swordfish"]), lanes)
    assert sum(lane.fed == b"a swordfish" for lane in lanes.opened) == 2  # as a stream, as a whole


def test_ids_and_sealed_thoughts_stay():
    delivered, _ = read(RESPONSES, responses(thought=["swordfish"]), Lanes())
    item = trees(delivered)[-2]["item"]
    assert (item["id"], item["encrypted_content"][:8]) == ("rs_1", "gAAAAABo")


def interleaved() -> Numbered:
    """A text whose tail waits while another item goes on for long."""
    stream = Numbered()
    stream.add("response.output_text.delta", **AT, content_index=0, delta="a sw", obfuscation="zZ", logprobs=[])
    for _ in range(PATIENCE):
        stream.add("response.function_call_arguments.delta", item_id="fc_1", output_index=1, delta='"x"')
    return stream


def test_numbers_stay_gap_free_where_an_event_was_added():
    stream = interleaved()
    stream.add("response.output_text.done", **AT, content_index=0, text="a sw", logprobs=[])
    upstream = ended(stream)
    delivered, recorded = read(RESPONSES, upstream, Lanes())
    assert bytewise(RESPONSES, upstream, Lanes()) == (delivered, recorded) == (delivered, delivered)
    events = trees(delivered)
    assert [tree["sequence_number"] for tree in events] == list(range(len(trees(upstream)) + 1))
    assert events[0]["delta"] == "a "
    assert events[PATIENCE + 1] == {
        "type": "response.output_text.delta",
        "sequence_number": PATIENCE + 1,
        **AT,
        "content_index": 0,
        "delta": "sw",
    }
    assert events[PATIENCE + 2]["type"] == "response.output_text.done"
    assert delivered.count(b"event: response.output_text.delta\n") == 2


def test_an_event_that_was_added_has_a_number_only_where_the_others_have():
    stream = interleaved()
    stream.add("response.output_text.done", **AT, content_index=0, text="a sw", logprobs=[])
    numbered = ended(stream)
    bare = re.sub(rb'"sequence_number":\d+,', b"", numbered)
    delivered = re.sub(rb'"sequence_number":\d+,', b"", read(RESPONSES, numbered, Lanes())[0])
    assert read(RESPONSES, bare, Lanes())[0] == delivered


def test_the_end_of_an_item_ends_its_texts_only():
    reader = answer_reader(RESPONSES, stream=True, lanes=Lanes())
    stream = Numbered()
    for place in (0, 1):
        stream.add("response.output_text.delta", item_id="x", output_index=place, content_index=0, delta="sw")
    reader.feed(stream.data)
    assert reader.held == 4
    stream.add("response.output_item.done", output_index=1, item={"type": "message", "content": []})
    reader.feed(stream.events[-1])
    assert reader.held == 2


@pytest.mark.parametrize(
    "kind", ["response.content_part.done", "response.output_text.done", "response.output_item.done"]
)
def test_text_after_its_end_breaks_the_protocol(kind):
    stream = Numbered()
    stream.add("response.output_text.delta", **AT, content_index=0, delta="sword")
    stream.add(kind, **AT, content_index=0)
    stream.add("response.output_text.delta", **AT, content_index=0, delta="fish")
    with pytest.raises(RemoteProtocolError, match="goes on"):
        answer_reader(RESPONSES, stream=True, lanes=Lanes()).feed(stream.data)


def test_a_new_item_at_an_old_place_begins_anew():
    stream = Numbered()
    for _ in range(2):
        stream.add("response.output_item.added", output_index=0, item={"type": "message", "content": []})
        stream.add("response.output_text.delta", **AT, content_index=0, delta="sword")
        stream.add("response.output_item.done", output_index=0, item={"type": "message", "content": []})
    upstream = ended(stream)
    assert read(RESPONSES, upstream, Lanes())[0] == upstream


def test_what_is_known_at_the_end():
    reader = answer_reader(RESPONSES, stream=True, lanes=Lanes())
    reader.feed(responses(text=["a"], arguments=["{}"]))
    reader.finish()
    assert reader.summary == Summary(
        usage=Usage(input_tokens=5, output_tokens=9, cached_tokens=4),
        model="gpt-test",
        finish="completed",
        answer_id="resp_1",
        tools=("look_up",),
    )


def test_an_answer_that_is_cut_short_says_why():
    reader = answer_reader(RESPONSES, stream=True, lanes=Lanes())
    stream = Numbered()
    stream.add("response.created", response=response_tree("in_progress"))
    assert reader.feed(stream.data).delivered == stream.data
    assert reader.summary.finish == ""
    stream.add(
        "response.incomplete", response=response_tree("incomplete", incomplete_details={"reason": "max_output_tokens"})
    )
    reader.feed(stream.events[-1])
    assert reader.summary.finish == "max_output_tokens"


def test_pictures_and_sound_pass():
    stream = Numbered()
    stream.add(
        "response.image_generation_call.partial_image", **AT, partial_image_index=0, partial_image_b64="QUJD" * 40
    )
    stream.add("response.audio.delta", delta="QUJD" * 40)
    lanes = Lanes()
    upstream = ended(stream)
    assert read(RESPONSES, upstream, lanes)[0] == upstream
    assert lanes.fields(b"QUJDQUJD") == set()


def test_an_error_without_a_type_is_one():
    stream = b'data: {"error":{"message":"swordfish"}}\n\n'
    assert read(RESPONSES, stream, Lanes())[0] == stream.replace(b"swordfish", b"<MASKED>")


def test_a_resumed_stream_is_read_alike():
    stream = responses(text=["sword", "fish"])
    assert read(BY_NAME["openai.responses.read"], stream, Lanes()) == read(RESPONSES, stream, Lanes())


def test_the_end_that_chats_have_is_an_end_here_too():
    """Servers that speak several dialects end all their streams alike."""
    stream = responses(text=["a", " b"]) + DONE
    assert read(RESPONSES, stream, Lanes()) == (stream, stream)


def test_what_is_no_event_breaks_the_protocol():
    with pytest.raises(RemoteProtocolError, match="not an object"):
        answer_reader(RESPONSES, stream=True, lanes=Lanes()).feed(b"data: [1]\n\n")


def test_a_delta_of_a_new_shape_is_followed_below_its_names():
    stream = Numbered()
    for piece in ("a sword", "fish"):
        stream.add("response.brand_new.delta", **AT, delta={"deep": piece, "n": 1})
    delivered, _ = read(RESPONSES, ended(stream), Lanes())
    assert "".join(tree["delta"]["deep"] for tree in trees(delivered)[:2]) == "a <MASKED>"


def test_the_rest_of_a_delta_of_a_new_shape_has_its_shape():
    stream = Numbered()
    stream.add("response.brand_new.delta", **AT, delta={"deep": "sw"})
    for _ in range(PATIENCE):
        stream.add("response.output_text.delta", item_id="y", output_index=1, content_index=0, delta="b")
    delivered, _ = read(RESPONSES, ended(stream), Lanes())
    assert [tree["delta"] for tree in trees(delivered) if tree["type"] == "response.brand_new.delta"] == [
        {"deep": ""},
        {"deep": "sw"},
    ]
