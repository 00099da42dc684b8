"""What the official SDKs make of a delivered stream: the message that they put together is the masked whole."""

import json

import anthropic
import httpx2
import openai
import pytest

from passgate.codecs.llm.answers.reader import answer_reader, error_reader, heartbeat
from tests.unit.codecs.llm.answers.lanes import Lanes
from tests.unit.codecs.llm.answers.streams import (
    BY_NAME,
    CHAT,
    MESSAGES,
    PING,
    RESPONSES,
    argument_call,
    chat,
    dumped,
    fed,
    messages,
    named_event,
    responses,
    text_block,
    thinking_block,
    tool_block,
)

_SAID = "my sw ord is a swordfish, ask <<EMAIL:abc>> é😀"
_MASKED = 'my sw ord is a <MASKED>, ask jo "\n"@x.io é😀'
_ARGUMENTS = '{"q": "\\u0073wordfish \\n", "to": "<<EMAIL:abc>>"}'
_MEANT = {"q": "<MASKED> \n", "to": 'jo "\n"@x.io'}


def cut(text: str, size: int) -> list[str]:
    return [text[at : at + size] for at in range(0, len(text), size)]


def served(operation, stream: bytes, *, beats: bool = True) -> httpx2.MockTransport:
    """A server that delivers the stream, rewritten as it comes in pieces of 7 bytes, with heartbeats in between."""
    reader = answer_reader(operation, stream=True, lanes=Lanes())
    shown = []
    for at in range(0, len(stream), 7):
        shown.append(reader.feed(stream[at : at + 7]).delivered)
        if beats and at % 35 == 0:
            shown.append(heartbeat(operation))
    shown.append(reader.finish().delivered)
    body = b"".join(shown)
    return httpx2.MockTransport(
        lambda request: httpx2.Response(200, headers={"content-type": "text/event-stream"}, content=body)
    )


def openai_client(transport: httpx2.MockTransport) -> openai.OpenAI:
    return openai.OpenAI(
        api_key="k", base_url="http://gate/v1", max_retries=0, http_client=httpx2.Client(transport=transport)
    )


def anthropic_client(transport: httpx2.MockTransport) -> anthropic.Anthropic:
    return anthropic.Anthropic(
        api_key="k", base_url="http://gate", max_retries=0, http_client=httpx2.Client(transport=transport)
    )


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_chat(size):
    deltas = [
        {"role": "assistant", "content": ""},
        *({"content": piece} for piece in cut(_SAID, size)),
        argument_call("", name="look_up"),
        *(argument_call(piece) for piece in cut(_ARGUMENTS, size)),
    ]
    with openai_client(served(CHAT, chat(*deltas, finish="tool_calls"))) as client:
        helper = client.chat.completions.stream(model="gpt-test", messages=[], stream_options={"include_usage": True})
        with helper as stream:
            final = stream.get_final_completion()
    [choice] = final.choices
    assert choice.message.content == _MASKED
    assert json.loads(choice.message.tool_calls[0].function.arguments) == _MEANT
    assert (choice.finish_reason, final.usage.prompt_tokens) == ("tool_calls", 7)


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_responses(size):
    data = responses(text=cut(_SAID, size), thought=cut(_SAID, size), arguments=cut(_ARGUMENTS, size))
    with (
        openai_client(served(RESPONSES, data)) as client,
        client.responses.stream(model="gpt-test", input="x") as stream,
    ):
        events = list(stream)
        final = stream.get_final_response()
    thought, message, call = final.output
    assert thought.summary[0].text == message.content[0].text == final.output_text == _MASKED
    assert json.loads(call.arguments) == _MEANT
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert final.usage.input_tokens == 5
    deltas = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert deltas == _MASKED


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_messages(size):
    data = messages(
        thinking_block(0, *cut(_SAID, size)), text_block(1, *cut(_SAID, size)), tool_block(2, *cut(_ARGUMENTS, size))
    )
    data = data.replace(b"event: message_delta", named_event(PING) + b"event: message_delta")
    with (
        anthropic_client(served(MESSAGES, data)) as client,
        client.messages.stream(model="claude-test", max_tokens=9, messages=[]) as stream,
    ):
        final = stream.get_final_message()
    thinking, text, tool = final.content
    assert thinking.thinking == text.text == _MASKED
    assert thinking.signature.startswith("EqQBCgIYAhIM1gbcDa9GJwZA")
    assert tool.input == _MEANT
    assert (final.stop_reason, final.usage.output_tokens, final.usage.input_tokens) == ("end_turn", 42, 10)


def test_an_error_in_the_middle_of_a_stream_is_raised():
    started = chat({"content": "a swordf"}, usage=False).split(b"\n\n")[0] + b"\n\n"
    failed = (
        b'data: {"error":{"message":"overloaded by swordfish","type":"server_error","param":null,"code":"busy"}}\n\n'
    )
    with openai_client(served(CHAT, started + failed)) as client:
        stream = client.chat.completions.create(model="gpt-test", messages=[], stream=True)
        with pytest.raises(openai.APIError, match="overloaded by <MASKED>") as raised:
            list(stream)
    assert raised.value.code == "busy"
    data = messages(text_block(0, "a swordf")).split(b"event: content_block_stop")[0]
    failed = named_event({"type": "error", "error": {"type": "overloaded_error", "message": "swordfish"}})
    with (
        anthropic_client(served(MESSAGES, data + failed)) as client,
        pytest.raises(anthropic.APIStatusError, match="<MASKED>"),
        client.messages.stream(model="claude-test", max_tokens=9, messages=[]) as stream,
    ):
        stream.get_final_message()


def whole(operation, tree: dict, *, status: int = 200) -> httpx2.MockTransport:
    reader = (
        answer_reader(operation, stream=False, lanes=Lanes())
        if status == 200
        else error_reader(operation, lanes=Lanes())
    )
    body, _ = fed(reader, [dumped(tree)])
    return httpx2.MockTransport(
        lambda request: httpx2.Response(status, headers={"content-type": "application/json"}, content=body)
    )


def test_whole_bodies():
    message = {
        "role": "assistant",
        "content": _SAID,
        "tool_calls": [{"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": _ARGUMENTS}}],
    }
    completion = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "gpt-test",
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}],
    }
    with openai_client(whole(CHAT, completion)) as client:
        answer = client.chat.completions.create(model="gpt-test", messages=[]).choices[0].message
    assert answer.content == _MASKED
    assert json.loads(answer.tool_calls[0].function.arguments) == _MEANT
    content = [
        {"type": "text", "text": _SAID},
        {"type": "tool_use", "id": "t", "name": "look_up", "input": json.loads(_ARGUMENTS)},
    ]
    tree = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-test",
        "content": content,
        "usage": {},
    }
    with anthropic_client(whole(MESSAGES, tree)) as client:
        text, tool = client.messages.create(model="claude-test", max_tokens=9, messages=[]).content
    assert (text.text, tool.input) == (_MASKED, _MEANT)


def test_errors_keep_their_shape():
    tree = {
        "error": {"message": "no model swordfish", "type": "invalid_request_error", "param": "model", "code": "gone"}
    }
    with (
        openai_client(whole(CHAT, tree, status=404)) as client,
        pytest.raises(openai.NotFoundError, match="no model <MASKED>") as raised,
    ):
        client.chat.completions.create(model="gpt-test", messages=[])
    assert (raised.value.code, raised.value.type) == ("gone", "invalid_request_error")


def test_embeddings():
    numbers = [0.25 * place for place in range(400)]
    tree = {
        "object": "list",
        "data": [{"object": "embedding", "index": 0, "embedding": numbers}],
        "model": "m",
        "usage": {"prompt_tokens": 1, "total_tokens": 1},
    }
    with openai_client(whole(BY_NAME["openai.embeddings"], tree)) as client:
        answer = client.embeddings.create(model="m", input="x", encoding_format="float")
    assert answer.data[0].embedding == numbers
