"""Passes in the database."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from passgate.core.errors import StoreError
from passgate.core.passes import PassChangeKind
from passgate.store.pass_store import PassStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.store.conftest import NOW, VERIFIER, make_pass

LATER = NOW + timedelta(minutes=5)

DAMAGES = (
    "verbs = '[\"fly\"]'",
    "verbs = '5'",
    "verbs = '['",
    "expires = 'soon'",
    "expires = '2026-01-01T00:00:00'",
    "principal = '{}'",
    "resources = 'x'",
)


@pytest.fixture
def store(database: SqliteDatabase) -> PassStore:
    return PassStore(database)


@pytest.fixture
def other(path: Path, database: SqliteDatabase) -> Iterator[PassStore]:
    """The same store as another process sees it."""
    second = SqliteDatabase(path)
    yield PassStore(second)
    second.close()


def test_a_pass_comes_back_whole_to_another_process(store: PassStore, other: PassStore) -> None:
    store.add(make_pass(), VERIFIER, actor="ops")
    assert other.find("pg_1") == make_pass()
    assert other.verifier("pg_1") == VERIFIER


def test_an_unknown_pass(store: PassStore) -> None:
    assert store.find("pg_1") is None
    assert store.verifier("pg_1") is None
    assert store.revoke("pg_1", at=NOW, actor="ops") is None
    assert store.claim_changes(by="gate-0", now=NOW, until=LATER) == ()


def test_an_id_is_taken_once(store: PassStore) -> None:
    store.add(make_pass(), VERIFIER, actor="ops")
    with pytest.raises(StoreError, match="There is a pass pg_1 already"):
        store.add(replace(make_pass(), purpose="other"), VERIFIER, actor="ops")
    assert store.find("pg_1") == make_pass()
    assert store.cursor() == 1


def test_a_pass_is_revoked_once_and_keeps_its_first_time(store: PassStore) -> None:
    store.add(make_pass(), VERIFIER, actor="ops")
    revoked = store.revoke("pg_1", at=NOW, actor="ops")
    assert revoked == replace(make_pass(), revoked=NOW)
    assert store.revoke("pg_1", at=LATER, actor="ops") == revoked
    assert store.find("pg_1") == revoked
    assert store.cursor() == 2


def test_all_newest_first_and_live_ones_only(store: PassStore) -> None:
    store.add(make_pass("pg_1", minutes=30), VERIFIER, actor="ops")
    store.add(make_pass("pg_2", issued=NOW + timedelta(seconds=1), minutes=1), VERIFIER, actor="ops")
    store.add(make_pass("pg_3", issued=NOW + timedelta(seconds=2), minutes=30), VERIFIER, actor="ops")
    store.revoke("pg_3", at=LATER, actor="ops")
    assert [p.id for p in store.all()] == ["pg_3", "pg_2", "pg_1"]
    assert [p.id for p in store.all(live_at=LATER)] == ["pg_1"]
    assert [p.id for p in store.all(live_at=NOW + timedelta(minutes=30))] == []


def test_revocations_are_seen_by_another_process_from_its_cursor_on(store: PassStore, other: PassStore) -> None:
    for pass_id in ("pg_1", "pg_2", "pg_3"):
        store.add(make_pass(pass_id), VERIFIER, actor="ops")
    store.revoke("pg_1", at=NOW, actor="ops")
    cursor = other.cursor()
    assert other.revoked_after(cursor) == (cursor, ())
    store.revoke("pg_3", at=NOW, actor="ops")
    store.revoke("pg_2", at=NOW, actor="ops")
    cursor, revoked = other.revoked_after(cursor)
    assert revoked == ("pg_3", "pg_2")
    assert other.revoked_after(cursor) == (cursor, ())


def test_a_change_is_claimed_by_one_and_confirmed(store: PassStore, other: PassStore) -> None:
    store.add(make_pass(), VERIFIER, actor="ops")
    store.revoke("pg_1", at=LATER, actor="boss")
    changes = store.claim_changes(by="gate-0", now=NOW, until=LATER)
    assert [(c.seq, c.kind, c.pass_.id, c.actor, c.at) for c in changes] == [
        (1, PassChangeKind.ISSUED, "pg_1", "ops", NOW),
        (2, PassChangeKind.REVOKED, "pg_1", "boss", LATER),
    ]
    assert other.claim_changes(by="gate-1", now=NOW, until=LATER) == ()
    store.confirm_changes([1, 2])
    assert other.claim_changes(by="gate-1", now=LATER, until=LATER) == ()


def test_a_claim_that_is_not_confirmed_is_free_again(store: PassStore, other: PassStore) -> None:
    store.add(make_pass(), VERIFIER, actor="ops")
    assert len(store.claim_changes(by="gate-0", now=NOW, until=LATER)) == 1
    assert [c.seq for c in other.claim_changes(by="gate-1", now=LATER, until=LATER)] == [1]


def test_changes_are_claimed_in_bounded_portions(store: PassStore) -> None:
    for number in range(5):
        store.add(make_pass(f"pg_{number}"), VERIFIER, actor="ops")
    portions = [store.claim_changes(by="gate-0", now=NOW, until=LATER, most=2) for _ in range(4)]
    assert [[c.seq for c in portion] for portion in portions] == [[1, 2], [3, 4], [5], []]


def test_the_search_for_unrecorded_changes_uses_its_index(store: PassStore, database: SqliteDatabase) -> None:
    from passgate.store.pass_store import _ANY_FREE

    query = str(_ANY_FREE.compile(compile_kwargs={"render_postcompile": True}))
    plan_of = "EXPLAIN QUERY PLAN " + query.replace(":now", "'2026'").replace(":param_1", "1")
    with database.reading() as connection:
        plan = " ".join(str(row) for row in connection.execute(text(plan_of)))
    assert "pass_changes_unrecorded" in plan


def test_a_shared_key_is_made_once(store: PassStore, other: PassStore) -> None:
    key = store.shared_key("login")
    assert len(key) == 32
    assert other.shared_key("login") == key
    assert other.shared_key("another") != key


def test_a_row_that_was_tampered_with_is_an_error(store: PassStore, database: SqliteDatabase) -> None:
    store.add(make_pass(), VERIFIER, actor="ops")
    for damage in DAMAGES:
        with database.writing() as connection:
            before = connection.execute(text("SELECT * FROM passes")).mappings().one()
            connection.execute(text(f"UPDATE passes SET {damage}"))
        with pytest.raises(StoreError):
            store.find("pg_1")
        column = damage.split(" ")[0]
        with database.writing() as connection:
            connection.execute(text(f"UPDATE passes SET {column} = :v"), {"v": before[column]})
    assert store.find("pg_1") == make_pass()


def test_a_store_that_is_gone_is_an_error(store: PassStore, database: SqliteDatabase) -> None:
    with database.writing() as connection:
        connection.execute(text("DROP TABLE pass_changes"))
    with pytest.raises(StoreError, match="cannot be read: no such table"):
        store.cursor()
    with pytest.raises(StoreError, match="cannot be written: no such table"):
        store.add(make_pass(), VERIFIER, actor="ops")
    assert store.find("pg_1") is None
