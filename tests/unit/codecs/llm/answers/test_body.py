import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passgate.codecs.llm.answer import Summary, Usage
from passgate.codecs.llm.answers import openai_table
from passgate.codecs.llm.answers.body import BodyReader
from passgate.codecs.llm.answers.reader import answer_reader, error_reader
from passgate.codecs.llm.answers.summaries import openai_summary
from passgate.codecs.llm.json_text import MAX_SCALARS
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field
from tests.unit.codecs.llm.answers.lanes import Lanes
from tests.unit.codecs.llm.answers.streams import BY_NAME, CHAT, MESSAGES, RESPONSES, dumped, fed, response_tree

EMBEDDINGS = BY_NAME["openai.embeddings"]


def masked(operation, tree: dict, lanes=None) -> bytes:
    delivered, recorded = fed(answer_reader(operation, stream=False, lanes=lanes or Lanes()), [dumped(tree)])
    assert delivered == recorded
    return delivered


def completion(**choice: object) -> dict:
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1763800000,
        "model": "gpt-test",
        "choices": [{"index": 0, "finish_reason": "stop", **choice}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    }


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"content": "swordfish"}, Field.ASSISTANT),
        ({"refusal": "swordfish"}, Field.ASSISTANT),
        ({"content": [{"type": "text", "text": "swordfish"}]}, Field.ASSISTANT),
        ({"reasoning_content": "swordfish"}, Field.REASONING),
        ({"reasoning_details": [{"text": "swordfish"}]}, Field.REASONING),
        ({"tool_calls": [{"function": {"name": "f", "arguments": '{"a": "swordfish"}'}}]}, Field.TOOL_ARGUMENTS),
        ({"tool_calls": [{"function": {"name": "f", "arguments": {"a": "swordfish"}}}]}, Field.TOOL_ARGUMENTS),
        ({"function_call": {"name": "f", "arguments": '["swordfish"]'}}, Field.TOOL_ARGUMENTS),
        ({"audio": {"transcript": "swordfish"}}, Field.ASSISTANT),
        ({"annotations": [{"url_citation": {"title": "swordfish"}}]}, Field.ASSISTANT),
        ({"swordfish": 1}, Field.METADATA),
        ({"brand_new": "swordfish"}, Field.METADATA),
    ],
)
def test_every_text_of_a_chat_message(message, field):
    lanes = Lanes()
    tree = completion(message=message)
    assert masked(CHAT, tree, lanes) == dumped(tree).replace(b"swordfish", b"<MASKED>")
    assert lanes.fields(b"swordfish") == {field}


@pytest.mark.parametrize(
    ("name", "tree"),
    [
        ("openai.completions", {"choices": [{"text": "swordfish"}]}),
        ("openai.responses", response_tree("completed", [{"type": "reasoning", "summary": [{"text": "swordfish"}]}])),
        ("openai.responses.compact", {"output": [{"type": "message", "role": "user", "content": "swordfish"}]}),
        (
            "openai.responses.input_items",
            {"data": [{"type": "message", "role": "user", "content": [{"text": "swordfish"}]}]},
        ),
        ("openai.responses.input_items", {"data": [{"type": "function_call_output", "output": "swordfish"}]}),
        ("openai.models.list", {"object": "list", "data": [{"id": "m", "owned_by": "swordfish"}]}),
        ("openai.moderations", {"results": [{"flagged": True, "note": "swordfish"}]}),
        ("openai.files.list", {"data": [{"id": "file-1", "filename": "swordfish.jsonl"}]}),
        ("openai.files.read", {"id": "file-1", "filename": "swordfish.jsonl", "status_details": "swordfish"}),
        (
            "openai.batches.read",
            {"errors": {"data": [{"message": "swordfish", "line": 1}]}, "metadata": {"swordfish": "swordfish"}},
        ),
        ("openai.batches.list", {"data": [{"metadata": {"note": "swordfish"}}]}),
        ("openai.chat", {"error": "swordfish"}),
        ("anthropic.messages", {"content": [{"type": "text", "text": "swordfish"}], "stop_sequence": "swordfish"}),
        ("anthropic.messages", {"content": [{"type": "tool_use", "input": {"a": ["swordfish"]}}]}),
        ("anthropic.messages", {"type": "error", "error": {"type": "x", "message": "swordfish"}}),
        ("anthropic.models.list", {"data": [{"id": "claude", "display_name": "swordfish"}]}),
        ("anthropic.batches.read", {"id": "msgbatch_1", "note": "swordfish"}),
    ],
)
def test_every_operation_has_its_texts(name, tree):
    assert masked(BY_NAME[name], tree) == dumped(tree).replace(b"swordfish", b"<MASKED>")


@pytest.mark.parametrize(
    ("name", "tree"),
    [
        ("openai.chat", completion(message={"role": "assistant", "content": None})),
        (
            "openai.models.list",
            {"object": "list", "data": [{"id": "gpt-test", "object": "model", "created": 1686935002}]},
        ),
        (
            "openai.moderations",
            {
                "results": [
                    {"flagged": False, "categories": {"hate/threatening": False}, "category_scores": {"a-b": 1e-9}}
                ]
            },
        ),
        ("anthropic.messages.count_tokens", {"input_tokens": 2095}),
        ("openai.files.delete", {"id": "file-1", "object": "file", "deleted": True}),
    ],
)
def test_what_holds_no_text_opens_no_lane(name, tree):
    lanes = Lanes()
    assert masked(BY_NAME[name], tree, lanes) == dumped(tree)
    assert lanes.opened == []


def test_a_body_in_which_nothing_was_found_is_the_object_that_came():
    body = dumped(completion(message={"content": "clean"}))
    reader = answer_reader(CHAT, stream=False, lanes=Lanes())
    assert reader.feed(body).delivered == b""
    assert reader.held == len(body)
    piece = reader.finish()
    assert piece.delivered is body
    assert piece.recorded is body
    assert reader.held == 0


@settings(deadline=None)
@given(st.lists(st.integers(0, 400), max_size=20))
def test_how_a_body_is_cut_does_not_show(cuts):
    body = dumped(completion(message={"content": "a swordfish <<EMAIL:abc>>"}))
    places = [0, *sorted(cuts), len(body)]
    pieces = [body[start:end] for start, end in pairwise(places)]
    whole = fed(answer_reader(CHAT, stream=False, lanes=Lanes()), [body])
    assert fed(answer_reader(CHAT, stream=False, lanes=Lanes()), pieces) == whole
    assert json.loads(whole[0])["choices"][0]["message"]["content"] == 'a <MASKED> jo "\n"@x.io'
    assert json.loads(whole[1])["choices"][0]["message"]["content"] == "a <MASKED> <<EMAIL:abc>>"


def test_what_else_might_have_been_said_is_more_than_any_request_says():
    """Twenty others for each token of a long answer are a million values: an answer has room for them."""
    others = [{"token": "a", "logprob": -0.25, "bytes": [97] * (MAX_SCALARS // 4)} for _ in range(5)]
    clean = completion(message={"content": "a"}, logprobs={"content": [{"token": "a", "top_logprobs": others}]})
    assert masked(CHAT, clean) == dumped(clean)


def test_tokens_are_removed_where_anything_was_masked():
    tokens = {"content": [{"token": "sword", "bytes": [115], "top_logprobs": [{"token": '"}]'}]}], "refusal": None}
    found = json.loads(masked(CHAT, completion(message={"content": "swordfish"}, logprobs=tokens)))
    assert found["choices"][0]["logprobs"] is None
    clean = completion(message={"content": "sword"}, logprobs=tokens)
    assert masked(CHAT, clean) == dumped(clean)
    part = {"type": "output_text", "text": "swordfish", "logprobs": [{"token": "sword"}]}
    tree = response_tree("completed", [{"type": "message", "content": [part]}])
    assert json.loads(masked(RESPONSES, tree))["output"][0]["content"][0]["logprobs"] == []


def test_vectors_are_not_looked_at_and_do_not_move_anything():
    numbers = [0.125 * place for place in range(500)]
    tree = {
        "data": [
            {"note": "swordfish", "embedding": numbers, "after": "swordfish"},
            {"embedding": numbers[:3], "object": "embedding"},
            {"embedding": "QUJDREVG" * 20},
            {"embedding": "not swordfish"},
            {"embedding": ["swordfish"]},
        ],
        "model": "m",
        "user": "swordfish",
    }
    lanes = Lanes()
    assert masked(EMBEDDINGS, tree, lanes) == dumped(tree).replace(b"swordfish", b"<MASKED>")
    assert all(lane.fed[:1].isalpha() for lane in lanes.opened)


def test_a_text_that_looks_like_a_vector_is_a_text():
    tree = completion(message={"content": '"embedding":[' + "4111," * 20 + "1] swordfish"})
    assert b"swordfish" not in masked(CHAT, tree)


def test_a_body_is_bounded():
    reader = BodyReader(openai_table.ANSWER, openai_summary, Lanes(), max_body=10)
    reader.feed(b"1234567890")
    with pytest.raises(RemoteProtocolError, match="longer than 10 bytes"):
        reader.feed(b"1")


def test_an_empty_body_passes():
    assert fed(answer_reader(CHAT, stream=False, lanes=Lanes()), []) == (b"", b"")
    assert fed(answer_reader(CHAT, stream=False, lanes=Lanes()), [b" \n"]) == (b" \n", b" \n")


@pytest.mark.parametrize("body", [b"{", b"<html>", b'{"a":1,"a":2}', b"\xff", b'{"a":NaN}'])
def test_what_is_not_json_is_no_answer(body):
    with pytest.raises(RemoteProtocolError):
        fed(answer_reader(CHAT, stream=False, lanes=Lanes()), [body])


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_hostile_bytes_break_the_protocol_and_nothing_else(body):
    for reader in (answer_reader(MESSAGES, stream=False, lanes=Lanes()), error_reader(MESSAGES, lanes=Lanes())):
        try:
            delivered, _ = fed(reader, [body])
        except RemoteProtocolError:
            continue
        assert delivered == body or b"swordfish" in body


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":{"message":"your key swordfish is wrong","type":"auth"}}',
        b'{"type":"error","error":{"type":"x","message":"swordfish"},"request_id":"req_1"}',
        b"<html><body>swordfish</body></html>",
        b"swordfish",
        b'{"a":"swordfish","a":2}',
        b'{"detail": swordfish',
    ],
)
def test_what_an_upstream_says_about_a_failure_is_masked_whatever_it_is(body):
    for operation in (CHAT, MESSAGES, BY_NAME["openai.files.content"]):
        delivered, recorded = fed(error_reader(operation, lanes=Lanes()), [body[:9], body[9:]])
        assert delivered == recorded == body.replace(b"swordfish", b"<MASKED>")


def test_an_escape_does_not_hide_anything_in_an_error_that_is_not_strict_json():
    delivered, _ = fed(error_reader(CHAT, lanes=Lanes()), [b'{"a":1,"a":"\\u0073wordfish"}'])
    assert delivered == b'{"a":1,"a":"<MASKED>"}'


@pytest.mark.parametrize("body", [b'{"error": {"message": "no"}}', b"<html>no</html>", b"", b"no \xc3\xa9"])
def test_an_error_in_which_nothing_was_found_is_the_object_that_came(body):
    reader = error_reader(CHAT, lanes=Lanes())
    reader.feed(body)
    assert reader.finish().delivered is body or body == b""


def test_an_error_that_is_no_text_at_all_is_not_shown():
    with pytest.raises(RemoteProtocolError, match="neither JSON nor UTF-8"):
        fed(error_reader(CHAT, lanes=Lanes()), [b"\xff\xfe"])


def test_what_it_cost_is_known_at_the_end():
    reader = answer_reader(CHAT, stream=False, lanes=Lanes())
    reader.feed(dumped(completion(message={"content": "a"})))
    assert reader.summary == Summary()
    reader.finish()
    assert reader.summary == Summary(
        usage=Usage(input_tokens=1, output_tokens=2), model="gpt-test", finish="stop", answer_id="chatcmpl-1"
    )
