"""Requests as they are stored and read back."""

from dataclasses import replace

import pytest

from passgate.approvals.record import Records
from passgate.approvals.sealing import Sealer
from passgate.core.errors import StoreError
from passgate.pipeline.approval_desk import ApprovalState, Vote
from tests.unit.endpoints.approvals.parts import REQUEST


def test_all_of_it_comes_back_with_its_votes() -> None:
    records = Records(Sealer(bytes(32)))
    vote = Vote(subject="grace@example.com", approves=True, note="fine – 你好", at=REQUEST.asked)
    stored = records.stored(REQUEST, "q")
    stored = replace(stored, state=ApprovalState.APPROVED, votes=(records.vote(REQUEST.id, vote, "grace@example.com"),))
    assert records.read(stored) == replace(REQUEST, state=ApprovalState.APPROVED, votes=(vote,))


def test_a_vote_of_another_request_or_person_is_no_vote_of_this_one() -> None:
    records = Records(Sealer(bytes(32)))
    vote = Vote(subject="grace@example.com", approves=True, note="", at=REQUEST.asked)
    stored = records.stored(REQUEST, "q")
    for moved in (
        records.vote("another", vote, "grace"),
        replace(records.vote(REQUEST.id, vote, "grace"), person="linus"),
    ):
        with pytest.raises(StoreError, match="not sealed"):
            records.read(replace(stored, votes=(moved,)))


def test_what_is_no_request_is_an_error() -> None:
    sealer = Sealer(bytes(32))
    stored = replace(Records(sealer).stored(REQUEST, "q"), sealed=sealer.seal(b'{"id": 1}', f"approval/{REQUEST.id}"))
    with pytest.raises(StoreError, match="cannot be read"):
        Records(sealer).read(stored)
