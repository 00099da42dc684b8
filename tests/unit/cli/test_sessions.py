"""``passgate sessions`` over what was recorded."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from tests.unit.cli.conftest import Passgate
from tests.unit.ledger.conftest import HOSTILE, Recorded, record_session


@pytest.fixture
def ledger(folder: Path) -> Recorded:
    """A recorded ledger in the configuration's state folder, which every command takes by itself."""
    (folder / "state").mkdir(mode=0o700)
    return asyncio.run(record_session(folder / "state" / "ledger"))


def test_list_shows_who_did_how_much(passgate: Passgate, ledger: Recorded) -> None:
    out = passgate("sessions", "list").out
    assert "agent:reporter for human:ada@example.com" in out
    (row,) = json.loads(passgate("sessions", "list", "--json").out)
    assert (row["session"], row["allowed"], row["refused"], row["rows"], row["ended_by"]) == ("S1", 1, 1, 2, "client")


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
    assert (result.code, result.err) == (1, "There is no recorded session S9\\x1b[2J\n")


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
    assert (result.code, result.err) == (1, "2 sessions begin with S\n")
    assert "no end yet" in passgate("sessions", "list").out
