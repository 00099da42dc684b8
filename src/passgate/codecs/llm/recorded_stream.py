"""What was said in an answer that came as server-sent events, delta by delta, whatever the dialect."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from passgate.codecs.llm.answers.sse import EventParser
from passgate.codecs.llm.recorded_said import Said, call_text, error_text, object_, objects


@dataclass(frozen=True, slots=True, kw_only=True)
class Delta:
    """``block``: which text of the answer it goes on with. ``kind`` and ``name``: as in ``Said``."""

    block: str
    kind: str
    text: str
    name: str = ""


class RecordedStream:
    """Feed it the recorded frames of one answer. What is not JSON, or says nothing, is passed over."""

    def __init__(self) -> None:
        self._events = EventParser()
        self._names: dict[str, str] = {}
        self._blocks: dict[str, list[Delta]] = {}

    def feed(self, data: bytes) -> list[Delta]:
        """Raises RemoteProtocolError for an event that is longer than any that was delivered."""
        deltas: list[Delta] = []
        for event in self._events.feed(data):
            try:
                body = orjson.loads(event.data or b"")
            except orjson.JSONDecodeError:
                continue  # [DONE], a heartbeat
            if isinstance(body, dict):
                deltas += [delta for delta in self._read(body) if delta.text or delta.name]
        for delta in deltas:
            self._blocks.setdefault(delta.block, []).append(delta)
        return deltas

    def said(self) -> list[Said]:
        """All of it so far, as the next request would repeat it."""
        found = []
        for deltas in self._blocks.values():
            first, text = deltas[0], "".join(delta.text for delta in deltas)
            if first.kind == "tool call":
                found.append(call_text(first.name, text or "{}"))
            else:
                found.append(Said(role="assistant", kind=first.kind, text=text))
        return found

    def _read(self, body: Mapping[str, Any]) -> Iterator[Delta]:
        kind = body.get("type")
        if isinstance(body.get("error"), (str, Mapping)) and body["error"]:
            yield Delta(block="error", kind="error", text=error_text(body["error"]))
        elif isinstance(body.get("choices"), list):
            for choice in objects(body["choices"]):
                yield from self._choice(choice)
        elif isinstance(kind, str) and kind.startswith("content_block_"):
            yield from self._anthropic(kind, body)
        elif isinstance(kind, str) and kind.startswith("response."):
            yield from self._responses(kind, body)
        elif kind == "error":
            yield Delta(block="error", kind="error", text=error_text(body))

    def _choice(self, choice: Mapping[str, Any]) -> Iterator[Delta]:
        """OpenAI's chat.completion.chunk; ``text`` is of the older completions."""
        index = choice.get("index", 0)
        delta = object_(choice.get("delta"))
        for kind, text in (
            ("reasoning", delta.get("reasoning_content") or delta.get("reasoning")),
            ("text", delta.get("content") or choice.get("text")),
            ("refusal", delta.get("refusal")),
        ):
            if isinstance(text, str):
                yield Delta(block=f"{index}.{kind}", kind=kind, text=text)
        for call in objects(delta.get("tool_calls")):
            block = f"{index}.call{call.get('index', 0)}"
            function = object_(call.get("function"))
            yield self._called(block, function.get("name"), function.get("arguments"))

    def _anthropic(self, kind: str, body: Mapping[str, Any]) -> Iterator[Delta]:
        block = str(body.get("index", 0))
        part = object_(body.get("content_block" if kind == "content_block_start" else "delta"))
        if part.get("type") in ("tool_use", "server_tool_use", "mcp_tool_use"):
            yield self._called(block, part.get("name"), None)
        elif isinstance(part.get("partial_json"), str):
            yield self._called(block, None, part["partial_json"])
        elif isinstance(part.get("thinking"), str):
            yield Delta(block=block, kind="reasoning", text=part["thinking"])
        elif isinstance(part.get("text"), str):
            yield Delta(block=block, kind="text", text=part["text"])

    def _responses(self, kind: str, body: Mapping[str, Any]) -> Iterator[Delta]:
        block = f"{body.get('output_index', 0)}"
        item = object_(body.get("item"))
        response = object_(body.get("response"))
        if kind == "response.output_item.added" and "name" in item:
            yield self._called(block, item["name"], None)
        elif kind == "response.failed":
            yield Delta(block="error", kind="error", text=error_text(response.get("error") or "failed"))
        elif kind.endswith(".delta") and isinstance(body.get("delta"), str):
            if "arguments" in kind or "input" in kind:
                yield self._called(block, None, body["delta"])
            else:
                said = "reasoning" if "reasoning" in kind else "refusal" if "refusal" in kind else "text"
                part = body.get("content_index", body.get("summary_index", 0))
                yield Delta(block=f"{block}.{part}", kind=said, text=body["delta"])

    def _called(self, block: str, name: object, arguments: object) -> Delta:
        if isinstance(name, str) and name:
            self._names[block] = name
        text = arguments if isinstance(arguments, str) else ""
        return Delta(block=block, kind="tool call", text=text, name=self._names.get(block, ""))
