"""Leases are kept until they are crossed out."""

from datetime import UTC, datetime, timedelta

from passgate.core.lease import Lease
from passgate.store.lease_store import LeaseStore
from passgate.store.sqlite import SqliteDatabase

NOW = datetime(2026, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def lease(number: int) -> Lease:
    return Lease(
        id=f"database/creds/ro/{number}",
        server="main",
        resource="shop",
        session=f"s{number}",
        user=f"v-ro-{number}",
        expires=NOW + number * MINUTE,
    )


def test_a_lease_comes_back_as_it_was(database: SqliteDatabase) -> None:
    store = LeaseStore(database)
    store.add(lease(2), holder="a", held_until=NOW)
    store.add(lease(1), holder="b", held_until=NOW)
    assert store.abandoned(now=NOW) == (lease(1), lease(2))


def test_what_somebody_holds_is_nobody_elses(database: SqliteDatabase) -> None:
    store = LeaseStore(database)
    store.add(lease(1), holder="a", held_until=NOW + MINUTE)
    assert store.abandoned(now=NOW) == ()
    assert store.abandoned(now=NOW, holder="b") == ()
    assert store.abandoned(now=NOW, holder="a") == (lease(1),)
    store.hold([lease(1).id], held_until=NOW + 2 * MINUTE)
    assert store.abandoned(now=NOW + MINUTE) == ()
    store.hold([], held_until=NOW)
    assert store.abandoned(now=NOW + 2 * MINUTE) == (lease(1),)


def test_what_is_crossed_out_is_gone(database: SqliteDatabase) -> None:
    store = LeaseStore(database)
    store.add(lease(1), holder="a", held_until=NOW)
    store.remove(lease(1).id)
    store.remove(lease(1).id)
    assert store.abandoned(now=NOW) == ()
