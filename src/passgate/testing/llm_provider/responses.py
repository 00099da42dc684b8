"""OpenAI's responses, whole and as events (developers.openai.com/api/reference, "Responses: streaming events")."""

import base64
from collections.abc import Iterator
from itertools import count
from typing import Any

from passgate.testing.llm_provider import ids
from passgate.testing.llm_provider.answer import Answer
from passgate.testing.llm_provider.script import Refusal, Text, Thinking, ToolCall
from passgate.testing.llm_provider.wire import Frame

Document = dict[str, Any]
_GIVEN_BACK = (
    "instructions",
    "metadata",
    "tools",
    "tool_choice",
    "user",
    "safety_identifier",
    "prompt_cache_key",
    "text",
)
"""What of a request the provider repeats in its answer."""


def whole(answer: Answer) -> Document:
    return _response(answer, ids.hexadecimal("resp_", 48), _items(answer), "completed")


def events(answer: Answer) -> Iterator[Frame]:
    """Every text comes several times: in deltas, when it is done, in its part, in its item, in the whole response."""
    numbers = count()

    def event(name: str, body: Document) -> Frame:
        return Frame(event=name, data={"type": name, "sequence_number": next(numbers), **body})

    id_ = ids.hexadecimal("resp_", 48)
    items = _items(answer)
    begun = _response(answer, id_, [], "in_progress")
    yield event("response.created", {"response": begun})
    yield event("response.in_progress", {"response": begun})
    for index, item in enumerate(items):
        place = {"item_id": item["id"], "output_index": index}
        yield event("response.output_item.added", {"output_index": index, "item": _empty(item)})
        for name, body in _item_events(answer, item):
            yield event(name, {**place, **body})
        yield event("response.output_item.done", {"output_index": index, "item": item})
    yield event("response.completed", {"response": _response(answer, id_, items, "completed")})


def compacted(answer: Answer) -> Document:
    """What ``/responses/compact`` gives: the conversation as one item that only the provider can read."""
    item = {"id": ids.hexadecimal("cmp_", 48), "type": "compaction", "encrypted_content": _sealed(answer.asked.text)}
    return {
        "id": ids.hexadecimal("resp_", 48),
        "object": "response.compaction",
        "created_at": answer.created,
        "output": [item],
        "usage": _usage(answer),
    }


def _response(answer: Answer, id_: str, output: list[Document], status: str) -> Document:
    document = answer.asked.document
    return {
        "id": id_,
        "object": "response",
        "created_at": answer.created,
        "status": status,
        "background": False,
        "error": None,
        "incomplete_details": None,
        "max_output_tokens": document.get("max_output_tokens"),
        "model": answer.asked.model,
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": document.get("previous_response_id"),
        "reasoning": {"effort": None, "summary": None},
        "store": document.get("store", True),
        "temperature": 1.0,
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": _usage(answer) if status == "completed" else None,
        **{name: document[name] for name in _GIVEN_BACK if name in document},
        **answer.script.extra,
    }


def _usage(answer: Answer) -> Document:
    given, written = answer.asked.size, answer.output_tokens
    return {
        "input_tokens": given,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": written,
        "output_tokens_details": {"reasoning_tokens": answer.reasoning_tokens},
        "total_tokens": given + written,
    }


def _items(answer: Answer) -> list[Document]:
    items: list[Document] = []
    for part in answer.parts:
        if isinstance(part, Thinking):
            summary = [{"type": "summary_text", "text": part.text}]
            item: Document = {"id": ids.hexadecimal("rs_", 48), "type": "reasoning", "summary": summary}
            if "reasoning.encrypted_content" in (answer.asked.document.get("include") or ()):
                item["encrypted_content"] = _sealed(part.text)
            items.append(item)
        elif isinstance(part, ToolCall):
            call = {"call_id": part.id or ids.base62("call_", 24), "name": part.name, "arguments": part.arguments}
            items.append({"id": ids.hexadecimal("fc_", 48), "type": "function_call", "status": "completed", **call})
        elif isinstance(part, Text | Refusal):
            items.append(
                {
                    "id": ids.hexadecimal("msg_", 48),
                    "type": "message",
                    "status": "completed",
                    "role": "assistant",
                    "content": [_content(part, with_logprobs=answer.script.logprobs)],
                }
            )
    return items


def _content(part: Text | Refusal, *, with_logprobs: bool) -> Document:
    if isinstance(part, Refusal):
        return {"type": "refusal", "refusal": part.text}
    annotations = [
        {"type": "url_citation", "title": q, "url": "https://example.com/source", "start_index": 0, "end_index": 1}
        for q in part.citations
    ]
    logprobs = _logprobs(part.text) if with_logprobs else []
    return {"type": "output_text", "text": part.text, "annotations": annotations, "logprobs": logprobs}


def _logprobs(text: str) -> list[Document]:
    return [{"token": c, "logprob": -0.0123456789, "bytes": list(c.encode()), "top_logprobs": []} for c in text]


def _empty(item: Document) -> Document:
    """An item as it is announced: nothing in it yet."""
    nothing = {"content": [], "summary": [], "arguments": ""}
    status = {"status": "in_progress"} if "status" in item else {}
    return {**item, **{name: nothing[name] for name in nothing if name in item}, **status}


def _item_events(answer: Answer, item: Document) -> Iterator[tuple[str, Document]]:
    if item["type"] == "function_call":
        for piece in answer.script.delta.text(item["arguments"]):
            yield "response.function_call_arguments.delta", {"delta": piece}
        yield "response.function_call_arguments.done", {"arguments": item["arguments"], "name": item["name"]}
    elif item["type"] == "reasoning":
        (part,) = item["summary"]
        place = {"summary_index": 0}
        yield "response.reasoning_summary_part.added", {**place, "part": {**part, "text": ""}}
        for piece in answer.script.delta.text(part["text"]):
            yield "response.reasoning_summary_text.delta", {**place, "delta": piece, "obfuscation": ids.base62("", 8)}
        yield "response.reasoning_summary_text.done", {**place, "text": part["text"]}
        yield "response.reasoning_summary_part.done", {**place, "part": part}
    else:
        (part,) = item["content"]
        place = {"content_index": 0}
        if part["type"] == "refusal":
            yield "response.content_part.added", {**place, "part": {"type": "refusal", "refusal": ""}}
            for piece in answer.script.delta.text(part["refusal"]):
                yield "response.refusal.delta", {**place, "delta": piece}
            yield "response.refusal.done", {**place, "refusal": part["refusal"]}
        else:
            yield from _text_events(answer, part, place)
        yield "response.content_part.done", {**place, "part": part}


def _text_events(answer: Answer, part: Document, place: Document) -> Iterator[tuple[str, Document]]:
    yield "response.content_part.added", {**place, "part": {**part, "text": "", "annotations": [], "logprobs": []}}
    for piece in answer.script.delta.text(part["text"]):
        logprobs = _logprobs(piece) if part["logprobs"] else []
        padding = {"obfuscation": ids.base62("", 8)}
        yield "response.output_text.delta", {**place, "delta": piece, "logprobs": logprobs, **padding}
    for number, annotation in enumerate(part["annotations"]):
        body = {**place, "annotation_index": number, "annotation": annotation}
        yield "response.output_text.annotation.added", body
    yield "response.output_text.done", {**place, "text": part["text"], "logprobs": part["logprobs"]}


def _sealed(text: str) -> str:
    """Stands for the provider's ciphertext: long, opaque, and of no use to anyone else."""
    return "gAAAAA" + base64.urlsafe_b64encode(bytes(len(text)) + b"sealed by the stand-in").decode()
