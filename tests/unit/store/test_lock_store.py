"""Locks as they are kept."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from passgate.core.errors import StoreError
from passgate.core.lock import Lock, LockKind
from passgate.store.lock_store import LockStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.store.conftest import NOW

LOCK = Lock(id="l1", kind=LockKind.AGENT, target="reporter", reason="it loops", actor="unix:root", at=NOW)


def test_a_lock_is_read_back_as_it_was_set_and_gone_once_lifted(database: SqliteDatabase) -> None:
    store = LockStore(database)
    timed = replace(LOCK, id="l2", at=NOW + timedelta(seconds=1), until=NOW + timedelta(hours=1))
    store.add(timed)
    store.add(LOCK)
    assert store.holding(NOW) == (LOCK, timed)
    assert store.holding(NOW + timedelta(hours=1)) == (LOCK,)
    assert store.lift("l1")
    assert not store.lift("l1")
    assert store.holding(NOW) == (timed,)


def test_a_lock_of_no_known_kind_is_an_error_and_not_ignored(database: SqliteDatabase) -> None:
    store = LockStore(database)
    store.add(LOCK)
    with database.writing() as connection:
        connection.execute(text("UPDATE locks SET kind = 'planet'"))
    with pytest.raises(StoreError, match="l1"):
        store.holding(NOW)
