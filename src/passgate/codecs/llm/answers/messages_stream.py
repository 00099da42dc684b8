"""Streams of Anthropic's Messages API: content blocks, one after the other, each begun, continued and stopped.

One text for each block and each kind of delta; what a block begins with is the beginning of its text. ``content_block_stop``
ends the texts of its block. ``event:`` lines stay as they are: without them the official SDKs see nothing.
"""

import orjson

from passgate.codecs.llm.answer import Summary, Usage
from passgate.codecs.llm.answers.anthropic_table import EVENT
from passgate.codecs.llm.answers.frame import DONE, Frame, Key, number_of, object_of, text_of
from passgate.codecs.llm.answers.sse import Event, event_bytes
from passgate.codecs.llm.answers.summaries import anthropic_usage
from passgate.codecs.llm.answers.words import AnswerReading
from passgate.codecs.llm.call import Leaf
from passgate.codecs.llm.json_text import MAX_ANSWER_SCALARS, Json, parse
from passgate.core.errors import RemoteProtocolError

_DELTA = "content_block_delta"
_STARTED = {"/content_block/text": "/delta/text", "/content_block/thinking": "/delta/thinking"}
"""What a block begins with, and where it goes on."""

_TYPES = {
    "/delta/text": "text_delta",
    "/delta/thinking": "thinking_delta",
    "/delta/partial_json": "input_json_delta",
    "/delta/content": "compaction_delta",
}


class MessagesStream:
    def __init__(self) -> None:
        self._usage = Usage()
        self._message: dict[str, Json] = {}
        self._finish = ""
        self._tools: list[str] = []
        self._types: dict[Key, str] = {}

    @property
    def summary(self) -> Summary:
        return Summary(
            usage=self._usage,
            model=text_of(self._message.get("model")),
            finish=self._finish,
            answer_id=text_of(self._message.get("id")),
            tools=tuple(dict.fromkeys(self._tools)),
        )

    def read(self, event: Event) -> Frame:
        data = event.data or b""
        if data.strip() == DONE:
            return Frame(ends=((),), last=True)
        document = parse(data, most=MAX_ANSWER_SCALARS)
        if not isinstance(document.tree, dict):
            raise RemoteProtocolError("an event is not an object")
        tree = document.tree
        kind = text_of(tree.get("type")) or ("error" if "error" in tree else event.name.decode(errors="replace"))
        reading = AnswerReading(document)
        EVENT.read(reading, tree, "")
        frame = Frame(kind=kind, copies=reading.copies, last=kind in {"message_stop", "error"})
        index = number_of(tree.get("index"))
        if kind == "content_block_start":
            frame.begins = ((index,),)
            block = object_of(tree.get("content_block"))
            if text_of(block.get("type")).endswith("tool_use"):
                self._tools.append(text_of(block.get("name")))
        elif kind == "content_block_stop":
            frame.ends = ((index,),)
        elif frame.last or kind == "message_delta":
            frame.ends = ((),)
        self._part(frame, reading.leaves, kind, index, text_of(object_of(tree.get("delta")).get("type")))
        self._note(kind, tree)
        return frame

    def tail(self, key: Key, text: bytes, number: int) -> bytes:  # noqa: ARG002 - events have no number
        index, pointer = key
        place = str(pointer)
        delta = {"type": self._types.get(key, _TYPES.get(place, "")), place.rsplit("/", 1)[1]: text.decode()}
        return event_bytes(orjson.dumps({"type": _DELTA, "index": index, "delta": delta}), name=_DELTA.encode())

    def closing(self) -> bytes:
        return b""

    def _part(self, frame: Frame, leaves: list[Leaf], kind: str, index: int | None, delta: str) -> None:
        """Which texts go on with what came before. A citation comes whole."""
        whole: list[Leaf] = []
        streamed: list[tuple[Key, Leaf]] = []
        for leaf in leaves:
            place = _STARTED.get(leaf.pointer) if kind == "content_block_start" else None
            if kind == _DELTA and delta != "citations_delta" and leaf.pointer.startswith("/delta/"):
                place = leaf.pointer
            if place is None or leaf.fixed or not leaf.quoted:
                whole.append(leaf)
            else:
                streamed.append(((index, place), leaf))
                if kind == _DELTA:
                    self._types[index, place] = delta
        frame.whole, frame.streamed = whole, streamed

    def _note(self, kind: str, tree: dict[str, Json]) -> None:
        if kind == "message_start":
            self._message = dict(object_of(tree.get("message")))
            self._usage = anthropic_usage(self._message.get("usage"))
        elif kind == "message_delta":
            self._usage = anthropic_usage(tree.get("usage"), self._usage)
            self._finish = text_of(object_of(tree.get("delta")).get("stop_reason")) or self._finish
