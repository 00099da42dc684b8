"""``passgate sessions`` over what was recorded."""

import asyncio
import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from passgate.codecs.llm.answer import Summary, Usage
from passgate.codecs.llm.evidence import FieldEvidence, ScanEvidence
from passgate.core.event import Event, EventType
from passgate.core.finding import Field
from passgate.core.resource import Resource
from passgate.endpoints.llm.events import outcome_detail
from passgate.endpoints.llm.transcript import CallTranscript
from passgate.ledger.ledger import Ledger
from tests.faults.kit import ALLOW, DENY, SMALL, a_session, intent, refused, started
from tests.unit.cli.conftest import Passgate
from tests.unit.ledger.conftest import HOSTILE, Recorded


def test_list_shows_who_did_how_much(passgate: Passgate, ledger: Recorded) -> None:
    out = passgate("sessions", "list").out
    assert "agent:reporter for human:ada@example.com" in out
    (row,) = json.loads(passgate("sessions", "list", "--json").out)
    assert (row["id"], row["allowed"], row["refused"], row["rows"], row["ended_by"]) == ("S1", 1, 1, 2, "client")


def test_list_of_live_sessions_asks_the_gates(passgate: Passgate, ledger: Recorded) -> None:
    result = passgate("sessions", "list", "--live", "--json")
    assert (result.code, json.loads(result.out)) == (0, [])
    assert "no gate answered" in result.err


def test_show_is_recorded(passgate: Passgate, ledger: Recorded) -> None:
    out = passgate("sessions", "show", "S1").out
    assert "purpose   monthly figures" in out
    assert "deny by no-drop" in out
    body = json.loads(passgate("sessions", "show", "S1", "--json").out)
    assert [event["type"] for event in body["events"]][:2] == ["session.start", "action.intent"]
    tail = passgate("ledger", "tail").out
    assert tail.count("command=sessions show session=S1") == 2


@pytest.mark.parametrize("command", ["show", "replay"])
def test_an_unknown_session(passgate: Passgate, ledger: Recorded, command: str) -> None:
    result = passgate("sessions", command, "S9\x1b[2J")
    assert (result.code, result.err) == (2, "passgate: There is no recorded session S9\\x1b[2J\n")


def test_replay_plays_in_order_and_nothing_in_it_steers_the_terminal(
    passgate: Passgate,
    ledger: Recorded,
) -> None:
    out = passgate("sessions", "replay", "S").out
    places = [out.index(text) for text in ("session.start", "> SELECT id, email", "= allow by read-shop", "< SELECT 2")]
    places += [out.index(text) for text in ("> DROP TABLE orders", "= deny by no-drop", "! ERROR 42501", "session.end")]
    assert places == sorted(places)
    assert not set(HOSTILE) & {"\x1b", "\x07", "\u202e"} & set(out)


def test_replay_from_a_second_on_and_as_json(passgate: Passgate, ledger: Recorded) -> None:
    assert passgate("sessions", "replay", "S1", "--at", "3600").out == ""
    body = json.loads(passgate("sessions", "replay", "S1", "--json").out)
    assert (body["session"], body["recorded"]) == ("S1", True)
    assert [moment["kind"] for moment in body["moments"]][:3] == ["event", "statement", "verdict"]


def test_replay_waits_where_it_is_asked_to(
    passgate: Passgate,
    ledger: Recorded,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from passgate.cli import playback

    waited: list[float] = []
    monkeypatch.setattr(playback, "wait_seconds", waited.append)
    passgate("sessions", "replay", "S1")
    assert waited == []
    passgate("sessions", "replay", "S1", "--speed", "2")
    assert waited
    assert sum(waited) < 10


def test_replay_without_a_recording_says_so(passgate: Passgate, ledger: Recorded) -> None:
    shutil.rmtree(ledger.folder / "gate-w0" / "recordings")
    result = passgate("sessions", "replay", "S1")
    assert "There is no recording of this session" in result.err
    assert "> DROP TABLE orders" in result.out


async def _second(folder: Path) -> None:
    from passgate.ledger.ledger import Ledger
    from tests.faults.kit import SMALL, a_session, started

    writing = Ledger.open(folder, SMALL)
    await writing.append(started(a_session("S1b"))).durable
    writing.close()


async def test_an_ambiguous_beginning(ledger: Recorded) -> None:
    await _second(ledger.folder)
    from passgate.ledger.index import Index

    with Index.open(ledger.reader) as index:
        assert len(index.beginning_with("S")) == 2
        assert [row.id for row in index.beginning_with("S1")] == ["S1"]


def test_an_ambiguous_beginning_is_refused(passgate: Passgate, ledger: Recorded) -> None:
    asyncio.run(_second(ledger.folder))
    result = passgate("sessions", "show", "S")
    assert (result.code, result.err) == (2, "passgate: 2 sessions begin with S\n")
    assert "no end yet" in passgate("sessions", "list").out


async def _talk(folder: Path) -> None:
    """A session with a model, recorded by the endpoint's own transcript: an answer that streams, and a refusal."""
    ledger = Ledger.open(folder, SMALL)
    session = replace(a_session("L1"), resource=Resource(name="models", kind="llm"))
    recording = ledger.recording(session)
    ledger.append(started(session))
    began = ledger.append(intent(session, "POST /v1/messages"))
    call = CallTranscript(recording, began.event_id)
    body = b'{"messages":[{"role":"user","content":"I am <<EMAIL:k7q2m9xapb3d>>\\u001b]0;x"}],"stream":true}'
    call.request(operation="anthropic.messages", method="POST", path="/v1/messages", model="m", stream=True, body=body)
    call.evidence(ScanEvidence(fields=(FieldEvidence(field=Field.USER, texts=1, fixed=0, found=(("pii:EMAIL", 1),)),)))
    call.verdict(ALLOW)
    call.answer(200, media="text/event-stream")
    for text in ("Hel", "lo <<EMAIL:k7q2m9xapb3d>>"):
        delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}
        call.frame(b"event: content_block_delta\ndata: " + json.dumps(delta).encode() + b"\n\n")
    summary = Summary(usage=Usage(input_tokens=30, output_tokens=12), model="m", finish="end_turn")
    call.end("ok", code="200", summary=summary, seconds=0.9, first_chunk=0.4)
    detail = outcome_detail(summary, http=200, frames=2, seconds=0.9, first_chunk=0.4, restored={"EMAIL": 1})
    ended = Event(
        type=EventType.ACTION_OUTCOME, session=session, intent=began.event_id, detail={"status": "ok", **detail}
    )
    ledger.append(ended)
    no = ledger.append(refused(session))
    refusal = CallTranscript(recording, no.event_id)
    refusal.request(operation="anthropic.messages", method="POST", path="/v1/messages", body=None)
    refusal.verdict(DENY)
    refusal.answer(403, media="application/json")
    refusal.frame(b'{"type":"error","error":{"type":"permission_error","message":"Never."}}')
    refusal.end("refused", code="403", seconds=0.01)
    recording.close()
    await ledger.append(Event(type=EventType.SESSION_END, session=session, detail={"reason": "idle"})).durable
    ledger.close()


@pytest.fixture
def talk(folder: Path) -> None:
    (folder / "state").mkdir(mode=0o700)
    asyncio.run(_talk(folder / "state" / "ledger"))


def test_a_session_with_a_model_is_played_back(passgate: Passgate, talk: None) -> None:
    out = passgate("sessions", "replay", "L1").out
    shown = (
        "> POST /v1/messages m, streamed", "> user: I am <<EMAIL:k7q2m9xapb3d>>\\x1b]0;x", "? scanned: user 1 (pii:EMAIL 1)",
        "= allow by read-shop", "< 200 text/event-stream", "< assistant: Hello <<EMAIL:k7q2m9xapb3d>>",
        "< ok, 200, end_turn, 30 input tokens, 12 output tokens, first after 400 ms, 900 ms", "its body could not be scanned",
        "= deny by no-drop", "< 403 application/json", "< error: permission_error: Never.", "< refused, 403", "session.end",
    )  # fmt: skip
    places = [out.index(text) for text in shown]
    assert places == sorted(places)
    assert "\x1b" not in out
    body = json.loads(passgate("sessions", "replay", "L1", "--json").out)
    (text,) = (moment for moment in body["moments"] if moment["kind"] == "text" and moment["role"])
    assert [piece for _, piece in text["pieces"]] == ["assistant: Hel", "lo <<EMAIL:k7q2m9xapb3d>>"]


def test_of_a_model_tokens_came_back_not_rows(passgate: Passgate, talk: None) -> None:
    assert "42 tokens" in passgate("sessions", "list").out
    assert "came back 42 tokens" in passgate("sessions", "show", "L1").out
    (row,) = json.loads(passgate("sessions", "list", "--json").out)
    assert (row["kind"], row["allowed"], row["refused"], row["rows"], row["tokens"]) == ("llm", 1, 1, 0, 42)


def test_what_was_asked_is_found_as_it_was_masked(passgate: Passgate, talk: None) -> None:
    assert "L1" in passgate("ledger", "search", "k7q2m9xapb3d").out
