"""OpenAI's responses by the official Python SDK."""

import json

import pytest

from passgate.testing.llm_provider import Cut, Refusal, Script, Text, Thinking, ToolCall
from tests.drivers.llm.ways import Way

WEATHER = {
    "type": "function",
    "name": "weather",
    "strict": True,
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}
CUTS = [Cut(), Cut(size=1), Cut(size=3), Cut(size=9, seed=4)]


@pytest.fixture
def client(way: Way):
    with way.openai() as client:
        yield client


def test_an_answer(client, way: Way) -> None:
    answer = client.responses.create(
        model="gpt-5.2", instructions="Be brief.", input="Grüße", metadata={"team": "blue"}
    )
    assert answer.output_text == "Grüße"
    assert answer.status == "completed"
    assert answer.instructions == "Be brief."
    assert answer.metadata == {"team": "blue"}
    assert answer.usage.total_tokens > 0
    assert answer._request_id.startswith("req_")


def test_input_items(client, way: Way) -> None:
    items = [
        {"role": "developer", "content": "Be brief."},
        {
            "role": "user",
            "content": [{"type": "input_text", "text": "Hello"}, {"type": "input_text", "text": " there"}],
        },
    ]
    assert client.responses.create(model="gpt-5.2", input=items).output_text == "Hello there"
    assert way.provider.last.json["input"] == items


@pytest.mark.parametrize("cut", CUTS)
def test_a_stream_says_the_same_in_every_place(client, way: Way, cut: Cut) -> None:
    text = 'Two lines\nand an emoji \U0001f600, "quoted" \\ and all'
    parts = (
        Thinking(text="Step by step."),
        Text(text=text, citations=("a source",)),
        ToolCall(name="weather", arguments='{"city":"\\u0041nkara"}'),
    )
    way.provider.default = Script(parts=parts, delta=cut)
    with client.responses.stream(model="gpt-5.2", input="Go", tools=[WEATHER]) as stream:
        events = list(stream)
        final = stream.get_final_response()
    numbers = [event.sequence_number for event in events]
    assert numbers == sorted(set(numbers))

    def joined(kind: str) -> str:
        return "".join(event.delta for event in events if event.type == kind)

    def done(kind: str):
        return [event for event in events if event.type == kind]

    assert joined("response.output_text.delta") == text == final.output_text
    assert done("response.output_text.done")[0].text == text
    assert done("response.content_part.done")[0].part.text == text
    assert done("response.output_item.done")[1].item.content[0].text == text
    assert joined("response.function_call_arguments.delta") == '{"city":"\\u0041nkara"}'
    assert json.loads(final.output[2].arguments) == {"city": "Ankara"}
    assert joined("response.reasoning_summary_text.delta") == "Step by step." == final.output[0].summary[0].text
    assert final.output[1].content[0].annotations[0].title == "a source"
    assert events[-1].type == "response.completed"


def test_sequence_numbers_have_no_gaps(client, way: Way) -> None:
    way.provider.default = Script(parts=(Text(text="a text of some length, cut small"),), delta=Cut(size=1))
    stream = client.responses.create(model="gpt-5.2", input="Go", stream=True)
    assert [event.sequence_number for event in stream] == list(range(len("a text of some length, cut small") + 8))


def test_reasoning_comes_back_as_it_was(client, way: Way) -> None:
    """Encrypted content is the provider's own: it must survive the round trip to the byte."""
    parts = (Thinking(text="Hm."), ToolCall(name="weather", arguments='{"city":"Oslo"}'))
    way.provider.then(Script(parts=parts))
    include = ["reasoning.encrypted_content"]
    first = client.responses.create(model="gpt-5.2", input="Go", include=include, store=False, tools=[WEATHER])
    sealed = first.output[0].encrypted_content
    assert len(sealed) > 20
    call = first.output[1]
    items = [
        {"role": "user", "content": "Go"},
        *(item.model_dump(exclude_none=True) for item in first.output),
        {"type": "function_call_output", "call_id": call.call_id, "output": "rain"},
    ]
    second = client.responses.create(model="gpt-5.2", input=items, include=include, store=False, tools=[WEATHER])
    assert second.output_text == "rain"
    sent = way.provider.last.json["input"]
    assert sent[1]["encrypted_content"] == sealed
    assert sent[2]["call_id"] == sent[3]["call_id"] == call.call_id


def test_a_refusal(client, way: Way) -> None:
    way.provider.default = Script(parts=(Refusal(text="I would rather not."),), delta=Cut(size=4))
    answer = client.responses.create(model="gpt-5.2", input="Go")
    assert answer.output[0].content[0].refusal == "I would rather not."
    with client.responses.stream(model="gpt-5.2", input="Go") as stream:
        said = "".join(event.delta for event in stream if event.type == "response.refusal.delta")
    assert said == "I would rather not."


def test_compaction(client, way: Way) -> None:
    compacted = client.responses.compact(model="gpt-5.2", input=[{"role": "user", "content": "A long story."}])
    (item,) = compacted.output
    assert item.type == "compaction"
    answer = client.responses.create(
        model="gpt-5.2", input=[item.model_dump(exclude_none=True), {"role": "user", "content": "And then?"}]
    )
    assert answer.output_text == "And then?"
    assert way.provider.last.json["input"][0]["encrypted_content"] == item.encrypted_content


def test_input_tokens_are_counted(client, way: Way) -> None:
    assert client.responses.input_tokens.count(model="gpt-5.2", input="How many?").input_tokens > 0
