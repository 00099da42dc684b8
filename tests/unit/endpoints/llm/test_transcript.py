"""Every line of a call, as it is documented."""

import json

from passgate.codecs.llm.answer import Summary, Usage
from passgate.codecs.llm.evidence import FieldEvidence, ScanEvidence
from passgate.codecs.llm.recorded_chat import RecordedChat
from passgate.core.action import ColumnRef
from passgate.core.decision import Decision, Mask, Outcome, ReadOnly, Strategy, StrategyKind
from passgate.core.finding import Field
from passgate.core.moment import RecordedLine
from passgate.endpoints.llm.earlier_bodies import EarlierBodies
from passgate.endpoints.llm.transcript import CallTranscript
from tests.integration.fakes import MemoryRecording

MASK = Mask(
    column=ColumnRef(namespace="pii", object="EMAIL", column="user"),
    strategy=Strategy(kind=StrategyKind.TOKEN),
    rule="tokenise",
)
DECISION = Decision(
    outcome=Outcome.ALLOW, rule="llm", reason="", hint="", policy_version="v", obligations=(MASK, ReadOnly(rule="r"))
)


def test_every_channel_as_it_is_documented() -> None:
    recording = MemoryRecording()
    transcript = CallTranscript(recording, "C1")
    transcript.request(
        operation="openai.chat", method="POST", path="/v1/chat/completions", model="m", stream=True,
        claims={"user": "u"}, body=b'{"a":1}',
    )  # fmt: skip
    user = FieldEvidence(field=Field.USER, texts=2, fixed=1, found=(("pii:EMAIL", 3),))
    transcript.evidence(ScanEvidence(fields=(user,), opaque=("/x",)))
    transcript.verdict(DECISION)
    transcript.answer(200, media="text/event-stream", request="req_1")
    transcript.frame(b"data: 1\n\n")
    transcript.frame(b"")
    summary = Summary(usage=Usage(input_tokens=3, output_tokens=4), model="m-1", finish="stop", tools=("t",))
    transcript.end("ok", code="200", summary=summary, seconds=1.2345, first_chunk=0.4)
    assert recording.of("sent") == [b'C1\n{"a":1}']
    assert recording.of("frame") == [b"C1\ndata: 1\n\n"]
    others = [(channel, json.loads(data)) for channel, data in recording.entries if channel not in ("sent", "frame")]
    assert others == [
        (
            "in",
            {"call": "C1", "operation": "openai.chat", "method": "POST", "path": "/v1/chat/completions", "model": "m",
             "stream": True, "claims": {"user": "u"}, "withheld": False, "bytes": 7},
        ),
        ("scan", {"call": "C1", "fields": {"user": {"texts": 2, "fixed": 1, "found": {"pii:EMAIL": 3}}}, "opaque": ["/x"]}),
        (
            "verdict",
            {"call": "C1", "outcome": "allow", "rule": "llm", "reason": "", "hint": "", "policy": "v",
             "masks": {"user:EMAIL": "token by tokenise"}},
        ),
        ("answer", {"call": "C1", "status": 200, "media": "text/event-stream", "request": "req_1"}),
        (
            "end",
            {"call": "C1", "status": "ok", "code": "200", "finish": "stop", "model": "m-1", "input_tokens": 3,
             "output_tokens": 4, "cached_tokens": None, "tools": ["t"], "milliseconds": 1234, "first_milliseconds": 400},
        ),
    ]  # fmt: skip


def test_what_could_not_be_scanned_is_withheld_and_says_so() -> None:
    recording = MemoryRecording()
    transcript = CallTranscript(recording, "C1")
    transcript.request(operation="openai.chat", method="POST", path="/v1/chat/completions", body=None)
    transcript.end("error", seconds=0.0)
    assert json.loads(recording.of("in")[0])["withheld"] is True
    assert recording.of("sent") == []
    assert json.loads(recording.of("end")[0])["first_milliseconds"] is None


def test_of_what_a_request_repeats_only_where_it_is_is_recorded_and_it_plays_back_whole() -> None:
    recording, earlier = MemoryRecording(), EarlierBodies()
    messages = [{"role": "user", "content": "tell me " * 300}]
    for number in range(3):
        body = json.dumps({"messages": messages, "model": "m"}).encode()
        transcript = CallTranscript(recording, f"C{number}", earlier)
        transcript.request(operation="openai.chat", method="POST", path="/v1/chat/completions", body=body)
        transcript.end("ok", seconds=0.1)
        messages.append({"role": "user", "content": f"and {number}?"})
    assert [len(data) < 100 for data in recording.of("sent")] == [False, True, True]
    lines = [RecordedLine(channel, at, data) for at, (channel, data) in enumerate(recording.entries)]
    told = [moment.text for moment in RecordedChat().moments(lines) if moment.kind == "message"]
    assert told[1:] == ["(1 as before)", "user: and 0?", "(2 as before)", "user: and 1?"]
    cut = [line for line in lines if not line.data.startswith(b"C0\n")]
    told = [moment.text for moment in RecordedChat().moments(cut) if moment.kind == "message"]
    assert told.count("(what it repeats of an earlier call is not here)") == 2


def test_an_upload_is_sent_in_parts() -> None:
    recording = MemoryRecording()
    transcript = CallTranscript(recording, "C1")
    transcript.request(operation="openai.files.upload", method="POST", path="/v1/files", body=b"")
    transcript.sent(b"one\n")
    transcript.sent(b"two\n")
    assert recording.of("sent") == [b"C1\none\n", b"C1\ntwo\n"]
    assert json.loads(recording.of("in")[0])["withheld"] is False
