"""OpenAI's chat completions and completions by the official Python SDK."""

import json

import pytest

from passgate.testing.llm_provider import Cut, Refusal, Script, Text, Thinking, ToolCall
from tests.drivers.llm.ways import Way

ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Grüße aus Zürich \U0001f600"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "weather",
        "strict": True,
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
            "required": ["city", "days"],
            "additionalProperties": False,
        },
    },
}
ARGUMENTS = '{"city": "Z\\u00fcrich \\"Kreis 4\\"", "days": 3}'
CUTS = [Cut(), Cut(size=1), Cut(size=3), Cut(size=9, seed=4)]


@pytest.fixture
def client(way: Way):
    with way.openai() as client:
        yield client


def test_an_answer(client, way: Way) -> None:
    answer = client.chat.completions.create(model="gpt-5.2", messages=ASKED)
    assert answer.choices[0].message.content == "Grüße aus Zürich \U0001f600"
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer._request_id.startswith("req_")
    assert way.provider.last.json["messages"] == ASKED


@pytest.mark.parametrize("cut", CUTS)
def test_a_stream(client, way: Way, cut: Cut) -> None:
    way.provider.default = Script(delta=cut)
    options = {"include_usage": True}
    chunks = list(client.chat.completions.create(model="gpt-5.2", messages=ASKED, stream=True, stream_options=options))
    said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert said == ASKED[1]["content"]
    assert chunks[-1].choices == []
    assert chunks[-1].usage.total_tokens > 0
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert len({chunk.id for chunk in chunks}) == 1


def test_several_choices_do_not_mix(client, way: Way) -> None:
    way.provider.default = Script(parts=(Text(text="one and the same for all"),), delta=Cut(size=2))
    said = {0: "", 1: "", 2: ""}
    for chunk in client.chat.completions.create(model="gpt-5.2", messages=ASKED, n=3, stream=True):
        for choice in chunk.choices:
            said[choice.index] += choice.delta.content or ""
    assert set(said.values()) == {"one and the same for all"}


def test_tools(client, way: Way) -> None:
    way.provider.default = Script(parts=(ToolCall(name="weather", arguments=ARGUMENTS),))
    answer = client.chat.completions.create(model="gpt-5.2", messages=ASKED, tools=[WEATHER])
    (call,) = answer.choices[0].message.tool_calls
    assert answer.choices[0].finish_reason == "tool_calls"
    assert call.function.name == "weather"
    assert json.loads(call.function.arguments) == {"city": 'Zürich "Kreis 4"', "days": 3}
    again = [
        *ASKED,
        answer.choices[0].message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": "sunny"},
    ]
    way.provider.default = Script()
    answer = client.chat.completions.create(model="gpt-5.2", messages=again, tools=[WEATHER])
    assert answer.choices[0].message.content == "sunny"
    sent = way.provider.last.json["messages"]
    assert sent[2]["tool_calls"][0]["id"] == sent[3]["tool_call_id"] == call.id
    assert way.provider.last.json["tools"] == [WEATHER]


@pytest.mark.parametrize("cut", CUTS)
def test_tools_in_a_stream(client, way: Way, cut: Cut) -> None:
    calls = (
        ToolCall(name="weather", arguments=ARGUMENTS),
        ToolCall(name="weather", arguments='{"city":"Oslo","days":1}'),
    )
    way.provider.default = Script(parts=(Text(text="Looking. "), *calls), delta=cut)
    with client.chat.completions.stream(model="gpt-5.2", messages=ASKED, tools=[WEATHER]) as stream:
        kinds = [event.type for event in stream]
        message = stream.get_final_completion().choices[0].message
    assert "tool_calls.function.arguments.done" in kinds
    assert message.content == "Looking. "
    assert [json.loads(call.function.arguments) for call in message.tool_calls] == [
        {"city": 'Zürich "Kreis 4"', "days": 3},
        {"city": "Oslo", "days": 1},
    ]
    assert message.tool_calls[0].function.parsed_arguments == {"city": 'Zürich "Kreis 4"', "days": 3}


def test_reasoning_refusals_logprobs_and_unknown_fields(client, way: Way) -> None:
    parts = (Thinking(text="It is easy."), Refusal(text="I would rather not."))
    way.provider.default = Script(parts=parts, extra={"brand_new": {"a": [1, 2.50]}})
    answer = client.chat.completions.create(model="gpt-5.2", messages=ASKED)
    assert answer.choices[0].message.refusal == "I would rather not."
    assert answer.choices[0].message.reasoning_content == "It is easy."
    assert answer.model_extra["brand_new"] == {"a": [1, 2.5]}
    way.provider.default = Script(parts=(Text(text="Hé"),), logprobs=True)
    answer = client.chat.completions.create(model="gpt-5.2", messages=ASKED, logprobs=True)
    assert [entry.token for entry in answer.choices[0].logprobs.content] == ["H", "é"]


def test_fields_that_nobody_knows_reach_the_provider(client, way: Way) -> None:
    extra = {"brand_new": {"depth": 1.50, "tags": ["a"]}, "service_tier": "flex"}
    client.chat.completions.create(
        model="gpt-5.2", messages=ASKED, extra_body=extra, extra_headers={"OpenAI-Brand-New": "yes, really"}
    )
    assert way.provider.last.json["brand_new"] == extra["brand_new"]
    assert way.provider.last.header("openai-brand-new") == "yes, really"
    assert way.provider.last.header("x-stainless-lang") == "python"


def test_the_older_completions(client, way: Way) -> None:
    assert client.completions.create(model="gpt-5.2", prompt="Once upon").choices[0].text == "Once upon"
    pieces = client.completions.create(model="gpt-5.2", prompt="Once upon a time", stream=True)
    assert "".join(piece.choices[0].text for piece in pieces) == "Once upon a time"


async def test_many_at_once(way: Way) -> None:
    import asyncio

    async with way.async_openai() as client:

        async def one(number: int) -> str:
            asked = [{"role": "user", "content": f"number {number}"}]
            said = ""
            async for chunk in await client.chat.completions.create(model="gpt-5.2", messages=asked, stream=True):
                said += chunk.choices[0].delta.content or ""
            return said

        assert await asyncio.gather(*(one(n) for n in range(20))) == [f"number {n}" for n in range(20)]
