"""Anthropic's messages, whole and as events (platform.claude.com/docs, "Streaming Messages")."""

import json
from collections.abc import Iterator
from typing import Any

from passgate.testing.llm_provider import ids
from passgate.testing.llm_provider.answer import Answer
from passgate.testing.llm_provider.asked import signature
from passgate.testing.llm_provider.script import Part, RedactedThinking, Refusal, Text, Thinking, ToolCall
from passgate.testing.llm_provider.wire import Frame

Document = dict[str, Any]


def whole(answer: Answer) -> Document:
    content = [_block(part, answer) for part in answer.parts]
    return {**_head(answer), "content": content, **_end(answer), "usage": _usage(answer), **answer.script.extra}


def events(answer: Answer) -> Iterator[Frame]:
    def event(body: Document) -> Frame:
        return Frame(event=body["type"], data=body)

    begun = {**_usage(answer), "output_tokens": 1}
    end = {"stop_reason": None, "stop_sequence": None}
    message = {**_head(answer), "content": [], **end, "usage": begun, **answer.script.extra}
    yield event({"type": "message_start", "message": message})
    for index, part in enumerate(answer.parts):
        block = _block(part, answer)
        yield event({"type": "content_block_start", "index": index, "content_block": _empty(block)})
        for _ in range(answer.script.pings if index == 0 else 0):
            yield event({"type": "ping"})
        for delta in _deltas(part, block, answer):
            yield event({"type": "content_block_delta", "index": index, "delta": delta})
        yield event({"type": "content_block_stop", "index": index})
    yield event({"type": "message_delta", "delta": _end(answer), "usage": {"output_tokens": answer.output_tokens}})
    yield event({"type": "message_stop"})


def _head(answer: Answer) -> Document:
    return {"id": ids.base62("msg_01", 22), "type": "message", "role": "assistant", "model": answer.asked.model}


def _end(answer: Answer) -> Document:
    reason = "tool_use" if answer.calls_tools else "refusal" if answer.refuses else "end_turn"
    return {"stop_reason": reason, "stop_sequence": None}


def _usage(answer: Answer) -> Document:
    return {
        "input_tokens": answer.asked.size,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 0,
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "output_tokens": answer.output_tokens,
        "service_tier": "standard",
    }


def _block(part: Part, answer: Answer) -> Document:
    if isinstance(part, Thinking):
        signed = signature(part.text, answer.signing_key)
        return {"type": "thinking", "thinking": part.text, "signature": signed}
    if isinstance(part, RedactedThinking):
        return {"type": "redacted_thinking", "data": part.data}
    if isinstance(part, ToolCall):
        given = json.loads(part.arguments)
        return {"type": "tool_use", "id": part.id or ids.base62("toolu_01", 22), "name": part.name, "input": given}
    citations = {"citations": _citations(part)} if isinstance(part, Text) and part.citations else {}
    return {"type": "text", "text": part.text, **citations}


def _citations(part: Text) -> list[Document]:
    return [
        {
            "type": "char_location",
            "cited_text": quote,
            "document_index": 0,
            "document_title": "Source",
            "start_char_index": 0,
            "end_char_index": len(quote),
            "file_id": None,
        }
        for quote in part.citations
    ]


def _empty(block: Document) -> Document:
    nothing: Document = {"text": "", "thinking": "", "signature": "", "input": {}, "citations": []}
    return {name: nothing.get(name, value) for name, value in block.items()}


def _deltas(part: Part, block: Document, answer: Answer) -> Iterator[Document]:
    cut = answer.script.delta
    if isinstance(part, Thinking):
        for piece in cut.text(part.text):
            yield {"type": "thinking_delta", "thinking": piece}
        yield {"type": "signature_delta", "signature": block["signature"]}
    elif isinstance(part, ToolCall):
        yield {"type": "input_json_delta", "partial_json": ""}
        for piece in cut.text(part.arguments):
            yield {"type": "input_json_delta", "partial_json": piece}
    elif isinstance(part, Text | Refusal):
        for piece in cut.text(part.text):
            yield {"type": "text_delta", "text": piece}
        for citation in block.get("citations", ()):
            yield {"type": "citations_delta", "citation": citation}
