import pytest

from passgate.codecs.llm.answers.openai_table import ANSWER, ITEM, LINE, event
from passgate.codecs.llm.answers.words import AnswerReading
from passgate.codecs.llm.json_text import parse
from passgate.core.finding import Field
from tests.unit.codecs.llm.answers.streams import dumped


def fields(rule, tree: object) -> dict[str, Field]:
    document = parse(dumped(tree))
    reading = AnswerReading(document)
    rule.read(reading, document.tree, "")
    return {leaf.pointer: leaf.field for leaf in reading.leaves}


@pytest.mark.parametrize(
    ("kind", "field"),
    [
        ("response.output_text.delta", Field.ASSISTANT),
        ("response.refusal.delta", Field.ASSISTANT),
        ("response.reasoning_text.delta", Field.REASONING),
        ("response.reasoning_summary_text.delta", Field.REASONING),
        ("response.function_call_arguments.delta", Field.TOOL_ARGUMENTS),
        ("response.mcp_call_arguments.delta", Field.TOOL_ARGUMENTS),
        ("response.custom_tool_call_input.delta", Field.TOOL_ARGUMENTS),
        ("response.code_interpreter_call_code.delta", Field.TOOL_ARGUMENTS),
        ("response.audio.transcript.delta", Field.ASSISTANT),
        ("response.brand_new.delta", Field.METADATA),
        ("", Field.METADATA),
    ],
)
def test_a_delta_has_the_field_of_its_event(kind, field):
    assert fields(event(kind), {"type": kind, "delta": "two words"}) == {"/delta": field}


def test_an_item_has_the_field_of_who_said_it():
    for role, field in (
        ("user", Field.USER),
        ("developer", Field.SYSTEM),
        ("system", Field.SYSTEM),
        ("assistant", Field.ASSISTANT),
    ):
        item = {"type": "message", "role": role, "content": [{"type": "input_text", "text": "two words"}]}
        assert fields(ITEM, item) == {"/content/0/text": field}


def test_nothing_of_the_protocol_itself_is_looked_at():
    usage = {"prompt_tokens": 1, "prompt_tokens_details": {"cached_tokens": 0}, "service_tier": "default"}
    choice = {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": None, "annotations": []}}
    tree = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1763800000,
        "model": "gpt-4o-2024-08-06",
        "choices": [choice],
        "usage": usage,
        "system_fingerprint": "fp_1",
        "service_tier": "default",
    }
    assert fields(ANSWER, tree) == {}
    line = {
        "id": "batch_req_1",
        "custom_id": "a-1",
        "response": {"status_code": 200, "request_id": "r", "body": tree},
        "error": None,
    }
    assert fields(LINE, line) == {}


def test_what_nobody_knows_is_looked_at_with_its_name():
    assert fields(ANSWER, {"brand_new": {"deep": ["two words"]}}) == {
        "/brand_new": Field.METADATA,
        "/brand_new/deep": Field.METADATA,
        "/brand_new/deep/0": Field.METADATA,
    }
    assert set(fields(LINE, {"brand_new": "two words"}).values()) == {Field.FILE}


def test_the_table_can_be_shown():
    rows = list(ANSWER.rows(""))
    assert len(rows) > 100
    assert any(row.where == "/choices/*/message/content" and row.field is Field.ASSISTANT for row in rows)
