"""OpenAI's chat completions and its older completions, whole and in chunks (developers.openai.com/api/reference)."""

from collections.abc import Iterator
from typing import Any

from passgate.testing.llm_provider import ids
from passgate.testing.llm_provider.answer import Answer
from passgate.testing.llm_provider.script import Refusal, Text, Thinking, ToolCall
from passgate.testing.llm_provider.wire import Frame

Document = dict[str, Any]
_PROBABILITY = -0.0123456789


def whole(answer: Answer) -> Document:
    choices = [_choice(answer, index) for index in range(_choices(answer))]
    return {**_head(answer, "chat.completion"), "choices": choices, "usage": usage(answer), **answer.script.extra}


def chunks(answer: Answer) -> Iterator[Frame]:
    """All choices side by side, as the provider sends them; the last frame is the word that ends it."""
    head = _head(answer, "chat.completion.chunk")
    options = answer.asked.document.get("stream_options") or {}
    with_usage = bool(options.get("include_usage"))
    hidden = options.get("include_obfuscation", True)

    def chunk(index: int, delta: Document, finish: str | None = None, logprobs: Document | None = None) -> Frame:
        choice = {"index": index, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        last = {"usage": None} if with_usage else {}
        padding = {"obfuscation": ids.base62("", 7)} if hidden else {}
        return Frame(data={**head, "choices": [choice], **last, **padding})

    streams = [_deltas(answer) for _ in range(_choices(answer))]
    running = dict(enumerate(streams))
    while running:
        for index, stream in tuple(running.items()):
            step = next(stream, None)
            if step is None:
                del running[index]
                yield chunk(index, {}, _finish(answer))
            else:
                yield chunk(index, step, logprobs=_logprobs(answer, step.get("content")))
    if with_usage:
        yield Frame(data={**head, "choices": [], "usage": usage(answer)})
    yield Frame(data="[DONE]")


def completion(answer: Answer) -> Document:
    text = "".join(part.text for part in answer.parts if isinstance(part, Text))
    choice = {"index": 0, "text": text, "logprobs": None, "finish_reason": "stop"}
    return {**_head(answer, "text_completion", "cmpl-"), "choices": [choice], "usage": usage(answer)}


def completion_chunks(answer: Answer) -> Iterator[Frame]:
    head = _head(answer, "text_completion", "cmpl-")
    text = "".join(part.text for part in answer.parts if isinstance(part, Text))
    for piece in answer.script.delta.text(text):
        yield Frame(data={**head, "choices": [{"index": 0, "text": piece, "logprobs": None, "finish_reason": None}]})
    yield Frame(data={**head, "choices": [{"index": 0, "text": "", "logprobs": None, "finish_reason": "stop"}]})
    yield Frame(data="[DONE]")


def usage(answer: Answer) -> Document:
    given, written = answer.asked.size, answer.output_tokens
    return {
        "prompt_tokens": given,
        "completion_tokens": written,
        "total_tokens": given + written,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": answer.reasoning_tokens,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _head(answer: Answer, object_: str, prefix: str = "chatcmpl-") -> Document:
    return {
        "id": ids.base62(prefix, 28),
        "object": object_,
        "created": answer.created,
        "model": answer.asked.model,
        "service_tier": "default",
        "system_fingerprint": ids.hexadecimal("fp_", 10),
    }


def _choices(answer: Answer) -> int:
    return int(answer.asked.document.get("n") or 1)


def _finish(answer: Answer) -> str:
    return "tool_calls" if answer.calls_tools else "stop"


def _choice(answer: Answer, index: int) -> Document:
    said = [part for part in answer.parts if isinstance(part, Text)]
    message: Document = {"role": "assistant", "content": "".join(part.text for part in said) if said else None}
    message["refusal"] = "".join(part.text for part in answer.parts if isinstance(part, Refusal)) or None
    message["annotations"] = [_annotation(quote) for part in said for quote in part.citations]
    thoughts = "".join(part.text for part in answer.parts if isinstance(part, Thinking))
    if thoughts:
        message["reasoning_content"] = thoughts
    calls = [_call(part) for part in answer.parts if isinstance(part, ToolCall)]
    if calls:
        message["tool_calls"] = calls
    logprobs = _logprobs(answer, message["content"])
    return {"index": index, "message": message, "logprobs": logprobs, "finish_reason": _finish(answer)}


def _call(part: ToolCall) -> Document:
    function = {"name": part.name, "arguments": part.arguments}
    return {"id": part.id or ids.base62("call_", 24), "type": "function", "function": function}


def _deltas(answer: Answer) -> Iterator[Document]:
    yield {"role": "assistant", "content": "", "refusal": None}
    number = 0
    for part in answer.parts:
        if isinstance(part, Text):
            for piece in answer.script.delta.text(part.text):
                yield {"content": piece}
            if part.citations:
                yield {"annotations": [_annotation(quote) for quote in part.citations]}
        elif isinstance(part, Thinking):
            for piece in answer.script.delta.text(part.text):
                yield {"reasoning_content": piece}
        elif isinstance(part, Refusal):
            for piece in answer.script.delta.text(part.text):
                yield {"refusal": piece}
        elif isinstance(part, ToolCall):
            call = _call(part)
            yield {"tool_calls": [{"index": number, **call, "function": {"name": part.name, "arguments": ""}}]}
            for piece in answer.script.delta.text(part.arguments):
                yield {"tool_calls": [{"index": number, "function": {"arguments": piece}}]}
            number += 1


def _annotation(quote: str) -> Document:
    citation = {"title": quote, "url": "https://example.com/source", "start_index": 0, "end_index": 1}
    return {"type": "url_citation", "url_citation": citation}


def _logprobs(answer: Answer, text: str | None) -> Document | None:
    """One token for each character: it says the same as the text, in a second place."""
    if not answer.script.logprobs or not text:
        return None
    tokens = [
        {"token": character, "logprob": _PROBABILITY, "bytes": list(character.encode()), "top_logprobs": []}
        for character in text
    ]
    return {"content": tokens, "refusal": None}
