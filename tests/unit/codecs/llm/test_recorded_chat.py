"""A recorded session with models, played back: what is new, in its time, with what was scanned, decided and masked."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from passgate.codecs.llm.recorded_chat import RecordedChat
from passgate.core.errors import LedgerCorruptError
from passgate.core.moment import Moment, RecordedLine
from tests.unit.codecs.llm.test_recorded_stream import chunk, events

SYSTEM = {"role": "system", "content": "Be brief."}
HELLO = {"role": "user", "content": "I am <<EMAIL:k7q2m9xapb3d>>"}
CALLED = {"role": "assistant", "tool_calls": [{"id": "t", "function": {"name": "f", "arguments": '{"a": 1}'}}]}


class Tape:
    """Lines, a millisecond apart."""

    def __init__(self) -> None:
        self.lines: list[RecordedLine] = []

    def put(self, channel: str, call: str, body: Mapping[str, Any] | bytes) -> None:
        data = call.encode() + b"\n" + body if isinstance(body, bytes) else orjson.dumps({"call": call, **body})
        self.lines.append(RecordedLine(channel, len(self.lines) * 1000, data))

    def ask(self, call: str, *messages: Mapping[str, Any], **head: object) -> None:
        self.put("in", call, {"method": "POST", "path": "/v1/chat/completions", "model": "m", "stream": True, **head})
        body = orjson.dumps({"model": "m", "messages": messages})
        self.put("sent", call, body[:20])
        self.put("sent", call, body[20:])
        user = {"texts": 1, "fixed": 0, "found": {"pii:EMAIL": 1}}
        self.put("scan", call, {"fields": {"user": user, "metadata": {"texts": 2, "fixed": 2}}, "opaque": ["/x"]})
        masks = {"user:EMAIL": "token by tokenise"}
        self.put("verdict", call, {"outcome": "allow", "rule": "llm", "reason": "", "hint": "", "masks": masks})

    def stream(self, call: str, *bodies: dict[str, Any]) -> None:
        self.put("answer", call, {"status": 200, "media": "text/event-stream"})
        for body in bodies:
            self.put("frame", call, events(body))

    def end(self, call: str, **more: object) -> None:
        told = {"input_tokens": 3, "output_tokens": 4, "first_milliseconds": 5, "milliseconds": 9}
        self.put("end", call, {"status": "ok", "finish": "stop", **told, **more})

    def played(self) -> list[Moment]:
        return list(RecordedChat().moments(self.lines))

    def texts(self) -> list[tuple[str, str]]:
        return [(moment.kind, moment.text) for moment in self.played()]


def test_one_call_from_its_request_to_its_end() -> None:
    tape = Tape()
    tape.ask("CALL1", SYSTEM, HELLO, claims={"user": "u1"})
    tape.stream("CALL1", chunk(content="Hel"), chunk(content="lo\nthere"))
    tape.end("CALL1")
    assert tape.texts() == [
        ("request", "POST /v1/chat/completions m, streamed (call CALL1); claims user u1"),
        ("message", "system: Be brief."),
        ("message", "user: I am <<EMAIL:k7q2m9xapb3d>>"),
        ("scan", "scanned: user 1 (pii:EMAIL 1), metadata 2, 2 fixed; not scannable: /x"),
        ("verdict", "allow by llm\nuser:EMAIL: token by tokenise"),
        ("answer", "200 text/event-stream"),
        ("text", "assistant: Hello\nthere"),
        ("end", "ok, stop, 3 input tokens, 4 output tokens, first after 5 ms, 9 ms"),
    ]
    text = next(moment for moment in tape.played() if moment.kind == "text")
    assert text.pieces == ((0.006, "assistant: Hel"), (0.007, "lo\nthere"))
    assert text.json()["pieces"] == [["0.006000", "assistant: Hel"], ["0.007000", "lo\nthere"]]
    assert (text.facts["call"], text.facts["role"]) == ("CALL1", "assistant")
    assert all(moment.facts["call"] == "CALL1" for moment in tape.played())


def test_of_a_later_turn_only_what_is_new() -> None:
    tape = Tape()
    tape.ask("CALL1", SYSTEM, HELLO)
    call = [{"index": 0, "function": {"name": "f", "arguments": '{"a":1}'}}]
    tape.stream("CALL1", chunk(tool_calls=call))
    tape.end("CALL1")
    tape.ask("CALL2", SYSTEM, HELLO, CALLED, {"role": "tool", "tool_call_id": "t", "content": "42"})
    tape.put("answer", "CALL2", {"status": 200, "media": "application/json"})
    tape.put("frame", "CALL2", orjson.dumps({"choices": [{"message": {"role": "assistant", "content": "It is 42."}}]}))
    tape.end("CALL2")
    tape.ask("CALL3", SYSTEM, HELLO)
    said = [(kind, text) for kind, text in tape.texts() if kind in ("message", "text", "call")]
    assert said == [
        ("message", "system: Be brief."),
        ("message", "user: I am <<EMAIL:k7q2m9xapb3d>>"),
        ("call", 'assistant tool call f: {"a":1}'),
        ("message", "(3 as before)"),
        ("message", "tool tool result t: 42"),
        ("text", "assistant: It is 42."),
        ("message", "(2 as before)"),
    ]


def test_calls_that_overlap_are_told_apart() -> None:
    tape = Tape()
    tape.ask("CALL1", HELLO)
    tape.ask("CALL2", HELLO)
    for call in ("CALL1", "CALL2"):
        tape.put("answer", call, {"status": 200, "media": "text/event-stream"})
    for call, text in (("CALL1", "a"), ("CALL2", "x"), ("CALL2", "y"), ("CALL1", "b")):
        tape.put("frame", call, events(chunk(content=text)))
    tape.end("CALL1")
    tape.end("CALL2")
    assert [text for kind, text in tape.texts() if kind == "text"] == [
        "[CALL1] assistant: a", "[CALL2] assistant: xy", "[CALL1] assistant: b",
    ]  # fmt: skip


def test_tools_are_named_once() -> None:
    tape = Tape()
    for call in ("CALL1", "CALL2"):
        tape.put("in", call, {"method": "POST", "path": "/v1/messages"})
        tape.put("sent", call, orjson.dumps({"messages": [HELLO], "tools": [{"name": "f"}, {"name": "g"}]}))
        tape.end(call)
    assert [text for _, text in tape.texts()].count("tools: f, g") == 1


def test_a_refusal_and_what_could_not_be_scanned() -> None:
    tape = Tape()
    tape.put("in", "CALL1", {"method": "POST", "path": "/v1/messages", "withheld": True})
    tape.put("verdict", "CALL1", {"outcome": "deny", "rule": "secrets", "reason": "A key.", "hint": "Remove it."})
    tape.put("answer", "CALL1", {"status": 403, "media": "application/json"})
    tape.put("frame", "CALL1", b'{"type":"error","error":{"type":"permission_error","message":"A key."}}')
    tape.put("end", "CALL1", {"status": "refused", "code": "403", "milliseconds": 1})
    assert tape.texts() == [
        ("request", "POST /v1/messages (call CALL1); its body could not be scanned and was not kept"),
        ("verdict", "deny by secrets; A key.; Remove it."),
        ("answer", "403 application/json"),
        ("text", "error: permission_error: A key."),
        ("end", "refused, 403, 1 ms"),
    ]


def test_bodies_that_are_no_conversation_are_shown_as_they_are() -> None:
    tape = Tape()
    tape.put("in", "CALL1", {"method": "POST", "path": "/v1/files"})
    tape.put("sent", "CALL1", b'{"line":1}\n{"line":2}\n')
    tape.put("answer", "CALL1", {"status": 200, "media": "application/json"})
    tape.put("frame", "CALL1", b"not json")
    tape.end("CALL1")
    tape.put("in", "CALL2", {"method": "POST", "path": "/v1/batches"})
    tape.put("sent", "CALL2", b'{"input_file_id":"f"}')
    tape.put("in", "CALL3", {"method": "GET", "path": "/v1/models"})
    texts = [text for kind, text in tape.texts() if kind in ("message", "text")]
    assert texts == ['{"line":1}\n{"line":2}\n', "not json", '[CALL2] {"input_file_id":"f"}']


def test_what_a_cut_left_is_shown_up_to_there() -> None:
    tape = Tape()
    tape.put("frame", "GONE", b"x")
    tape.put("sent", "GONE", b"x")
    tape.put("end", "GONE", {"status": "ok", "milliseconds": 3})
    tape.ask("CALL1", HELLO)
    tape.stream("CALL1", chunk(content="a"))
    tape.lines.append(RecordedLine("cut", 9000, b'{"result":12}'))
    kinds = [moment.kind for moment in tape.played()]
    assert kinds == ["end", "request", "message", "scan", "verdict", "answer", "text", "cut"]
    assert tape.played()[-1].text == "not stored, only hashed: 12 bytes (result)"


@pytest.mark.parametrize("data", [b"[]", b"{", b""])
def test_a_line_that_nobody_can_have_written(data: bytes) -> None:
    with pytest.raises(LedgerCorruptError, match="a recorded line is malformed"):
        list(RecordedChat().moments([RecordedLine("verdict", 0, data)]))
