"""Streams of OpenAI's Responses API: events with a ``type`` and a number.

One text for each output item, each part in it (by ``content_index`` or ``summary_index``) and each kind of delta. ``.done``
ends the texts of its own kind and part, ``response.output_item.done`` those of its item. Every copy of a text in the events
that close it is masked as a whole; masked whole or in pieces, it reads the same. Numbers stay gap-free: where an event had to
be added, all that follow move on.
"""

import re

import orjson

from passgate.codecs.llm.answer import Summary
from passgate.codecs.llm.answers.frame import DONE, Frame, Key, number_of, object_of, text_of
from passgate.codecs.llm.answers.openai_table import event as event_table
from passgate.codecs.llm.answers.sse import Event, event_bytes
from passgate.codecs.llm.answers.summaries import openai_summary
from passgate.codecs.llm.answers.words import AnswerReading
from passgate.codecs.llm.json_text import MAX_ANSWER_SCALARS, Json, parse
from passgate.core.errors import RemoteProtocolError

_LAST = frozenset(("response.completed", "response.incomplete", "response.failed", "response.cancelled", "error"))
_ITEM_BEGINS = "response.output_item.added"
_ITEM_ENDS = "response.output_item.done"
_PART_ENDS = frozenset(("response.content_part.done", "response.reasoning_summary_part.done"))
_NUMBER = re.compile(rb'"sequence_number"\s*:\s*(\d+)')
"""With a bare quote in front, it cannot stand inside a string."""


class ResponsesStream:
    def __init__(self) -> None:
        self.summary = Summary()
        self._deltas: dict[Key, dict[str, Json]] = {}
        self._tools: list[str] = []

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
        event_table(kind).read(reading, tree, "")
        frame = Frame(kind=kind, whole=reading.leaves, copies=reading.copies, last=kind in _LAST)
        item, part = number_of(tree.get("output_index")), _part(tree)
        found = _NUMBER.search(document.text) if "sequence_number" in tree else None
        if found is not None:
            frame.number = (found.start(1), found.end(1), int(found.group(1)))
        if kind.endswith(".delta"):
            family = kind[: -len(".delta")]
            streamed = [
                leaf for leaf in reading.leaves if leaf.pointer.startswith("/delta") and leaf.quoted and not leaf.fixed
            ]
            frame.whole = [leaf for leaf in reading.leaves if leaf not in streamed]
            frame.streamed = [((item, part, family, leaf.pointer), leaf) for leaf in streamed]
            for key, _ in frame.streamed:
                self._deltas[key] = tree
        elif kind == _ITEM_BEGINS:
            frame.begins = ((item,),)
            self._note_tool(tree)
        elif kind == _ITEM_ENDS:
            frame.ends = ((item,),)
        elif kind in _PART_ENDS:
            frame.ends = ((item, part),)
        elif kind.endswith(".done"):
            frame.ends = ((item, part, kind[: -len(".done")]),)
        elif frame.last:
            frame.ends = ((),)
        if isinstance(tree.get("response"), dict):
            self._note_response(tree["response"])
        return frame

    def tail(self, key: Key, text: bytes, number: int) -> bytes:
        tree = dict(self._deltas[key])
        path = str(key[3]).split("/")[1:]
        tree = {name: value for name, value in tree.items() if name not in {"obfuscation", "logprobs"}}
        tree["delta"] = _placed(path[1:], text.decode())
        if "sequence_number" in tree:
            tree["sequence_number"] = number
        return event_bytes(orjson.dumps(tree), name=text_of(tree.get("type")).encode())

    def closing(self) -> bytes:
        return b""

    def _note_tool(self, tree: dict[str, Json]) -> None:
        item = object_of(tree.get("item"))
        name = text_of(item.get("name"))
        if name and name not in self._tools:
            self._tools.append(name)

    def _note_response(self, response: Json) -> None:
        known = openai_summary(response)
        self.summary = Summary(
            usage=known.usage,
            model=known.model or self.summary.model,
            finish="" if known.finish in {"in_progress", "queued"} else known.finish,
            answer_id=known.answer_id or self.summary.answer_id,
            tools=tuple(dict.fromkeys((*self._tools, *known.tools))),
        )


def _part(tree: dict[str, Json]) -> str:
    for name in ("content_index", "summary_index"):
        index = number_of(tree.get(name))
        if index is not None:
            return f"{name[0]}{index}"
    return ""


def _placed(path: list[str], text: str) -> Json:
    """``text`` at the end of a path, as the only thing there."""
    placed: Json = text
    for step in reversed(path):
        placed = {step.replace("~1", "/").replace("~0", "~"): placed}
    return placed
