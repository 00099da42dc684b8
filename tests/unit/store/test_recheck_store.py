"""Who vouched for passes, and when to ask them again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from passgate.core.errors import StoreError
from passgate.pipeline.vouching import Recheck
from passgate.store.pass_store import PassStore
from passgate.store.recheck_store import RecheckStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.store.conftest import NOW, VERIFIER, make_pass

MINUTE = timedelta(minutes=1)
ONE = Recheck(
    id="r1", provider="company", sub="u1", digest="d1", sealed=b"\0sealed", confirmed=NOW, due=NOW + 5 * MINUTE
)


@pytest.fixture
def store(database: SqliteDatabase) -> RecheckStore:
    passes = PassStore(database)
    for pass_id in ("pg_1", "pg_2", "pg_3"):
        passes.add(make_pass(pass_id), VERIFIER, actor="a")
    return RecheckStore(database)


def test_a_pass_remembers_whose_token_bought_it(store: RecheckStore) -> None:
    store.bought("pg_1", provider="company", recheck=None)
    assert (store.provider("pg_1"), store.provider("pg_2")) == ("company", None)
    assert "sealed" not in repr(ONE).replace("sealed=", "")


def test_one_refresh_token_stands_behind_several_passes(store: RecheckStore) -> None:
    store.bought("pg_1", provider="company", recheck=ONE)
    store.bought("pg_2", provider="company", recheck=replace(ONE, id="r2"))
    store.bought("pg_3", provider="company", recheck=replace(ONE, id="r3", digest="d3"))
    assert (store.behind("r1"), store.behind("r2"), store.behind("r3")) == ({"pg_1", "pg_2"}, set(), {"pg_3"})


def test_what_is_due_is_claimed_by_one(store: RecheckStore) -> None:
    store.bought("pg_1", provider="company", recheck=ONE)
    store.bought("pg_2", provider="other", recheck=replace(ONE, id="r2", digest="d2", provider="other"))
    due = NOW + 5 * MINUTE
    assert store.claim_due(provider="company", now=due - MINUTE, until=due, most=9) == ()
    claimed = store.claim_due(provider="company", now=due, until=due + MINUTE, most=9)
    assert claimed == (replace(ONE, due=due + MINUTE),)
    assert store.claim_due(provider="company", now=due, until=due + MINUTE, most=9) == ()
    assert len(store.claim_due(provider="company", now=due + MINUTE, until=due + 2 * MINUTE, most=9)) == 1
    changed = replace(ONE, sealed=b"next", confirmed=due, due=due + 5 * MINUTE)
    store.keep(changed)
    later = due + 5 * MINUTE
    assert store.claim_due(provider="company", now=later, until=later, most=9) == (replace(changed, due=later),)


def test_what_stands_behind_no_live_pass_is_forgotten(store: RecheckStore, database: SqliteDatabase) -> None:
    store.bought("pg_1", provider="company", recheck=ONE)
    store.bought("pg_2", provider="company", recheck=replace(ONE, id="r2", digest="d2"))
    PassStore(database).revoke("pg_1", at=NOW, actor="a")
    due = NOW + 5 * MINUTE
    assert [one.id for one in store.claim_due(provider="company", now=due, until=due, most=9)] == ["r2"]
    assert store.claim_due(provider="company", now=NOW + timedelta(hours=1), until=NOW, most=9) == ()
    for gone in ("r1", "r2"):
        with pytest.raises(StoreError, match="gone"):
            store.keep(replace(ONE, id=gone))


def test_it_is_forgotten_when_told(store: RecheckStore) -> None:
    store.bought("pg_1", provider="company", recheck=ONE)
    store.forget("r1")
    assert store.claim_due(provider="company", now=NOW + timedelta(hours=1), until=NOW, most=9) == ()
