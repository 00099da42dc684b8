"""Reading logs that are being written, and copies without keys."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from passgate.core.errors import LedgerCorruptError, LedgerUnavailableError
from passgate.ledger.keys import SessionKey
from passgate.ledger.ledger import Ledger
from passgate.ledger.reader import LedgerReader, LogReader, SessionTexts
from tests.faults.kit import SMALL, a_record, a_session, fill, open_log, query
from tests.unit.ledger.conftest import Recorded


def test_entries_know_where_they_are(recorded: Recorded) -> None:
    entries = list(recorded.reader.entries())
    assert [entry.index for entry in entries] == list(range(len(entries)))
    for entry in entries:
        data = (recorded.folder / "gate-w0" / entry.segment).read_bytes()
        assert data[entry.offset :].find(entry.leaf) == 9
    found = recorded.reader.find(recorded.ids["intent"])
    assert found is not None
    assert (found.type, found.session) == ("action.intent", "S1")
    assert recorded.reader.find("01J0") is None


def test_a_folder_of_one_log_is_read_too(recorded: Recorded) -> None:
    log = recorded.folder / "gate-w0"
    assert [one.origin for one in LedgerReader(log).logs()] == ["audit.local/gate-w0"]
    assert LedgerReader(log).session_keys(LogReader(log), "S1")


def test_a_folder_without_a_log(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailableError, match="there is no ledger in"):
        LedgerReader(tmp_path).logs()
    with pytest.raises(LedgerCorruptError, match="holds no log"):
        LogReader(tmp_path)


async def test_an_open_log_is_read_up_to_its_last_seal(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path, SMALL)
    _, done = await query(ledger, a_session())
    assert [entry.id for entry in LedgerReader(tmp_path).entries()][-1] == done
    ledger.close()


@pytest.mark.parametrize("start", [0, 1, 5, 14, 29, 30])
def test_reading_from_the_middle(tmp_path: Path, start: int) -> None:
    log = open_log(tmp_path, replace(SMALL, segment_bytes=700, reserve_bytes=0))
    fill(log, 10)
    log.close()
    reader = LogReader(tmp_path)
    assert [entry.id for entry in reader.entries(start)] == [f"E{n}" for n in range(start, 30)]
    head = reader.head()
    assert head is not None
    assert head.size == 30


def test_the_head_of_a_log_that_has_just_begun(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    log.close()
    assert LogReader(tmp_path).head() is None


def test_a_leaf_that_is_no_event(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    log.commit([a_record(0)._replace(leaf=b"[]")])
    log.close()
    with pytest.raises(LedgerCorruptError, match=r"at byte \d+: not an event"):
        list(LogReader(tmp_path).entries())


def test_a_copy_without_keys_shows_the_leaves_only(own: Recorded) -> None:
    shutil.rmtree(own.folder / "keys")
    reader = own.reader
    assert reader.root_keys() is None
    entries = reader.session("S1")
    texts = SessionTexts(reader.session_keys(entries[0].log, "S1"))
    assert len(entries) == 6
    assert [texts.open(entry) for entry in entries] == [None] * 6


def test_texts_open_with_the_key(recorded: Recorded) -> None:
    entries = recorded.reader.session("S1")
    texts = SessionTexts(recorded.reader.session_keys(entries[0].log, "S1"))
    bodies = [body for body in map(texts.open, entries) if body]
    assert [body["text"].split()[0] for body in bodies] == ["SELECT", "DROP"]
    assert recorded.reader.session("S2") == ()


@pytest.mark.parametrize("packed", [b"\x00not json", b"\x01not zstd"])
def test_a_payload_that_opens_to_nonsense(recorded: Recorded, packed: bytes) -> None:
    from hashlib import sha256

    entry = next(entry for entry in recorded.reader.session("S1") if entry.payload)
    key = SessionKey.new("S1")
    sealed = key.sealer(b"text").seal(packed)
    event = {**entry.event, "payload": {"ct_sha256": sha256(sealed).hexdigest(), "key": key.id}}
    with pytest.raises(LedgerCorruptError, match="payload of entry 2 is malformed"):
        SessionTexts({key.id: key}).open(replace(entry, payload=sealed, event=event))
