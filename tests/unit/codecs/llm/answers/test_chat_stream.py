import json

import pytest

from passgate.codecs.llm.answer import Summary, Usage
from passgate.codecs.llm.answers.reader import answer_reader
from passgate.codecs.llm.answers.streamed_text import MAX_INTERRUPTIONS
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field
from tests.unit.codecs.llm.answers.lanes import Lanes
from tests.unit.codecs.llm.answers.streams import (
    BY_NAME,
    CHAT,
    DONE,
    argument_call,
    bytewise,
    chat,
    chat_said,
    chunk,
    data_event,
    read,
    trees,
)

LEGACY = BY_NAME["openai.completions"]


@pytest.mark.parametrize(
    ("delta", "field", "context"),
    [
        ({"content": "swordfish"}, Field.ASSISTANT, b""),
        ({"content": [{"type": "text", "text": "swordfish"}]}, Field.ASSISTANT, b""),
        ({"refusal": "swordfish"}, Field.ASSISTANT, b""),
        ({"reasoning_content": "swordfish"}, Field.REASONING, b""),
        ({"reasoning": "swordfish"}, Field.REASONING, b""),
        ({"thinking": "swordfish"}, Field.REASONING, b""),
        ({"reasoning_details": [{"type": "reasoning.text", "text": "swordfish"}]}, Field.REASONING, b"text"),
        ({"audio": {"id": "audio_1", "transcript": "swordfish"}}, Field.ASSISTANT, b""),
        ({"function_call": {"name": "f", "arguments": '"swordfish"'}}, Field.TOOL_ARGUMENTS, b""),
        (
            {"tool_calls": [{"index": 0, "type": "custom", "custom": {"name": "f", "input": "swordfish"}}]},
            Field.TOOL_ARGUMENTS,
            b"",
        ),
        (argument_call('"swordfish"', name="f"), Field.TOOL_ARGUMENTS, b""),
        ({"brand_new": "swordfish"}, Field.METADATA, b"brand_new"),
        ({"brand_new": {"deep": ["swordfish"]}}, Field.METADATA, b"brand_new.deep"),
    ],
)
def test_every_text_of_a_delta_has_a_lane(delta, field, context):
    lanes = Lanes()
    stream = chat(delta)
    delivered, recorded = bytewise(CHAT, stream, lanes)
    assert delivered == recorded == stream.replace(b"swordfish", b"<MASKED>")
    assert {(lane.field, lane.context) for lane in lanes.opened if b"swordfish" in lane.fed} == {(field, context)}


@pytest.mark.parametrize("name", ["content", "refusal", "reasoning_content", "reasoning", "brand_new"])
def test_a_text_that_is_cut_is_followed(name):
    stream = chat({name: "a sword"}, {name: "fish"})
    assert chat_said(read(CHAT, stream, Lanes())[0])[0, name] == "a <MASKED>"


def test_details_of_reasoning_are_followed_by_their_index():
    def detail(text: str) -> dict:
        return {"reasoning_details": [{"type": "reasoning.text", "index": 1, "text": text}]}

    delivered, _ = read(CHAT, chat(detail("a sword"), detail("fish")), Lanes())
    texts = [tree["choices"][0]["delta"].get("reasoning_details") for tree in trees(delivered)[:2]]
    assert "".join(detail["text"] for [detail] in texts) == "a <MASKED>"


def test_calls_are_told_apart_by_their_index_not_by_their_place():
    stream = chat(
        argument_call('{"a":"sword', index=0),
        argument_call('{"a":"x', index=1),
        argument_call('fish"}', index=0),
        argument_call('"}', index=1),
    )
    said = chat_said(read(CHAT, stream, Lanes())[0])
    assert said == {(0, "call", 0): '{"a":"<MASKED>"}', (0, "call", 1): '{"a":"x"}'}


def test_choices_are_told_apart():
    stream = (
        chunk({"content": "sword"})
        + chunk({"content": "sword"}, index=1)
        + chunk({"content": "fish"}, index=1)
        + chunk({"content": "play"})
        + chunk({}, finish="stop")
        + chunk({}, index=1, finish="stop")
        + DONE
    )
    assert chat_said(bytewise(CHAT, stream, Lanes())[0]) == {(0, "content"): "swordplay", (1, "content"): "<MASKED>"}


def test_the_end_of_a_choice_ends_its_own_texts_only():
    reader = answer_reader(CHAT, stream=True, lanes=Lanes())
    waiting = chunk({"content": "sw"}) + chunk({"content": "sw"}, index=1)
    assert reader.feed(waiting).delivered == b""
    ended = chunk({}, finish="stop")
    assert reader.feed(ended).delivered == chunk({"content": "sw"})
    assert reader.held == 2


def test_text_in_the_event_that_ends_it_belongs_to_it():
    stream = chunk({"content": "a sword"}) + chunk({"content": "fish"}, finish="stop") + DONE
    assert chat_said(read(CHAT, stream, Lanes())[0])[0, "content"] == "a <MASKED>"


@pytest.mark.parametrize("texts", [["Hel", "lo wor", "ld"], ["a s", "ee", " sw", "im"] * 9, ["", "a", ""]])
def test_text_may_go_on_behind_a_reason_to_finish(texts):
    """Some servers say one in every chunk: nobody can tell which is the last before the stream ends."""
    stream = b"".join(chunk({"content": text}, finish="stop") for text in texts) + DONE
    assert read(CHAT, stream, Lanes()) == (stream, stream)
    late = chat({"content": "a"}).replace(DONE, chunk({"content": "b"}) + DONE)
    assert read(CHAT, late, Lanes()) == (late, late)


def test_what_a_reason_to_finish_cuts_in_two_is_not_shown():
    reader = answer_reader(CHAT, stream=True, lanes=Lanes())
    reader.feed(chunk({"content": "a sword"}, finish="stop"))
    with pytest.raises(RemoteProtocolError, match="interrupted"):
        reader.feed(chunk({"content": "fish"}, finish="stop"))


def test_text_that_goes_on_again_and_again_waits_like_any_other():
    often = [chunk({"content": "a sw"}, finish="stop")] * (MAX_INTERRUPTIONS + 1)
    stream = b"".join((*often, chunk({"content": "ordfish"}, finish="stop"), DONE))
    assert chat_said(read(CHAT, stream, Lanes())[0])[0, "content"] == "a sw" * MAX_INTERRUPTIONS + "a <MASKED>"


@pytest.mark.parametrize("numbers", [(None, None), (0, 0)])
@pytest.mark.parametrize("ids", [("x", "y"), ("", "")])
def test_calls_that_are_not_counted_are_calls_of_their_own(numbers, ids):
    """Some servers count no call, some give all the same number: what is masked or restored in the second is JSON as well."""
    stream = b""
    for number, id_ in zip(numbers, ids, strict=True):
        counted = {} if number is None else {"index": number}
        function = {"name": "f", "arguments": '{"to": "<<EMAIL:abc>>"}'}
        stream += chunk({"tool_calls": [{**counted, "id": id_, "type": "function", "function": function}]})
    delivered, recorded = read(CHAT, stream + chunk({}, finish="tool_calls") + DONE, Lanes())
    calls = [tree["choices"][0]["delta"].get("tool_calls") for tree in trees(delivered)]
    assert [json.loads(one[0]["function"]["arguments"]) for one in calls if one] == [{"to": 'jo "\n"@x.io'}] * 2
    assert recorded.count(b"<<EMAIL:abc>>") == 2


def test_an_id_for_each_piece_of_a_call_makes_it_no_other():
    pieces = [
        {"index": 0, "id": f"c{n}", "function": {"arguments": text}}
        for n, text in enumerate(['{"a": "sword', 'fish"}'])
    ]
    pieces[0]["function"]["name"] = "f"
    stream = b"".join(chunk({"tool_calls": [piece]}) for piece in pieces) + chunk({}, finish="tool_calls") + DONE
    assert b"fish" not in read(CHAT, stream, Lanes())[0]


def test_arguments_end_with_the_reason_to_finish():
    reader = answer_reader(CHAT, stream=True, lanes=Lanes())
    reader.feed(chunk(argument_call('{"a": "sword', name="f")) + chunk({}, finish="tool_calls"))
    with pytest.raises(RemoteProtocolError, match="goes on"):
        reader.feed(chunk(argument_call('fish"}')))


def test_the_end_of_the_stream_is_always_said():
    stream = chat({"content": "a"})
    assert read(CHAT, stream.removesuffix(DONE), Lanes())[0] == stream


def test_an_end_without_its_blank_line_is_an_end():
    stream = chat({"content": "a"})[:-2]
    assert read(CHAT, stream, Lanes())[0] == stream


@pytest.mark.parametrize("end", ["", "\n", "\r\n", "\r"])
def test_what_follows_an_end_without_its_blank_line_is_an_event_of_its_own(end):
    """``[DONE]`` behind it, or a text's tail, would be taken for the rest of its line."""
    for last in ({"content": "a sw"}, {"content": "a"}):
        stream = chunk(last) + chunk({}, finish="stop").rstrip(b"\n") + end.encode()
        shown = read(CHAT, stream, Lanes())[0]
        events = shown.replace(b"\r\n", b"\n").replace(b"\r", b"\n").strip(b"\n").split(b"\n\n")
        assert events[-1].strip() == b"data: [DONE]"
        for one in events[:-1]:
            json.loads(one.strip().removeprefix(b"data: "))


def test_done_ends_every_choice_and_shows_what_waits():
    stream = chunk({"content": "a sw"}) + DONE
    assert bytewise(CHAT, stream, Lanes())[0] == stream


def test_a_stream_without_an_end_is_no_answer():
    reader = answer_reader(CHAT, stream=True, lanes=Lanes())
    reader.feed(chunk({"content": "a"}) + chunk({"content": "b"}, index=1) + chunk({}, finish="stop"))
    with pytest.raises(RemoteProtocolError, match="in the middle of its answer"):
        reader.finish()


def test_an_error_of_the_upstream_is_an_end():
    stream = chunk({"content": "a sw"}) + data_event({"error": {"message": "out of swordfish", "code": 500}})
    assert bytewise(CHAT, stream, Lanes())[0] == stream.replace(b"swordfish", b"<MASKED>")


def test_usage_models_reasons_and_tools_are_known_at_the_end():
    reader = answer_reader(CHAT, stream=True, lanes=Lanes())
    reader.feed(chat({"content": ""}, argument_call("", name="look_up"), argument_call("{}"), finish="tool_calls"))
    reader.finish()
    assert reader.summary == Summary(
        usage=Usage(input_tokens=7, output_tokens=3, cached_tokens=2),
        model="gpt-test",
        finish="tool_calls",
        answer_id="chatcmpl-1",
        tools=("look_up",),
    )


def test_the_name_of_an_old_function_call_is_a_tool():
    reader = answer_reader(CHAT, stream=True, lanes=Lanes())
    reader.feed(chat({"function_call": {"name": "look_up", "arguments": ""}}, finish="function_call"))
    assert reader.summary.tools == ("look_up",)


@pytest.mark.parametrize(
    "delta", [argument_call("", name="swordfish"), {"function_call": {"name": "swordfish", "arguments": ""}}]
)
def test_the_name_of_what_is_called_is_looked_at_by_itself(delta):
    reader = answer_reader(CHAT, stream=True, lanes=Lanes())
    assert reader.feed(chunk(delta)).delivered == chunk(delta).replace(b"swordfish", b"<MASKED>")


def test_choices_that_end_together_all_end():
    reader = answer_reader(CHAT, stream=True, lanes=Lanes())
    waiting = chunk({"content": "a sw"}) + chunk({"content": "b sw"}, index=1)
    ends = [{"index": index, "delta": {}, "finish_reason": "stop"} for index in (0, 1)]
    both = data_event({"id": "chatcmpl-1", "choices": ends})
    assert reader.feed(waiting).delivered == b""
    assert reader.feed(both).delivered == waiting + both
    assert reader.held == 0


def test_an_end_of_the_same_length_as_no_end_is_an_end():
    assert len(chunk({"content": "b"}, finish="no")) == len(chunk({"content": "b"}))
    reader = answer_reader(CHAT, stream=True, lanes=Lanes())
    reader.feed(chunk({"content": "a"}) + chunk({"content": "b"}, finish="no"))
    assert reader.summary.finish == "no"
    assert reader.finish().delivered == DONE


def test_a_choice_that_ends_twice_has_ended():
    stream = chunk({"content": "a"}) + chunk({}, finish="stop") + chunk({}) + chunk({}, finish="stop") + DONE
    assert read(CHAT, stream, Lanes())[0] == stream


def test_tokens_are_removed_from_where_something_was_masked():
    def tokens(*texts: str) -> dict:
        return {
            "content": [
                {"token": text, "logprob": -1.5, "bytes": [*text.encode()], "top_logprobs": []} for text in texts
            ]
        }

    def said(text: str) -> bytes:
        choice = {"index": 0, "delta": {"content": text}, "logprobs": tokens(text), "finish_reason": None}
        return chunk(None).replace(
            b'"choices":[]', b'"choices":' + json.dumps([choice], separators=(",", ":")).encode()
        )

    stream = said("clean ") + said("sword") + said("fish") + said(" more") + chunk({}, finish="stop") + DONE
    delivered, recorded = bytewise(CHAT, stream, Lanes())
    for shown in (delivered, recorded):
        assert [tree["choices"][0]["logprobs"] for tree in trees(shown)[:4]] == [tokens("clean "), None, None, None]
    clean = said("sword") + said("play") + chunk({}, finish="stop") + DONE
    assert read(CHAT, clean, Lanes())[0] == clean


def test_older_completions():
    def said(text: str, finish: str | None = None) -> bytes:
        return data_event(
            {
                "id": "cmpl-1",
                "object": "text_completion",
                "choices": [{"index": 0, "text": text, "finish_reason": finish}],
            }
        )

    stream = said("a sword") + said("fish") + said("", "stop") + DONE
    assert chat_said(bytewise(LEGACY, stream, Lanes())[0]) == {(0, "text"): "a <MASKED>"}
    clean = said("a sword") + said("s") + said("", "stop") + DONE
    assert bytewise(LEGACY, clean, Lanes())[0] == clean


@pytest.mark.parametrize(
    "event",
    [
        b"data: [1]\n\n",
        b"data: {\n\n",
        b'data: {"a":1,"a":2}\n\n',
        b'data: {"a":"\\ud83d"}\n\n',
        b"data: \xff\n\n",
        b"data: [DONE] \xff\n\n",
        b'data: {"choices":[{"delta":{"content":"\xff"}}]}\n\n',
    ],
)
def test_what_is_no_chunk_breaks_the_protocol(event):
    reader = answer_reader(CHAT, stream=True, lanes=Lanes())
    with pytest.raises(RemoteProtocolError):
        reader.feed(event)


@pytest.mark.parametrize(
    "choices",
    [None, 3, [None], [3], [[]], [{"delta": None}], [{"delta": [1]}], [{"index": "x", "delta": {"content": 1}}]],
)
def test_odd_shapes_pass(choices):
    stream = data_event({"choices": choices}) + DONE
    assert read(CHAT, stream, Lanes())[0] == stream


def test_content_outside_of_deltas_is_masked_whole():
    stream = (
        data_event({"choices": [{"message": {"content": "swordfish"}, "other": "swordfish"}], "note": "swordfish"})
        + DONE
    )
    assert read(CHAT, stream, Lanes())[0] == stream.replace(b"swordfish", b"<MASKED>")


def test_spaces_in_the_json_stay():
    stream = b'data: {"choices": [ {"delta" : {"content":  "a swordfish"} , "finish_reason":"stop"} ] }\n\n' + DONE
    assert read(CHAT, stream, Lanes())[0] == stream.replace(b"swordfish", b"<MASKED>")


def test_json_over_several_lines_of_data_stays_so():
    stream = b'data: {"choices":\ndata: [{"delta":{"content":"swordfish"},\ndata: "finish_reason":"stop"}]}\n\n' + DONE
    assert read(CHAT, stream, Lanes())[0] == stream.replace(b"swordfish", b"<MASKED>")
