"""Tokens that were used."""

from datetime import timedelta

from sqlalchemy import text

from passgate.store.spent_tokens import SpentTokenStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.store.conftest import NOW


def test_a_token_is_spent_once_until_it_could_not_be_used_anyway(database: SqliteDatabase) -> None:
    store = SpentTokenStore(database)
    expires = NOW + timedelta(minutes=5)
    assert store.spend("a", expires=expires, now=NOW)
    assert not store.spend("a", expires=expires, now=NOW)
    assert store.spend("b", expires=expires, now=NOW)
    assert not store.spend("a", expires=expires, now=expires + timedelta(minutes=5))  # a clock may be off
    assert store.spend("c", expires=expires + timedelta(hours=1), now=expires + timedelta(minutes=11))
    with database.reading() as connection:
        assert connection.execute(text("SELECT digest FROM spent_tokens")).scalars().all() == ["c"]
