"""Requests for approval as they are kept."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from passgate.core.errors import StoreError
from passgate.pipeline.approval_desk import ApprovalState
from passgate.pipeline.approval_store import Most, Room, StoredRequest, StoredVote
from passgate.store.approval_store import ApprovalRequestStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.store.conftest import NOW

MOST = Most(all=3, of_a_pass=2)
ONE = StoredRequest(
    id="r1",
    question="q1",
    pass_id="pg_1",
    state=ApprovalState.PENDING,
    asked=NOW,
    expires=NOW + timedelta(minutes=15),
    sealed=b"\0sealed",
)
TWO = replace(ONE, id="r2", question="q2", asked=NOW + timedelta(seconds=1))
VOTE = StoredVote(person="grace@example.com", approves=True, sealed=b"vote")


@pytest.fixture
def store(database: SqliteDatabase) -> ApprovalRequestStore:
    return ApprovalRequestStore(database)


def test_it_is_read_back_oldest_first_until_its_time_is_over(store: ApprovalRequestStore) -> None:
    assert store.add(TWO, MOST, now=NOW) is Room.FREE
    assert store.add(ONE, MOST, now=NOW) is Room.FREE
    assert store.living(now=NOW) == (ONE, TWO)
    assert store.find("r1") == ONE
    assert store.find("r9") is None
    assert store.living(now=ONE.expires) == ()
    assert store.pending() == (ONE, TWO)
    store.remove("r1")
    assert store.pending() == (TWO,)


def test_there_is_so_much_room_and_a_question_is_open_once(store: ApprovalRequestStore) -> None:
    store.add(ONE, MOST, now=NOW)
    assert store.add(replace(ONE, id="r3"), MOST, now=NOW) is Room.TAKEN
    store.add(TWO, MOST, now=NOW)
    third = replace(ONE, id="r3", question="q3")
    assert store.room("pg_1", MOST, now=NOW) is store.add(third, MOST, now=NOW) is Room.PASS_FULL
    assert store.add(replace(third, pass_id="pg_2"), MOST, now=NOW) is Room.FREE
    assert store.room("pg_3", MOST, now=NOW) is Room.FULL
    later = ONE.expires + timedelta(seconds=1)
    assert store.room("pg_1", MOST, now=later) is Room.FREE
    assert store.add(replace(ONE, id="r4", expires=later + timedelta(minutes=1)), MOST, now=later) is Room.FREE


def test_a_question_is_found_while_it_is_open(store: ApprovalRequestStore) -> None:
    store.add(ONE, MOST, now=NOW)
    assert store.asked("q1", now=NOW) == ONE
    assert store.asked("q1", now=ONE.expires) is None
    for state, known in ((ApprovalState.APPROVED, True), (ApprovalState.USED, False)):
        before = ApprovalState.PENDING if state is ApprovalState.APPROVED else ApprovalState.APPROVED
        assert store.move("r1", before=before, after=state)
        assert (store.asked("q1", now=NOW) is not None) is known
    assert not store.move("r1", before=ApprovalState.APPROVED, after=ApprovalState.USED)  # once means once


def test_a_person_has_one_vote_while_it_is_open(store: ApprovalRequestStore) -> None:
    store.add(ONE, MOST, now=NOW)
    after = store.vote("r1", VOTE, now=NOW)
    assert after is not None
    assert after.votes == (VOTE,)
    assert store.vote("r1", replace(VOTE, approves=False), now=NOW) is None
    second = replace(VOTE, person="linus", approves=False)
    assert store.vote("r1", second, now=ONE.expires) is None
    assert store.vote("r9", second, now=NOW) is None
    again = store.vote("r1", second, now=NOW)
    assert again is not None
    assert again.votes == (VOTE, second)
    store.move("r1", before=ApprovalState.PENDING, after=ApprovalState.DENIED)
    assert store.vote("r1", replace(VOTE, person="ada"), now=NOW) is None


def test_where_it_was_told_is_kept_as_long_as_it_is(store: ApprovalRequestStore) -> None:
    store.add(ONE, MOST, now=NOW)
    store.announced("r1", "slack", "C1/1")
    store.announced("r1", "slack", "C1/2")
    store.announced("r9", "slack", "C1/3")
    assert store.references("r1") == {"slack": "C1/2"}
    assert store.references("r9") == {}
    store.remove("r1")
    assert store.references("r1") == {}


def test_what_is_over_goes_when_there_is_something_new_and_what_has_no_end_stays(store: ApprovalRequestStore) -> None:
    store.add(ONE, MOST, now=NOW)
    store.add(TWO, MOST, now=NOW)
    store.vote("r1", VOTE, now=NOW)
    store.move("r1", before=ApprovalState.PENDING, after=ApprovalState.DENIED)
    later = NOW + timedelta(hours=1)
    store.add(replace(ONE, id="r3", question="q3", expires=later + timedelta(minutes=1)), MOST, now=later)
    assert store.find("r1") is None
    assert store.find("r2") is not None


def test_a_state_that_nobody_knows_is_an_error(store: ApprovalRequestStore, database: SqliteDatabase) -> None:
    store.add(ONE, MOST, now=NOW)
    with database.writing() as connection:
        connection.execute(text("UPDATE approval_requests SET state = 'perhaps'"))
    with pytest.raises(StoreError, match="r1"):
        store.find("r1")
