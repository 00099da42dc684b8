"""Requests for access, kept."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from passgate.core.action import VerbClass
from passgate.core.errors import StoreError
from passgate.core.principal import Principal, PrincipalKind
from passgate.pipeline.access_requests import AccessAsked, AccessRequest, AccessState, AccessVote
from passgate.store.access_request_store import AccessRequestStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.store.conftest import NOW

ADA = Principal(kind=PrincipalKind.HUMAN, subject="ada@example.com", groups=frozenset({"on-call"}))
REQUEST = AccessRequest(
    id="r1",
    asked=AccessAsked(
        principal=Principal(kind=PrincipalKind.AGENT, subject="reporter", on_behalf_of=ADA),
        resources=frozenset({"shop", "vault"}),
        verbs=frozenset({VerbClass.READ, VerbClass.WRITE}),
        ttl=timedelta(hours=2),
        reason="INC-42 – Störung",
        ticket="INC-42",
        source="company",
    ),
    rule="on-call",
    group="dba",
    count=2,
    at=NOW,
    expires=NOW + timedelta(minutes=30),
    state=AccessState.PENDING,
)
VOTE = AccessVote(subject="Grace@example.com", approves=True, note="fine", at=NOW + timedelta(minutes=1))


@pytest.fixture
def store(database: SqliteDatabase) -> AccessRequestStore:
    return AccessRequestStore(database)


def test_it_comes_back_as_it_was_also_after_a_restart(store: AccessRequestStore, path: Path) -> None:
    assert store.add(REQUEST, "d1") == REQUEST
    assert store.add_vote("r1", VOTE, person="grace@example.com")
    again = SqliteDatabase(path)
    assert AccessRequestStore(again).find("r1") == replace(REQUEST, votes=(VOTE,))
    assert AccessRequestStore(again).latest("d1") == replace(REQUEST, votes=(VOTE,))
    again.close()
    assert store.find("r2") is None
    assert store.latest("d2") is None


def test_the_newest_comes_first(store: AccessRequestStore) -> None:
    store.add(REQUEST, "d1")
    store.add(replace(REQUEST, id="r2", at=NOW + timedelta(seconds=1)), "d2")
    assert [one.id for one in store.all()] == ["r2", "r1"]
    assert [one.id for one in store.waiting(NOW)] == ["r2", "r1"]
    assert store.waiting(REQUEST.expires) == ()


def test_what_asks_the_same_and_still_waits_is_found_instead(store: AccessRequestStore) -> None:
    store.add(REQUEST, "d1")
    assert store.add(replace(REQUEST, id="r2"), "d1") == REQUEST
    later = replace(REQUEST, id="r3", at=REQUEST.expires, expires=REQUEST.expires + timedelta(minutes=1))
    assert store.add(later, "d1") == later
    assert store.latest("d1") == later


def test_a_person_votes_once_and_only_while_it_waits(store: AccessRequestStore) -> None:
    store.add(REQUEST, "d1")
    assert not store.add_vote("r9", VOTE, person="grace")
    assert not store.add_vote("r1", replace(VOTE, at=REQUEST.expires), person="grace")
    assert store.add_vote("r1", VOTE, person="grace")
    assert not store.add_vote("r1", replace(VOTE, approves=False), person="grace")
    assert store.add_vote("r1", replace(VOTE, subject="linus", approves=False), person="linus")
    found = store.find("r1")
    assert found is not None
    assert [(vote.subject, vote.approves) for vote in found.votes] == [("Grace@example.com", True), ("linus", False)]
    assert store.settle("r1", AccessState.DENIED, at=NOW + timedelta(minutes=2))
    assert not store.add_vote("r1", VOTE, person="third")


def test_it_is_decided_once_used_once_and_not_the_other_way_round(store: AccessRequestStore) -> None:
    store.add(REQUEST, "d1")
    assert not store.use("r1")
    assert store.settle("r1", AccessState.APPROVED, at=NOW + timedelta(minutes=2))
    assert not store.settle("r1", AccessState.DENIED, at=NOW + timedelta(minutes=2))
    assert store.use("r1")
    assert not store.use("r1")
    store.name_pass("r1", "pg_1")
    found = store.find("r1")
    assert found is not None
    assert (found.state, found.decided, found.pass_id) == (AccessState.ISSUED, NOW + timedelta(minutes=2), "pg_1")


def test_nothing_is_approved_after_its_time(store: AccessRequestStore) -> None:
    store.add(REQUEST, "d1")
    assert not store.settle("r1", AccessState.APPROVED, at=REQUEST.expires)
    assert store.expire(REQUEST.expires - timedelta(seconds=1)) == ()
    assert store.expire(REQUEST.expires) == ("r1",)
    assert store.expire(REQUEST.expires) == ()
    found = store.find("r1")
    assert found is not None
    assert (found.state, found.decided) == (AccessState.EXPIRED, REQUEST.expires)


@pytest.mark.parametrize(
    "change", ["state = 'open'", "verbs = '[\"fly\"]'", "resources = 'null'", "principal = '{}'", "at = 'soon'"]
)
def test_what_was_tampered_with_is_an_error(store: AccessRequestStore, database: SqliteDatabase, change: str) -> None:
    store.add(REQUEST, "d1")
    with database.writing() as connection:
        connection.execute(text(f"UPDATE access_requests SET {change}"))
    with pytest.raises(StoreError):
        store.find("r1")
