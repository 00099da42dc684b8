"""The index: rebuildable, masked, and up to date whenever it is asked."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from passgate.core.event import Event, EventType, Json
from passgate.ledger.index import FILE, Index
from passgate.ledger.ledger import Ledger
from passgate.ledger.reader import LedgerReader
from tests.faults.kit import SMALL, a_session, query, started
from tests.unit.ledger.conftest import Recorded


def test_a_session_is_summed_up(own: Recorded) -> None:
    with Index.open(own.reader) as index:
        (row,) = index.sessions(10)
    assert (row.id, row.actor, row.on_behalf_of, row.resource, row.purpose, row.ticket, row.reason) == (
        "S1", "agent:reporter", "human:ada@example.com", "shop", "monthly figures", "T-7", "client",
    )  # fmt: skip
    assert (row.kind, row.allowed, row.refused, row.rows, row.tokens) == ("postgres", 1, 1, 2, 0)
    assert row.closed is not None
    assert row.closed >= row.opened


@pytest.mark.parametrize(
    ("words", "kinds"),
    [
        ("drop", ["action.refused", "in"]),
        ("orders drop", ["action.refused", "in"]),
        ("cust*", ["in"]),
        ("monthly figures", ["session.start"]),
        ("nothing-like-this", []),
        ('say "drop', []),
        ('"', []),
        ("", []),
        ("NOT AND OR", []),
    ],
)
def test_words_are_found(own: Recorded, words: str, kinds: list[str]) -> None:
    with Index.open(own.reader) as index:
        hits = index.search(words, 10)
    assert sorted(hit.kind for hit in hits) == kinds
    assert all((hit.log, hit.session) == ("gate-w0", "S1") for hit in hits)


def test_only_masked_text_is_in_it(own: Recorded) -> None:
    with Index.open(own.reader) as index:
        assert index.search("example.com", 10)  # the masked statement is found
    data = (own.folder / FILE).read_bytes()
    assert b"***@example.com" in data
    assert b"email = 'ada@example.com'" not in data


def test_an_erased_session_is_forgotten(own: Recorded) -> None:
    with Index.open(own.reader) as index:
        index.forget("S1")
        assert [hit.kind for hit in index.search("drop", 10)] == ["action.refused"]


def test_it_follows_the_log(own: Recorded) -> None:
    with Index.open(own.reader) as index:
        size = index.size()
        assert index.update() == 0
    asyncio.run(_more(own.folder))
    with Index.open(own.reader) as index:
        assert index.size() == size + 5  # boot, start, intent, outcome, good-bye
        assert [row.id for row in index.sessions(10)] == ["S2", "S1"]
        assert [row.id for row in index.sessions(1)] == ["S2"]
        assert index.sessions(1)[0].closed is None


async def _more(folder: Path) -> None:
    ledger = Ledger.open(folder, SMALL)
    ledger.append(started(a_session("S2")))
    await query(ledger, a_session("S2"))
    ledger.close()


def test_sessions_by_the_beginning_of_their_id(own: Recorded) -> None:
    asyncio.run(_more(own.folder))
    with Index.open(own.reader) as index:
        assert {row.id for row in index.beginning_with("S")} == {"S1", "S2"}
        assert [row.id for row in index.beginning_with("S2")] == ["S2"]
        assert index.beginning_with("%") == []


@pytest.mark.parametrize("damage", ["garbage", "another version", "rebuild"])
def test_a_broken_index_is_built_anew(own: Recorded, damage: str) -> None:
    with Index.open(own.reader) as index:
        size = index.size()
    path = own.folder / FILE
    if damage == "garbage":
        path.write_bytes(b"this is not a database, and long enough to be looked at as one" * 100)
    elif damage == "another version":
        connection = sqlite3.connect(path)
        connection.execute("PRAGMA user_version = 99")
        connection.close()
    with Index.open(own.reader, rebuild=damage == "rebuild") as index:
        assert index.size() == size
        assert len(index.sessions(10)) == 1
    assert path.stat().st_mode & 0o77 == 0


def test_on_a_folder_that_cannot_be_written_it_lives_in_memory(own: Recorded) -> None:
    (own.folder / FILE).mkdir()  # SQLite cannot open a folder
    with Index.open(own.reader) as index:
        assert len(index.sessions(10)) == 1


def test_what_happened_outside_of_sessions_is_found_by_its_own_words(tmp_path: Path) -> None:
    """Who was turned away, locked out or given a pass: the client is sent to its operator, who looks here."""

    async def told() -> None:
        ledger = Ledger.open(tmp_path, SMALL)
        detail = {"resource": "shop", "reason": "the server cannot be reached: Connection refused", "sqlstate": "08006"}
        ledger.append(Event(type=EventType.SESSION_REFUSED, actor="pg_1", detail=detail))
        await ledger.append(Event(type=EventType.LOCK_SET, actor="unix:root", detail={"target": "eve"})).durable
        ledger.close()

    asyncio.run(told())
    with Index.open(LedgerReader(tmp_path)) as index:
        for words in ("refused shop", "connection pg_1", "08006"):
            assert [hit.kind for hit in index.search(words, 10)] == ["session.refused"]
        assert [hit.kind for hit in index.search("lock.set eve", 10)] == ["lock.set"]
        assert not index.search("heartbeat", 10)


def test_rows_came_back_that_were_read_not_that_were_touched(tmp_path: Path) -> None:
    """Of a write the outcome counts rows too, also where they were rolled back; what came back is what the end says."""

    async def worked() -> None:
        ledger = Ledger.open(tmp_path, SMALL)
        for name, ended in (("S1", True), ("S2", False)):
            session = a_session(name)
            ledger.append(started(session))
            for rows, size, status in ((2667, 0, "rolled_back"), (9, 0, "ok"), (2, 90, "ok")):
                detail: dict[str, Json] = {"status": status, "code": "X", "rows": rows, "bytes": size, "masked": {}}
                await ledger.append(Event(type=EventType.ACTION_OUTCOME, session=session, detail=detail)).durable
            if ended:
                end: dict[str, Json] = {"reason": "client", "rows": 2, "bytes": 90}
                await ledger.append(Event(type=EventType.SESSION_END, session=session, detail=end)).durable
        ledger.close()

    asyncio.run(worked())
    with Index.open(LedgerReader(tmp_path)) as index:
        assert {row.id: row.rows for row in index.sessions(10)} == {"S1": 2, "S2": 2}
