"""One-time codes as they are kept."""

from datetime import timedelta

from sqlalchemy import text

from passgate.core.authorization import OneTimeCode
from passgate.store.one_time_store import OneTimeStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.store.conftest import NOW

LATER = NOW + timedelta(minutes=1)


def test_it_is_taken_once_and_stays_known(database: SqliteDatabase) -> None:
    store = OneTimeStore(database)
    store.put("code", "d1", {"a": "1"}, expires=LATER, now=NOW)
    assert store.take("state", "d1", now=NOW) is None
    assert store.take("code", "d9", now=NOW) is None
    assert store.take("code", "d1", now=NOW) == OneTimeCode(content={"a": "1"}, expires=LATER, used=False)
    assert store.take("code", "d1", now=LATER) == OneTimeCode(content={"a": "1"}, expires=LATER, used=True)
    with database.reading() as connection:
        used = connection.execute(text("SELECT used FROM one_time_codes")).scalar_one()
    assert used == NOW.isoformat()


def test_what_expired_long_ago_is_dropped(database: SqliteDatabase) -> None:
    store = OneTimeStore(database)
    store.put("code", "d1", {}, expires=NOW, now=NOW)
    store.put("code", "d2", {}, expires=NOW + timedelta(hours=2), now=NOW + timedelta(minutes=59))
    assert store.take("code", "d1", now=NOW) is not None
    store.put("code", "d3", {}, expires=LATER, now=NOW + timedelta(minutes=61))
    assert store.take("code", "d1", now=NOW) is None
    assert store.take("code", "d2", now=NOW) is not None
    assert "sekrit" not in repr(OneTimeCode(content={"a": "sekrit"}, expires=NOW, used=False))
