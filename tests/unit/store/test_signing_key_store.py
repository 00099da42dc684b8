"""Signing keys as they are kept."""

from datetime import timedelta

from passgate.core.signing_key import SigningKey
from passgate.store.signing_key_store import SigningKeyStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.store.conftest import NOW


def key(kid: str, hours: int = 0) -> SigningKey:
    return SigningKey(kid=kid, private='{"d": "sekrit"}', created=NOW + timedelta(hours=hours))


def test_a_key_follows_the_newest_or_not_at_all(database: SqliteDatabase) -> None:
    store = SigningKeyStore(database)
    assert store.keys() == ()
    store.follow(key("b"), newest=None)
    store.follow(key("x"), newest=None)  # somebody was sooner
    store.follow(key("a", hours=1), newest="b")
    store.follow(key("y", hours=1), newest="b")
    assert store.keys() == (key("b"), key("a", hours=1))
    store.drop("b")
    store.drop("b")
    assert store.keys() == (key("a", hours=1),)
    assert "sekrit" not in repr(store.keys())
