"""A replay shows what the client saw, in its order and time."""

import shutil

import orjson
import pytest

from passgate.core.errors import LedgerCorruptError
from passgate.core.moment import Moment
from passgate.ledger.replay import recorded_lines, replay
from tests.unit.ledger.conftest import HOSTILE, READERS, Recorded


def moments(recorded: Recorded) -> list[Moment]:
    found = replay(recorded.reader, "S1", READERS)
    assert found is not None
    return list(found.moments)


def test_everything_in_its_order(recorded: Recorded) -> None:
    shown = [(moment.kind, moment.text.split("\n")[0]) for moment in moments(recorded)]
    assert shown[:-1] == [
        ("event", "session.start peer 127.0.0.1:55555"),
        ("statement", "SELECT id, email"),
        ("verdict", "allow by read-shop"),
        ("result", "2 rows"),
        ("end", "SELECT 2"),
        ("statement", "DROP TABLE orders"),
        ("verdict", "deny by no-drop; Never.; Ask for a migration."),
        ("notice", "ERROR 42501: refused (detail: no-drop)"),
    ]
    assert shown[-1][1].startswith("session.end bytes ")
    times = [moment.at for moment in moments(recorded)]
    assert times == sorted(times)


def test_rows_are_cells_and_what_was_masked_is_said(recorded: Recorded) -> None:
    result = next(moment for moment in moments(recorded) if moment.kind == "result")
    assert result.columns == ("id", "email")
    assert result.rows == (("7", "***@example.com"), ("8", HOSTILE))
    assert result.facts["masked"] == ["", "mask-email"]
    assert orjson.loads(orjson.dumps(result.json()))["rows"][0] == ["7", "***@example.com"]


def test_of_an_unknown_kind_only_the_log_is_told(recorded: Recorded) -> None:
    found = replay(recorded.reader, "S1", {})
    assert found is not None
    assert not found.recorded
    assert [moment.kind for moment in found.moments] == [
        "event",
        "statement",
        "verdict",
        "end",
        "statement",
        "verdict",
        "event",
    ]


def test_without_the_recording_the_log_tells(own: Recorded) -> None:
    shutil.rmtree(own.folder / "gate-w0" / "recordings")
    found = replay(own.reader, "S1", READERS)
    assert found is not None
    assert not found.recorded
    assert any(moment.kind == "cut" for moment in found.moments)  # nobody has erased it
    shown = [(moment.kind, moment.text.split("\n")[0]) for moment in found.moments if moment.kind != "cut"]
    assert shown[1:-1] == [
        ("statement", "SELECT id, email"),
        ("verdict", "allow by read-shop"),
        ("end", "ok SELECT 1"),
        ("statement", "DROP TABLE orders"),
        ("verdict", "deny by no-drop; Tables are not dropped here.; Ask for a migration."),
    ]


def test_an_unknown_session(recorded: Recorded) -> None:
    assert replay(recorded.reader, "S9", READERS) is None


def test_a_chunk_is_opened_with_whichever_key_of_the_session_sealed_it(recorded: Recorded) -> None:
    from passgate.ledger.keys import SessionKey
    from passgate.ledger.recording import recording_folder

    entries = recorded.reader.session("S1")
    log = entries[0].log
    (key,) = recorded.reader.session_keys(log, "S1").values()
    other = SessionKey.new("S1")
    folder = recording_folder(log.directory, "S1")
    for keys in ({other.id: other, key.id: key}, {key.id: key, other.id: other}):
        assert next(recorded_lines(folder, entries, keys)).channel == "in"
    with pytest.raises(LedgerCorruptError, match="does not open"):
        list(recorded_lines(folder, entries, {other.id: other}))


async def test_odd_recordings(own: Recorded) -> None:
    """Rows without a shape, a cut, an error's end."""
    from dataclasses import replace

    from passgate.ledger.ledger import Ledger
    from tests.faults.kit import SMALL, a_session, started

    small = replace(SMALL, recording=replace(SMALL.recording, result_bytes=4))
    ledger = Ledger.open(own.folder, small)
    session = a_session("S2")
    recording = ledger.recording(session)
    recording.write("rows", b"1\n2\n3\n")
    recording.write("end", orjson.dumps({"tag": "", "status": "error", "rows": 0}))
    recording.close()
    await ledger.append(started(session)).durable
    ledger.close()
    found = replay(own.reader, "S2", READERS)
    assert found is not None
    assert [(m.kind, m.text) for m in found.moments if m.kind != "event"] == [
        ("result", "2 rows"),
        ("cut", "not stored, only hashed: 2 bytes (result)"),
        ("end", "error"),
    ]


@pytest.mark.parametrize("payload", [b"not json", b"[]"])
async def test_a_recorded_line_that_is_malformed(own: Recorded, payload: bytes) -> None:
    from passgate.ledger.ledger import Ledger
    from tests.faults.kit import SMALL, a_session, started

    ledger = Ledger.open(own.folder, SMALL)
    session = a_session("S2")
    recording = ledger.recording(session)
    recording.write("verdict", payload)
    recording.close()
    await ledger.append(started(session)).durable
    ledger.close()
    with pytest.raises(LedgerCorruptError, match="a recorded line is malformed"):
        replay(own.reader, "S2", READERS)
