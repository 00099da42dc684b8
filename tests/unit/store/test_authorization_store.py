"""Authorizations and their refresh tokens as they are kept."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from passgate.core.action import VerbClass
from passgate.core.authorization import Authorization
from passgate.core.errors import StoreError
from passgate.core.principal import Principal, PrincipalKind
from passgate.store.authorization_store import AuthorizationStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.store.conftest import NOW

ADA = Principal(
    kind=PrincipalKind.HUMAN, subject="ada@example.com", groups=frozenset({"eng"}), claims={"iss": "https://idp"}
)
PLAIN = Authorization(
    id="a1",
    client_id="editor",
    provider="company",
    principal=ADA,
    issued=NOW,
    expires=NOW + timedelta(hours=12),
    resources=frozenset({"claude"}),
    verbs=frozenset({VerbClass.READ}),
    purpose="why",
    ticket="INC-1",
    agent="reporter",
    consented=NOW,
)


@pytest.fixture
def store(database: SqliteDatabase) -> AuthorizationStore:
    store = AuthorizationStore(database)
    store.add(PLAIN)
    return store


def test_what_was_put_in_comes_out(store: AuthorizationStore) -> None:
    api = Authorization(id="a2", client_id="passgate", provider="company", principal=ADA, issued=NOW, expires=NOW)
    store.add(api)
    assert store.find("a1") == PLAIN
    assert store.find("a2") == api
    assert (PLAIN.for_api, api.for_api) == (False, True)
    assert store.find("a3") is None


def test_a_revoked_one_gets_no_further_pass(store: AuthorizationStore) -> None:
    assert store.add_pass("a1", "pg_1")
    assert store.add_pass("a1", "pg_2")
    assert store.revoke("a1", at=NOW)
    assert not store.revoke("a1", at=NOW + timedelta(hours=1))
    assert not store.revoke("a9", at=NOW)
    assert not store.add_pass("a1", "pg_3")
    assert not store.add_pass("a9", "pg_3")
    assert store.find("a1") == replace(PLAIN, passes=("pg_1", "pg_2"), revoked=NOW)


def test_consent_is_given_once_to_what_has_not_ended(store: AuthorizationStore) -> None:
    for name in ("a2", "a3"):
        store.add(replace(PLAIN, id=name, consented=None, purpose="", ticket=None))
    pending = store.find("a2")
    assert pending is not None
    assert not pending.live(NOW)
    assert store.consent("a2", purpose="why", ticket="INC-1", at=NOW)
    assert store.find("a2") == replace(PLAIN, id="a2")
    assert not store.consent("a2", purpose="else", ticket=None, at=NOW)
    store.revoke("a3", at=NOW)
    assert not store.consent("a3", purpose="why", ticket=None, at=NOW)
    assert not store.consent("a9", purpose="why", ticket=None, at=NOW)


def test_of_whom_it_is_said_what_still_lives_is_revoked(store: AuthorizationStore) -> None:
    store.add(replace(PLAIN, id="a2", principal=replace(ADA, subject="grace@example.com")))
    store.add(replace(PLAIN, id="a3", expires=NOW))  # over by itself
    store.add(replace(PLAIN, id="a5", principal=replace(ADA, kind=PrincipalKind.SERVICE)))
    store.add(replace(PLAIN, id="a4"))
    store.revoke("a4", at=NOW)
    later = NOW + timedelta(seconds=1)
    assert store.revoke_of(lambda who: who == ADA, at=later) == 1
    ended = [store.find(name) for name in ("a1", "a2", "a3", "a4", "a5")]
    assert [one and one.revoked for one in ended] == [later, None, None, NOW, None]


def test_a_refresh_token_is_used_once(store: AuthorizationStore) -> None:
    store.add_refresh("d1", authorization_id="a1", at=NOW)
    known = store.find_refresh("d1")
    assert known is not None
    assert (known.authorization, known.used) == ("a1", False)
    assert store.rotate("d1", following="d2", at=NOW)
    assert not store.rotate("d1", following="d3", at=NOW)
    assert not store.rotate("d9", following="d3", at=NOW)
    assert store.find_refresh("d3") is None
    assert [(one.used if one else None) for one in map(store.find_refresh, ("d1", "d2"))] == [True, False]


def test_what_ended_is_dropped_with_its_refresh_tokens(store: AuthorizationStore) -> None:
    store.add(replace(PLAIN, id="a2"))
    store.add_refresh("d1", authorization_id="a1", at=NOW)
    store.add_refresh("d2", authorization_id="a2", at=NOW)
    store.forget(before=NOW)
    assert store.find("a1") is not None
    store.revoke("a1", at=NOW)
    store.forget(before=NOW + timedelta(seconds=1))
    assert (store.find("a1"), store.find_refresh("d1")) == (None, None)
    assert store.find_refresh("d2") is not None
    store.forget(before=PLAIN.expires + timedelta(seconds=1))
    assert store.find("a2") is None


def test_what_cannot_be_read_is_an_error(store: AuthorizationStore, database: SqliteDatabase) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE authorizations SET verbs = '[\"fly\"]'"))
    with pytest.raises(StoreError, match="authorization a1 cannot be read"):
        store.find("a1")
