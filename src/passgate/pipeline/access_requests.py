"""What is asked of whoever keeps requests for access: who is eligible asks, other people vote, and the access begins then."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from passgate.core.action import VerbClass
from passgate.core.principal import Principal

MACHINE = "unix"
"""The operating system vouches, and ``approvals.people`` says who its users are."""


class AccessState(StrEnum):
    """``issued``: the pass was taken; a request is good for one."""

    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    ISSUED = "issued"


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessAsked:
    """What somebody asks for. ``principal``: with the whole chain that it acts for. ``reason``: why, in their own words.

    ``source``: whose word it is that they are who they are, the name of an identity provider or ``MACHINE``. Empty: it is not said,
    which will do where there is but one provider.
    """

    principal: Principal
    resources: frozenset[str]
    verbs: frozenset[VerbClass]
    ttl: timedelta
    reason: str
    ticket: str | None = None
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessVote:
    subject: str
    approves: bool
    note: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """``rule``: the access rule that it was asked under. ``group``, ``count``: who must approve, how many different people.

    ``expires``: until when it may be voted on. ``decided``: when it stopped waiting, None while it waits; an approval begins then,
    and its pass ends ``asked.ttl`` later, whenever it is taken. ``pass_id``: the pass that came of it. Times are aware and in UTC.
    """

    id: str
    asked: AccessAsked
    rule: str
    group: str
    count: int
    at: datetime
    expires: datetime
    state: AccessState
    votes: tuple[AccessVote, ...] = ()
    decided: datetime | None = None
    pass_id: str | None = None


class AccessRequests(Protocol):
    """Every method raises StoreError."""

    def list(self) -> Sequence[AccessRequest]:
        """Newest first, those that are over too."""

    def show(self, request_id: str) -> AccessRequest | None: ...

    async def ask(self, asked: AccessAsked) -> AccessRequest:
        """The same thing asked again while it waits is the same request. Raises PassRequestError, LedgerUnavailableError."""

    async def vote(self, request_id: str, voter: Principal, *, approves: bool, note: str = "") -> AccessRequest:
        """One vote of a person, whose groups are verified; recorded before it counts.

        Raises ApprovalError, LedgerUnavailableError.
        """
