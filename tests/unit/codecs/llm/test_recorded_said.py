"""Requests and whole answers of every dialect, read by their form."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.llm.recorded_said import Said, answered, asked, call_text, error_text, offered

CHAT = {
    "model": "m",
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "image_url", "image_url": {"url": "data:"}}]},
        {
            "role": "assistant",
            "content": None,
            "reasoning_content": "hm",
            "refusal": "no",
            "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": '{"a": 1}'}}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "42"}, 7]},
        {"role": "assistant", "function_call": {"name": "g", "arguments": "not json"}},
    ],
    "tools": [{"type": "function", "function": {"name": "f"}}, {"type": "web_search"}],
}  # fmt: skip
MESSAGES = {
    "system": [{"type": "text", "text": "Be brief."}],
    "messages": [
        {"role": "user", "content": "Hi"},
        {
            "role": "assistant",
            "content": [
                {"type": "thinking", "thinking": "hm", "signature": "s"},
                {"type": "redacted_thinking", "data": "x"},
                {"type": "tool_use", "id": "t1", "name": "f", "input": {"a": 1}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "42"},
                {"type": "tool_result", "tool_use_id": "t2"},
                {"type": "image", "source": {"type": "base64"}},
                {"type": "brand_new", "x": 1},
            ],
        },
    ],
    "tools": [{"name": "f", "input_schema": {}}],
}
RESPONSES = {
    "instructions": "Be brief.",
    "input": [
        {"role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}], "encrypted_content": "x"},
        {"type": "function_call", "call_id": "c1", "name": "f", "arguments": '{"a":1}'},
        {"type": "function_call_output", "call_id": "c1", "output": "42"},
        "and",
        None,
    ],
}
CALL = Said(role="assistant", kind="tool call", text='{"a":1}', name="f")


def test_a_chat() -> None:
    assert list(asked(CHAT)) == [
        Said(role="system", kind="text", text="Be brief."),
        Said(role="user", kind="text", text="Hi"),
        Said(role="user", kind="media", text="image_url"),
        Said(role="assistant", kind="reasoning", text="hm"),
        Said(role="assistant", kind="refusal", text="no"),
        CALL,
        Said(role="tool", kind="tool result", text="42\n7", name="c1"),
        Said(role="assistant", kind="tool call", text="not json", name="g"),
    ]
    assert offered(CHAT) == ("f", "web_search")


def test_messages() -> None:
    assert list(asked(MESSAGES)) == [
        Said(role="system", kind="text", text="Be brief."),
        Said(role="user", kind="text", text="Hi"),
        Said(role="assistant", kind="reasoning", text="hm"),
        Said(role="assistant", kind="media", text="redacted_thinking"),
        CALL,
        Said(role="tool", kind="tool result", text="42", name="t1"),
        Said(role="tool", kind="tool result", text="", name="t2"),
        Said(role="user", kind="media", text="image"),
        Said(role="user", kind="other", text='{"type":"brand_new","x":1}'),
    ]
    assert offered(MESSAGES) == ("f",)


def test_responses() -> None:
    assert list(asked(RESPONSES)) == [
        Said(role="system", kind="text", text="Be brief."),
        Said(role="user", kind="text", text="Hi"),
        Said(role="assistant", kind="reasoning", text="hm"),
        CALL,
        Said(role="tool", kind="tool result", text="42", name="c1"),
        Said(role="user", kind="text", text="and"),
    ]


@pytest.mark.parametrize(
    ("body", "texts"),
    [
        ({"input": "one"}, ["one"]),
        ({"input": ["one", "two"]}, ["one", "two"]),
        ({"input": [1, 2, 3]}, ["[1,2,3]"]),
        ({"input": [[1, 2], [3]]}, ["[1,2]", "[3]"]),
        ({"prompt": "Once"}, ["Once"]),
        ({"prompt": ["Once", "Twice"]}, ["Once", "Twice"]),
        ({"model": "m"}, []),
    ],
)
def test_what_is_embedded_or_completed(body: dict[str, Any], texts: list[str]) -> None:
    assert [said.text for said in asked(body)] == texts


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"choices": [{"message": {"role": "assistant", "content": "Hi"}}]}, [("text", "Hi")]),
        ({"choices": [{"text": "Hi"}]}, [("text", "Hi")]),
        (
            {"content": [{"type": "text", "text": "Hi"}, {"type": "tool_use", "name": "f", "input": {"a": 1}}]},
            [("text", "Hi"), ("tool call", '{"a":1}')],
        ),
        (
            {"output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}]},
            [("text", "Hi")],
        ),
        ({"data": [{"embedding": [0.1]}, {"embedding": [0.2]}]}, [("other", "2 vectors")]),
        ({"type": "error", "error": {"type": "permission_error", "message": "No."}}, [("error", "permission_error: No.")]),
        ({"object": "list", "data": [{"id": "m"}]}, []),
    ],
)  # fmt: skip
def test_whole_answers(body: dict[str, Any], said: list[tuple[str, str]]) -> None:
    assert [(one.kind, one.text) for one in answered(body)] == said


def test_what_a_model_answers_is_what_the_next_request_repeats() -> None:
    (answer,) = answered({"content": [{"type": "tool_use", "name": "f", "input": {"a": 1}}]})
    assert answer == call_text("f", '{ "a" : 1 }') == list(asked(CHAT))[5]


def test_errors_of_any_form() -> None:
    assert error_text("down") == "down"
    assert error_text({"odd": 1}) == '{"odd":1}'
    assert error_text({"type": "t", "code": "c", "message": "m"}) == "t: c: m"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["role", "content", "type", "text", "input", "tool_calls", "function", "name", "arguments", "output"]),
        inner | st.sampled_from(["tool", "text", "tool_use", "tool_result", "reasoning", "refusal", "function_call"]),
        max_size=5,
    ),
    max_leaves=20,
)  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from(["messages", "input", "system", "choices", "content", "output", "error", "data", "tools"]), JSON
    )
)
def test_nothing_that_was_recorded_is_too_odd_to_be_read(body: dict[str, Any]) -> None:
    for said in (*asked(body), *answered(body)):
        assert isinstance(said.text, str)
        assert isinstance(said.name, str)
    assert all(isinstance(name, str) for name in offered(body))


def test_deep_nesting_ends_nothing() -> None:
    body: dict[str, Any] = {"type": "tool_result", "content": "x"}
    for _ in range(400):
        body = {"type": "tool_result", "content": [body]}
    (said,) = asked({"messages": [{"role": "user", "content": [body]}]})
    assert (said.kind, said.text) == ("tool result", "<nested too deeply to be shown>")
