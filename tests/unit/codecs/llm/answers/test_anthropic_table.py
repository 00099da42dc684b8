import pytest

from passgate.codecs.llm.answers.anthropic_table import ANSWER, BLOCK, EVENT, LINE
from passgate.core.finding import Field
from tests.unit.codecs.llm.answers.streams import PING, START, STOP
from tests.unit.codecs.llm.answers.test_openai_table import fields


@pytest.mark.parametrize(
    ("content", "where", "field"),
    [
        ({"type": "text", "text": "two words"}, "/text", Field.ASSISTANT),
        ({"type": "thinking", "thinking": "two words"}, "/thinking", Field.REASONING),
        ({"type": "compaction", "content": "two words"}, "/content", Field.REASONING),
        ({"type": "tool_use", "input": {"a": "two words"}}, "/input/a", Field.TOOL_ARGUMENTS),
        ({"type": "mcp_tool_result", "content": "two words"}, "/content", Field.TOOL_RESULT),
        (
            {"type": "mcp_tool_result", "content": [{"type": "text", "text": "two words"}]},
            "/content/0/text",
            Field.TOOL_RESULT,
        ),
        ({"type": "text", "citations": [{"cited_text": "two words"}]}, "/citations/0/cited_text", Field.TOOL_RESULT),
        ({"type": "brand_new", "note": "two words"}, "/note", Field.METADATA),
    ],
)
def test_a_block_has_the_field_of_its_kind(content, where, field):
    assert fields(BLOCK, content)[where] is field


def test_nothing_of_the_protocol_itself_is_looked_at():
    for event in (START, PING, *STOP):
        assert fields(EVENT, event) == {}
    assert fields(ANSWER, START["message"]) == {}
    assert fields(LINE, {"custom_id": "a", "result": {"type": "succeeded", "message": START["message"]}}) == {}


def test_what_has_to_come_back_as_it_was_is_no_secret_because_of_its_name():
    """The code of a refund is sent back with the next request; who finds a key in it, for it is called a token, breaks that."""
    details = {"type": "refusal", "fallback_credit_token": "q7Zx" * 30, "explanation": "two words"}
    for said, where in (
        ({"stop_details": details}, ANSWER),
        ({"type": "message_delta", "delta": {"stop_details": details}}, EVENT),
    ):
        found = fields(where, said)
        assert [pointer.rpartition("/")[2] for pointer in found] == ["explanation"]


def test_what_nobody_knows_is_looked_at_with_its_name():
    assert set(fields(EVENT, {"type": "ping", "brand_new": "two words"})) == {"/brand_new"}
    assert set(fields(LINE, {"brand_new": "two words"}).values()) == {Field.FILE}


def test_the_table_can_be_shown():
    assert any(row.where == "/content/*[type=text]/text" for row in ANSWER.rows(""))
