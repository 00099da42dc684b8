"""Idempotency keys, for 24 hours."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from passgate.pipeline.control import KeptAnswer, KeyState, UsedKey
from passgate.store.idempotency_store import KEPT, IdempotencyStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.store.conftest import NOW

USED = UsedKey(caller="human:ada@example.com", route="issuePass", key="k1", digest="d1")
ANSWER = KeptAnswer(status=200, body=b'{"secret":null}')


def test_a_key_and_its_answer(database: SqliteDatabase) -> None:
    store = IdempotencyStore(database)
    assert store.begin(USED) is KeyState.NEW
    assert store.begin(USED) is KeyState.UNDER_WAY
    store.finish(USED, ANSWER)
    assert store.begin(USED) == ANSWER
    assert store.begin(replace(USED, digest="d2")) is KeyState.OTHER
    for other in (replace(USED, caller="human:grace"), replace(USED, route="setLock"), replace(USED, key="k2")):
        assert store.begin(other) is KeyState.NEW


def test_a_forgotten_key_is_free(database: SqliteDatabase) -> None:
    store = IdempotencyStore(database)
    store.begin(USED)
    store.forget(USED)
    assert store.begin(replace(USED, digest="d2")) is KeyState.NEW


def test_a_key_is_free_after_its_time(database: SqliteDatabase) -> None:
    now = [NOW]

    def clock() -> datetime:
        return now[0]

    store = IdempotencyStore(database, now=clock)
    store.begin(USED)
    store.finish(USED, ANSWER)
    now[0] = NOW + KEPT - timedelta(seconds=1)
    assert store.begin(USED) == ANSWER
    now[0] = NOW + KEPT
    assert store.begin(USED) is KeyState.NEW


def test_of_many_at_once_one_begins(path: Path) -> None:
    databases = [SqliteDatabase(path) for _ in range(4)]
    try:
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda one: IdempotencyStore(one).begin(USED), databases))
        assert sorted(str(one) for one in found) == ["new", "under way", "under way", "under way"]
    finally:
        for one in databases:
            one.close()
