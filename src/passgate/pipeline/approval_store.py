"""What the desk of approvals asks of whoever keeps its requests, so that they outlive the process and are the same for all workers.

What may not lie on disk in the clear comes sealed; the store looks at nothing of it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from passgate.pipeline.approval_desk import ApprovalState


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVote:
    """``person``: whom the vote is of, spelled one way, so that nobody has two."""

    person: str
    approves: bool
    sealed: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredRequest:
    """``question``: SHA-256 of what is asked, in hexadecimal: the same question while it is open is the same request."""

    id: str
    question: str
    pass_id: str
    state: ApprovalState
    asked: datetime
    expires: datetime
    sealed: bytes = field(repr=False)
    votes: tuple[StoredVote, ...] = ()


class Room(StrEnum):
    """Whether there is room for one more request."""

    FREE = "free"
    FULL = "full"
    PASS_FULL = "pass-full"
    TAKEN = "taken"  # the same question is open already


@dataclass(frozen=True, slots=True, kw_only=True)
class Most:
    """How many requests may wait at the same time."""

    all: int
    of_a_pass: int


class ApprovalStore(Protocol):
    """Every method raises StoreError. ``now`` is always the caller's clock."""

    def room(self, pass_id: str, most: Most, *, now: datetime) -> Room:
        """As things stand: FREE, FULL or PASS_FULL."""

    def add(self, request: StoredRequest, most: Most, *, now: datetime) -> Room:
        """Kept only where FREE is the answer, which holds against every other process."""

    def remove(self, request_id: str) -> None: ...

    def find(self, request_id: str) -> StoredRequest | None: ...

    def asked(self, question: str, *, now: datetime) -> StoredRequest | None:
        """The one with this question that is pending, or approved and not used, and not expired."""

    def living(self, *, now: datetime) -> tuple[StoredRequest, ...]:
        """Whose time is not over, oldest first."""

    def pending(self) -> tuple[StoredRequest, ...]:
        """Whatever nobody has ended, oldest first, also past its time."""

    def vote(self, request_id: str, vote: StoredVote, *, now: datetime) -> StoredRequest | None:
        """The request with this vote as its last; None where it is not pending, expired, or has a vote of this person."""

    def move(self, request_id: str, *, before: ApprovalState, after: ApprovalState) -> bool:
        """False where it was not in the state ``before``: then nothing has changed."""

    def announced(self, request_id: str, channel: str, reference: str) -> None:
        """Where a channel has told of it, in the channel's own words."""

    def references(self, request_id: str) -> dict[str, str]:
        """By channel."""
