"""Streams of OpenAI's chat completions and of the older completions: chunks, told apart by choice, closed by ``[DONE]``.

One text for each choice and each place below its ``delta``; tool calls by their ``index``. A ``finish_reason`` ends the texts
of its own choice; but there are servers with a ``finish_reason`` in every chunk, so a text may go on all the same.
"""

import orjson

from passgate.codecs.llm.answer import Summary, Usage
from passgate.codecs.llm.answers.frame import DONE, Frame, Key, list_of, number_of, object_of, text_of
from passgate.codecs.llm.answers.openai_table import ANSWER
from passgate.codecs.llm.answers.sse import Event, event_bytes
from passgate.codecs.llm.answers.summaries import openai_usage
from passgate.codecs.llm.answers.words import AnswerReading
from passgate.codecs.llm.call import Leaf
from passgate.codecs.llm.json_text import MAX_ANSWER_SCALARS, Json, parse
from passgate.core.errors import RemoteProtocolError

_ENVELOPE = ("id", "object", "created", "model", "system_fingerprint", "service_tier")


class ChatStream:
    def __init__(self) -> None:
        self._usage = Usage()
        self._head: dict[str, Json] = {}
        self._finish = ""
        self._tools: dict[Key, str] = {}
        self._open: set[int] = set()
        self._finished: set[int] = set()
        self._done = False
        self._failed = False

    @property
    def summary(self) -> Summary:
        return Summary(
            usage=self._usage,
            model=text_of(self._head.get("model")),
            finish=self._finish,
            answer_id=text_of(self._head.get("id")),
            tools=tuple(dict.fromkeys(self._tools.values())),
        )

    def read(self, event: Event) -> Frame:
        data = event.data or b""
        if data.strip() == DONE:
            self._done = True
            return Frame(ends=((),), last=True)
        document = parse(data, most=MAX_ANSWER_SCALARS)
        if not isinstance(document.tree, dict):
            raise RemoteProtocolError("a chunk is not an object")
        tree = document.tree
        reading = AnswerReading(document)
        ANSWER.read(reading, tree, "")
        choices = list_of(tree.get("choices"))
        frame = Frame(copies=reading.copies)
        indexes = [self._choice(position, object_of(choice), frame) for position, choice in enumerate(choices)]
        whole: list[Leaf] = []
        streamed: list[tuple[Key, Leaf]] = []
        for leaf in reading.leaves:
            key = _key(leaf, choices, indexes)
            if key is None:
                whole.append(leaf)
            else:
                streamed.append((key, leaf))
        frame.whole, frame.streamed = whole, streamed
        self._note(tree)
        if "error" in tree and tree["error"] is not None:
            self._failed = True
            frame.ends = ((),)
        frame.last = self._failed or (bool(self._finished) and not self._open)
        return frame

    def tail(self, key: Key, text: bytes, number: int) -> bytes:  # noqa: ARG002 - chunks have no number
        index, *path = key
        inner: Json = text.decode()
        for step in reversed(path):
            inner = [{"index": step, **object_of(inner)}] if isinstance(step, int) else {str(step): inner}
        choice: dict[str, Json] = {"index": index if isinstance(index, int) else 0, **object_of(inner)}
        choice["finish_reason"] = None
        return event_bytes(orjson.dumps({**self._head, "choices": [choice]}))

    def closing(self) -> bytes:
        return b"" if self._done or self._failed else event_bytes(DONE)

    def _choice(self, position: int, choice: object, frame: Frame) -> int:
        members = object_of(choice) if isinstance(choice, dict) else {}
        index = number_of(members.get("index"))
        index = position if index is None else index
        reason = members.get("finish_reason")
        if isinstance(reason, str) and reason:
            self._finish = self._finish or reason
            self._open.discard(index)
            self._finished.add(index)
            frame.pauses = (*frame.pauses, (index,))
        elif index not in self._finished:
            self._open.add(index)
        delta = object_of(members.get("delta"))
        for place, call in enumerate(list_of(delta.get("tool_calls"))):
            fields = object_of(call)
            called = object_of(fields.get("function")) or object_of(fields.get("custom"))
            self._tool((index, number_of(fields.get("index")) or place), called)
        self._tool((index,), object_of(delta.get("function_call")))
        return index

    def _tool(self, key: Key, called: "object") -> None:
        name = text_of(object_of(called).get("name")) if isinstance(called, dict) else ""
        if name and key not in self._tools:
            self._tools[key] = name

    def _note(self, tree: dict[str, Json]) -> None:
        if not self._head.get("id"):
            self._head = {name: tree[name] for name in _ENVELOPE if isinstance(tree.get(name), (str, int))}
        if isinstance(tree.get("usage"), dict):
            self._usage = openai_usage(tree["usage"])


def _key(leaf: Leaf, choices: object, indexes: list[int]) -> Key | None:
    """Which text a leaf goes on with; None: it stands by itself."""
    steps = leaf.pointer.split("/")
    if leaf.fixed or not leaf.quoted or len(steps) < 4 or steps[1] != "choices" or steps[3] not in {"delta", "text"}:
        return None
    position = int(steps[2])
    key: list[str | int | None] = [indexes[position]]
    node = list_of(choices)[position] if isinstance(choices, list) else None
    for step in steps[3:]:
        if isinstance(node, list):
            node = node[int(step)]
            index = number_of(object_of(node).get("index"))
            key.append(int(step) if index is None else index)
        else:
            node = object_of(node).get(step.replace("~1", "/").replace("~0", "~"))
            key.append(step)
    return tuple(key)
