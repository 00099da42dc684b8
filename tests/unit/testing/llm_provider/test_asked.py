import pytest

from passgate.testing.llm_provider import asked
from passgate.testing.llm_provider.asked import BadRequestError

KEY = b"k" * 32


def test_the_callers_last_text_is_a_persons_or_a_tools() -> None:
    turns = [
        {"role": "user", "content": "first"},
        {"role": "assistant", "content": "no"},
        {"role": "tool", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
    ]
    assert asked.chat({"model": "m", "messages": turns}, 40).text == "ab"
    items = [{"role": "user", "content": "first"}, {"type": "function_call_output", "output": "rain"}]
    assert asked.responses({"model": "m", "input": items}, 40).text == "rain"
    assert asked.responses({"model": "m", "input": "plain", "stream": True}, 40).stream
    result = [{"type": "tool_result", "content": [{"type": "text", "text": "sunny"}]}]
    document = {"model": "m", "messages": [{"role": "user", "content": result}]}
    assert asked.messages(document, 40, signing_key=KEY).text == "sunny"


def test_a_changed_thought_is_noticed() -> None:
    block = {"type": "thinking", "thinking": "so", "signature": asked.signature("so", KEY)}
    turns = [{"role": "user", "content": "go"}, {"role": "assistant", "content": [block]}]
    assert asked.messages({"model": "m", "messages": turns}, 40, signing_key=KEY).text == "go"
    block["thinking"] = "so?"
    with pytest.raises(BadRequestError, match="Invalid `signature`"):
        asked.messages({"model": "m", "messages": turns}, 40, signing_key=KEY)


@pytest.mark.parametrize("body", [b"", b"[1]", b"{", b'"text"'])
def test_bodies_that_are_no_object(body: bytes) -> None:
    with pytest.raises(BadRequestError):
        asked.document(body)


@pytest.mark.parametrize("document", [{"messages": []}, {"model": "m"}, {"model": "m", "messages": ["text"]}])
def test_what_a_provider_would_refuse(document: dict[str, object]) -> None:
    with pytest.raises(BadRequestError):
        asked.chat(document, 1)
