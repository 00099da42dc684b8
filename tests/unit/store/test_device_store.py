"""Device codes as they are kept."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from passgate.core.authorization import DeviceCode, DeviceState
from passgate.core.errors import StoreError
from passgate.store.device_store import DeviceStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.store.conftest import NOW

LATER = NOW + timedelta(minutes=10)
PLAIN = DeviceCode(user_code="BBBB", content={"client_id": "editor"}, expires=LATER, interval=5)


@pytest.fixture
def store(database: SqliteDatabase) -> DeviceStore:
    store = DeviceStore(database)
    assert store.add("d1", PLAIN, now=NOW)
    return store


def test_it_is_found_by_either_code(store: DeviceStore) -> None:
    assert store.find("d1") == store.by_user_code("BBBB") == PLAIN
    assert (store.find("d9"), store.by_user_code("CCCC")) == (None, None)


def test_a_user_code_is_taken_until_it_expires(store: DeviceStore) -> None:
    assert not store.add("d2", PLAIN, now=NOW)
    assert store.add("d2", replace(PLAIN, expires=LATER + timedelta(minutes=9)), now=LATER + timedelta(seconds=1))
    assert store.find("d1") is None


def test_it_is_decided_once_in_time(store: DeviceStore) -> None:
    assert not store.decide("BBBB", DeviceState.ALLOWED, authorization="a", now=LATER)
    assert store.decide("BBBB", DeviceState.ALLOWED, authorization="a", now=NOW)
    assert not store.decide("BBBB", DeviceState.DENIED, authorization=None, now=NOW)
    assert store.find("d1") == replace(PLAIN, state=DeviceState.ALLOWED, authorization="a")


def test_it_is_used_once_and_only_if_allowed(store: DeviceStore) -> None:
    assert not store.use("d1")
    store.decide("BBBB", DeviceState.ALLOWED, authorization="a", now=NOW)
    assert store.use("d1")
    assert not store.use("d1")
    assert not store.use("d9")


def test_when_it_last_asked(store: DeviceStore) -> None:
    store.asked("d1", at=NOW, interval=10)
    assert store.find("d1") == replace(PLAIN, asked=NOW, interval=10)


@pytest.mark.parametrize("damage", ["state = 'flying'", "content = '[]'"])
def test_what_cannot_be_read_is_an_error(store: DeviceStore, database: SqliteDatabase, damage: str) -> None:
    with database.writing() as connection:
        connection.execute(text(f"UPDATE device_codes SET {damage}"))
    with pytest.raises(StoreError, match="device code cannot be read"):
        store.find("d1")
