import pytest

from passgate.codecs.llm.answer import Summary, Usage
from passgate.codecs.llm.answers.summaries import (
    anthropic_summary,
    anthropic_usage,
    openai_summary,
    openai_usage,
)


def test_openai_counts_in_two_words():
    chat = {"prompt_tokens": 5, "completion_tokens": 7, "prompt_tokens_details": {"cached_tokens": 3}}
    response = {"input_tokens": 5, "output_tokens": 7, "input_tokens_details": {"cached_tokens": 3}}
    assert openai_usage(chat) == openai_usage(response) == Usage(input_tokens=5, output_tokens=7, cached_tokens=3)
    assert openai_usage({"prompt_tokens": 5, "total_tokens": 5}) == Usage(input_tokens=5)


def test_what_the_cache_held_is_input_too():
    started = {"input_tokens": 5, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 200, "output_tokens": 1}
    before = anthropic_usage(started)
    assert before == Usage(input_tokens=235, output_tokens=1, cached_tokens=30)
    assert anthropic_usage({"output_tokens": 9}, before) == Usage(input_tokens=235, output_tokens=9, cached_tokens=30)
    later = {"input_tokens": 6, "cache_read_input_tokens": 31, "output_tokens": 9}
    assert anthropic_usage(later, before) == Usage(input_tokens=37, output_tokens=9, cached_tokens=31)


@pytest.mark.parametrize(
    "odd", [None, [], 3, "x", {"input_tokens": "5", "prompt_tokens": True, "prompt_tokens_details": 1}]
)
def test_what_was_not_said_is_not_known(odd):
    assert openai_usage(odd) == Usage()
    assert anthropic_usage(odd) == Usage()
    assert openai_summary(odd) == Summary()
    assert anthropic_summary(odd) == Summary()


def test_a_chat():
    called = [{"function": {"name": "f"}}, {"custom": {"name": "g"}}, {"function": {"name": "f"}}, None]
    message = {"tool_calls": called, "function_call": {"name": "h"}}
    choices = [{"finish_reason": None}, {"finish_reason": "tool_calls", "message": message}]
    tree = {"id": "c", "model": "m", "choices": choices, "usage": {"prompt_tokens": 1}}
    assert openai_summary(tree) == Summary(
        usage=Usage(input_tokens=1), model="m", finish="tool_calls", answer_id="c", tools=("f", "g", "h")
    )


def test_a_response():
    output = [{"type": "function_call", "name": "f"}, {"type": "mcp_call", "name": "g"}, {"type": "message"}]
    tree = {"id": "r", "model": "m", "status": "completed", "output": output, "usage": {"output_tokens": 2}}
    assert openai_summary(tree) == Summary(
        usage=Usage(output_tokens=2), model="m", finish="completed", answer_id="r", tools=("f", "g")
    )
    cut = {**tree, "status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
    assert openai_summary(cut).finish == "max_output_tokens"


def test_counted_tokens():
    assert openai_summary({"object": "response.input_tokens", "input_tokens": 11}).usage == Usage(input_tokens=11)
    assert anthropic_summary({"input_tokens": 11}).usage == Usage(input_tokens=11)


def test_a_message():
    content = [{"type": "tool_use", "name": "f"}, {"type": "server_tool_use", "name": "g"}, {"type": "text"}]
    tree = {
        "id": "m1",
        "model": "m",
        "stop_reason": "tool_use",
        "content": content,
        "usage": {"input_tokens": 4, "output_tokens": 5},
    }
    assert anthropic_summary(tree) == Summary(
        usage=Usage(input_tokens=4, output_tokens=5), model="m", finish="tool_use", answer_id="m1", tools=("f", "g")
    )


@pytest.mark.parametrize("odd", [-1, -(10**9), 2**40, 2**63, 10**30])
def test_a_number_that_counts_no_tokens(odd):
    """Class: a provider's number that would give a budget back, or that neither the ledger nor its index could keep."""
    assert openai_usage({"prompt_tokens": odd, "completion_tokens": odd}) == Usage()
    assert anthropic_usage({"input_tokens": odd, "output_tokens": odd, "cache_read_input_tokens": odd}) == Usage()
