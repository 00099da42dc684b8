"""Streams as the providers send them, and what a client makes of them."""

import json
from collections.abc import Iterable, Sequence
from itertools import pairwise

from passgate.codecs.llm.answer import AnswerReader, LaneSource
from passgate.codecs.llm.answers.reader import answer_reader
from passgate.codecs.llm.answers.sse import EventParser
from passgate.codecs.llm.operation import Operation
from passgate.codecs.llm.operations import OPERATIONS

BY_NAME: dict[str, Operation] = {operation.name: operation for operation in OPERATIONS}
CHAT, RESPONSES, MESSAGES = BY_NAME["openai.chat"], BY_NAME["openai.responses"], BY_NAME["anthropic.messages"]


def fed(reader: AnswerReader, pieces: Iterable[bytes]) -> tuple[bytes, bytes]:
    """What is delivered and what is recorded, all of it."""
    every = [reader.feed(piece) for piece in pieces]
    every.append(reader.finish())
    return b"".join(piece.delivered for piece in every), b"".join(piece.recorded for piece in every)


def read(operation: Operation, data: bytes, lanes: LaneSource, cuts: Sequence[int] = ()) -> tuple[bytes, bytes]:
    places = [0, *sorted(cuts), len(data)]
    reader = answer_reader(operation, stream=True, lanes=lanes)
    return fed(reader, (data[start:end] for start, end in pairwise(places)))


def bytewise(operation: Operation, data: bytes, lanes: LaneSource) -> tuple[bytes, bytes]:
    return read(operation, data, lanes, range(1, len(data)))


def trees(stream: bytes) -> list[dict]:
    """The JSON of every event."""
    parser = EventParser()
    events = [*parser.feed(stream), *parser.finish()]
    return [json.loads(event.data) for event in events if event.data is not None and event.data != b"[DONE]"]


def dumped(tree: object) -> bytes:
    return json.dumps(tree, separators=(",", ":"), ensure_ascii=False).encode()


def data_event(tree: object) -> bytes:
    return b"data: " + dumped(tree) + b"\n\n"


def named_event(tree: dict) -> bytes:
    return b"event: " + tree["type"].encode() + b"\ndata: " + dumped(tree) + b"\n\n"


DONE = b"data: [DONE]\n\n"


def chunk(delta: dict | None, *, index: int = 0, finish: str | None = None, **more: object) -> bytes:
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1763800000, "model": "gpt-test"}
    choices = [] if delta is None else [{"index": index, "delta": delta, "finish_reason": finish}]
    return data_event({**head, "choices": choices, **more})


def chat(*deltas: dict, finish: str = "stop", usage: bool = True) -> bytes:
    """One choice."""
    counted = {"prompt_tokens": 7, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 2}}
    return b"".join(
        (
            *(chunk(delta) for delta in deltas),
            chunk({}, finish=finish),
            chunk(None, usage=counted) if usage else b"",
            DONE,
        )
    )


def argument_call(text: str, *, index: int = 0, name: str | None = None) -> dict:
    function = {"arguments": text} if name is None else {"name": name, "arguments": text}
    head = {} if name is None else {"id": f"call_{index}", "type": "function"}
    return {"tool_calls": [{"index": index, **head, "function": function}]}


def chat_said(stream: bytes) -> dict[tuple, str]:
    """By choice and place, the text that a client puts together."""
    said: dict[tuple, str] = {}
    for tree in trees(stream):
        for choice in tree.get("choices", ()):
            texts = dict(choice.get("delta", {}))
            for call in texts.pop("tool_calls", ()):
                key = (choice["index"], "call", call["index"])
                said[key] = said.get(key, "") + call.get("function", {}).get("arguments", "")
            if "text" in choice:
                texts["text"] = choice["text"]
            for name, text in texts.items():
                if isinstance(text, str) and name != "role":
                    said[choice["index"], name] = said.get((choice["index"], name), "") + text
    return said


class Numbered:
    """Events of the Responses API, numbered from 0."""

    def __init__(self) -> None:
        self.events: list[bytes] = []

    def add(self, kind: str, **members: object) -> None:
        self.events.append(named_event({"type": kind, "sequence_number": len(self.events), **members}))

    @property
    def data(self) -> bytes:
        return b"".join(self.events)


def response_tree(status: str, output: Sequence[dict] = (), **more: object) -> dict:
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1763800000,
        "status": status,
        "model": "gpt-test",
        "output": list(output),
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "usage": None,
        "metadata": {},
        **more,
    }


USED = {"input_tokens": 5, "output_tokens": 9, "total_tokens": 14, "input_tokens_details": {"cached_tokens": 4}}


def responses(text: Sequence[str] = (), thought: Sequence[str] = (), arguments: Sequence[str] = ()) -> bytes:
    """A reasoning summary, a message and a call, each where there are pieces of it."""
    stream = Numbered()
    stream.add("response.created", response=response_tree("in_progress"))
    stream.add("response.in_progress", response=response_tree("in_progress"))
    output: list[dict] = []
    for pieces, add in ((thought, _add_thought), (text, _add_message), (arguments, _add_call)):
        if pieces:
            output.append(add(stream, len(output), pieces))
    stream.add("response.completed", response=response_tree("completed", output, usage=USED))
    return stream.data


def _add_thought(stream: Numbered, place: int, pieces: Sequence[str]) -> dict:
    at = {"item_id": "rs_1", "output_index": place, "summary_index": 0}
    item = {"id": "rs_1", "type": "reasoning", "summary": [], "encrypted_content": "gAAAAABo" + "Q" * 40}
    stream.add("response.output_item.added", output_index=place, item=item)
    stream.add("response.reasoning_summary_part.added", **at, part={"type": "summary_text", "text": ""})
    for piece in pieces:
        stream.add("response.reasoning_summary_text.delta", **at, delta=piece, obfuscation="Qx7")
    part = {"type": "summary_text", "text": "".join(pieces)}
    stream.add("response.reasoning_summary_text.done", **at, text="".join(pieces))
    stream.add("response.reasoning_summary_part.done", **at, part=part)
    item = {**item, "summary": [part]}
    stream.add("response.output_item.done", output_index=place, item=item)
    return item


def _add_message(stream: Numbered, place: int, pieces: Sequence[str]) -> dict:
    at = {"item_id": "msg_1", "output_index": place, "content_index": 0}
    item = {"id": "msg_1", "type": "message", "status": "in_progress", "role": "assistant", "content": []}
    empty = {"type": "output_text", "annotations": [], "logprobs": [], "text": ""}
    stream.add("response.output_item.added", output_index=place, item=item)
    stream.add("response.content_part.added", **at, part=empty)
    for piece in pieces:
        stream.add("response.output_text.delta", **at, delta=piece, logprobs=[], obfuscation="aB3dE")
    part = {**empty, "text": "".join(pieces)}
    stream.add("response.output_text.done", **at, text="".join(pieces), logprobs=[])
    stream.add("response.content_part.done", **at, part=part)
    item = {**item, "status": "completed", "content": [part]}
    stream.add("response.output_item.done", output_index=place, item=item)
    return item


def _add_call(stream: Numbered, place: int, pieces: Sequence[str]) -> dict:
    at = {"item_id": "fc_1", "output_index": place}
    item = {"id": "fc_1", "type": "function_call", "status": "in_progress", "call_id": "call_1", "name": "look_up"}
    stream.add("response.output_item.added", output_index=place, item={**item, "arguments": ""})
    for piece in pieces:
        stream.add("response.function_call_arguments.delta", **at, delta=piece, obfuscation="")
    stream.add("response.function_call_arguments.done", **at, name="look_up", arguments="".join(pieces))
    item = {**item, "status": "completed", "arguments": "".join(pieces)}
    stream.add("response.output_item.done", output_index=place, item=item)
    return item


def responses_said(stream: bytes) -> dict[tuple, str]:
    said: dict[tuple, str] = {}
    for tree in trees(stream):
        if tree["type"].endswith(".delta"):
            part = tree.get("content_index", tree.get("summary_index"))
            key = (tree.get("output_index"), part, tree["type"][: -len(".delta")])
            said[key] = said.get(key, "") + tree["delta"]
    return said


START = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-test",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 10,
            "cache_read_input_tokens": 5,
            "cache_creation_input_tokens": 2,
            "output_tokens": 1,
        },
    },
}
STOP = (
    {
        "type": "message_delta",
        "delta": {"stop_reason": "end_turn", "stop_sequence": None},
        "usage": {"output_tokens": 42},
    },
    {"type": "message_stop"},
)
PING = {"type": "ping"}


def block(index: int, content: dict, *deltas: dict) -> list[dict]:
    return [
        {"type": "content_block_start", "index": index, "content_block": content},
        *({"type": "content_block_delta", "index": index, "delta": delta} for delta in deltas),
        {"type": "content_block_stop", "index": index},
    ]


def text_block(index: int, *pieces: str) -> list[dict]:
    return block(index, {"type": "text", "text": ""}, *({"type": "text_delta", "text": piece} for piece in pieces))


def thinking_block(index: int, *pieces: str) -> list[dict]:
    deltas = [{"type": "thinking_delta", "thinking": piece} for piece in pieces]
    signed = {"type": "signature_delta", "signature": "EqQBCgIYAhIM1gbcDa9GJwZA2b3hGgxBdjrkzLoky3dl1pk="}
    return block(index, {"type": "thinking", "thinking": "", "signature": ""}, *deltas, signed)


def tool_block(index: int, *pieces: str) -> list[dict]:
    tool = {"type": "tool_use", "id": f"toolu_{index}", "name": "look_up", "input": {}}
    return block(index, tool, *({"type": "input_json_delta", "partial_json": piece} for piece in pieces))


def messages(*blocks: list[dict]) -> bytes:
    events = [START, *(event for part in blocks for event in part), *STOP]
    return b"".join(named_event(event) for event in events)


def messages_said(stream: bytes) -> dict[tuple, str]:
    said: dict[tuple, str] = {}
    for tree in trees(stream):
        texts = tree.get("delta", {}) if tree["type"] == "content_block_delta" else {}
        if tree["type"] == "content_block_start":
            texts = {name: tree["content_block"].get(name, "") for name in ("text", "thinking")}
        for name, text in texts.items():
            if name != "type" and isinstance(text, str) and (text or (tree["index"], name) in said):
                said[tree["index"], name] = said.get((tree["index"], name), "") + text
    return said
