"""Anthropic's messages by the official Python SDK."""

import pytest

from passgate.testing.llm_provider import Cut, RedactedThinking, Refusal, Script, Text, Thinking, ToolCall
from tests.drivers.llm.ways import Way

ASKED = [{"role": "user", "content": "Grüße aus Zürich \U0001f600"}]
WEATHER = {
    "name": "weather",
    "description": "The weather of a city.",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}, "days": {"type": "integer"}}},
}
ARGUMENTS = '{"city": "Z\\u00fcrich \\"Kreis 4\\"", "days": 3}'
CUTS = [Cut(), Cut(size=1), Cut(size=3), Cut(size=9, seed=4)]


@pytest.fixture
def client(way: Way):
    with way.anthropic() as client:
        yield client


def test_an_answer(client, way: Way) -> None:
    system = [{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}]
    answer = client.messages.create(model="claude-opus-4-7", max_tokens=64, system=system, messages=ASKED)
    assert answer.content[0].text == ASKED[0]["content"]
    assert answer.stop_reason == "end_turn"
    assert answer.usage.output_tokens > 0
    assert answer._request_id.startswith("req_")
    assert way.provider.last.json["system"] == system


@pytest.mark.parametrize("cut", CUTS)
def test_a_stream(client, way: Way, cut: Cut) -> None:
    way.provider.default = Script(delta=cut, pings=2)
    with client.messages.stream(model="claude-opus-4-7", max_tokens=64, messages=ASKED) as stream:
        said = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert said == ASKED[0]["content"] == final.content[0].text
    assert final.stop_reason == "end_turn"
    assert final.usage.output_tokens > 0


@pytest.mark.parametrize("cut", CUTS)
def test_blocks_in_order_with_thinking_tools_and_citations(client, way: Way, cut: Cut) -> None:
    parts = (
        Thinking(text="Let me look this up."),
        RedactedThinking(data="EqMBCkYIBRgCKkA6f7w"),
        Text(text="I will look.", citations=("as the source says",)),
        ToolCall(name="weather", arguments=ARGUMENTS),
        ToolCall(name="weather", arguments='{"city":"Oslo","days":1}'),
    )
    way.provider.default = Script(parts=parts, delta=cut)
    with client.messages.stream(model="claude-opus-4-7", max_tokens=64, messages=ASKED, tools=[WEATHER]) as stream:
        raw = [event for event in stream if event.type.startswith(("message_", "content_block_"))]
        final = stream.get_final_message()
    kinds = [block.type for block in final.content]
    assert kinds == ["thinking", "redacted_thinking", "text", "tool_use", "tool_use"]
    assert final.content[0].thinking == "Let me look this up."
    assert final.content[1].data == "EqMBCkYIBRgCKkA6f7w"
    assert final.content[2].citations[0].cited_text == "as the source says"
    assert final.content[3].input == {"city": 'Zürich "Kreis 4"', "days": 3}
    assert final.content[4].input == {"city": "Oslo", "days": 1}
    assert final.stop_reason == "tool_use"
    assert [event.index for event in raw if event.type == "content_block_start"] == [0, 1, 2, 3, 4]
    assert raw[0].type == "message_start"
    assert [event.type for event in raw[-2:]] == ["message_delta", "message_stop"]
    open_block = None
    for event in raw:
        if event.type == "content_block_start":
            assert open_block is None
            open_block = event.index
        elif event.type == "content_block_delta":
            assert event.index == open_block
        elif event.type == "content_block_stop":
            assert event.index == open_block
            open_block = None


def test_signed_thinking_and_tools_survive_the_next_turn(client, way: Way) -> None:
    """The stand-in refuses a thinking block whose signature does not fit, as the provider does."""
    way.provider.then(
        Script(parts=(Thinking(text="Hm, \u00e4 \u2028 tricky."), ToolCall(name="weather", arguments=ARGUMENTS)))
    )
    first = client.messages.create(model="claude-opus-4-7", max_tokens=64, messages=ASKED, tools=[WEATHER])
    call = first.content[1]
    assert call.input["city"] == 'Zürich "Kreis 4"'
    result = {"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": "sunny"}]}
    turns = [*ASKED, {"role": "assistant", "content": first.content}, {"role": "user", "content": [result]}]
    second = client.messages.create(model="claude-opus-4-7", max_tokens=64, messages=turns, tools=[WEATHER])
    assert second.content[0].text == "sunny"
    sent = way.provider.last.json["messages"]
    assert sent[1]["content"][0]["signature"] == first.content[0].signature
    assert sent[2]["content"][0]["tool_use_id"] == call.id


def test_a_refusal(client, way: Way) -> None:
    way.provider.default = Script(parts=(Refusal(text="I would rather not."),))
    answer = client.messages.create(model="claude-opus-4-7", max_tokens=64, messages=ASKED)
    assert answer.stop_reason == "refusal"


def test_count_tokens(client, way: Way) -> None:
    assert client.messages.count_tokens(model="claude-opus-4-7", messages=ASKED).input_tokens > 0
    assert way.provider.last.path == "/v1/messages/count_tokens"
    assert way.provider.last.json["messages"] == ASKED


def test_headers_that_nobody_knows_reach_the_provider_and_the_query_stays(client, way: Way) -> None:
    headers = {
        "anthropic-beta": "claude-code-20250219,brand-new-2026-11-01",
        "anthropic-version": "2023-06-01",
        "x-claude-code-session-id": "0b9f6c3e",
    }
    extra = {"context_management": {"edits": []}, "output_config": {"effort": 1.50}}
    client.messages.create(
        model="claude-opus-4-7",
        max_tokens=64,
        messages=ASKED,
        extra_headers=headers,
        extra_query={"beta": "true"},
        extra_body=extra,
    )
    last = way.provider.last
    assert {name: last.header(name) for name in headers} == headers
    assert last.query == "beta=true"
    assert {name: last.json[name] for name in extra} == extra


async def test_many_at_once(way: Way) -> None:
    import asyncio

    async with way.async_anthropic() as client:

        async def one(number: int) -> str:
            asked = [{"role": "user", "content": f"number {number}"}]
            async with client.messages.stream(model="claude-opus-4-7", max_tokens=9, messages=asked) as stream:
                return await stream.get_final_text()

        assert await asyncio.gather(*(one(n) for n in range(20))) == [f"number {n}" for n in range(20)]
