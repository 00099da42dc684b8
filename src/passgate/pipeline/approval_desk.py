"""What the control API and the channels ask of the desk where held actions wait for people, and what they are told.

A request is a snapshot: whoever wants to know more later asks again by its number. Times are aware and in UTC.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from passgate.core.principal import Principal

_NOT_FOR_THEM = "it is shown to those who decide, not to whoever asks"


class ApprovalState(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"  # and not used yet: the client has gone, or is just about to run it
    DENIED = "denied"
    EXPIRED = "expired"
    USED = "used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Voter:
    """Somebody the gate knows. ``subject`` as in passes; ``groups``: those that rules name under ``approvers:``."""

    subject: str
    groups: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """``note``: the voter's own words, at most 500 characters."""

    subject: str
    approves: bool
    note: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a held write would do, as a run that was rolled back has shown. ``rows`` None: nobody knows, and ``why`` says why not.

    ``columns`` and ``samples``: a few of the rows as they would be afterwards, masked as the session itself would see them; None is
    NULL. ``notes``: what else there is to know (what does not roll back).
    """

    rows: int | None = None
    why: str = ""
    columns: tuple[str, ...] = ()
    samples: tuple[tuple[str | None, ...], ...] = field(default=(), repr=False)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequest:
    """One held action. ``text`` and ``inputs`` are exactly what will run, unmasked: for whoever decides, and for inside the gate.

    ``shown``: the same masked, as it may leave the gate; of a call to a model what would be sent to it, and perhaps cut. ``cut``:
    how many bytes of it are left out. ``principal``: who asks, with the whole chain it acts for. ``binding_sha256``: hash of the
    record that an approval is bound to, in hexadecimal. ``cap``: rows that it may change at most, None where there was no preview.
    ``group``, ``count``: how many different people of which group must agree. ``votes`` in the order they came.
    """

    id: str
    state: ApprovalState
    binding_sha256: str
    session: str
    pass_id: str
    principal: Principal
    chain: tuple[str, ...]
    purpose: str
    ticket: str | None
    resource: str
    verb: str
    atoms: tuple[str, ...]
    text: str = field(repr=False)
    shown: str = field(repr=False)
    cut: int
    inputs: Mapping[str, str | None] = field(repr=False)
    rule: str
    reason: str
    policy: str
    group: str
    count: int
    preview: Preview
    cap: int | None
    asked: datetime
    expires: datetime
    votes: tuple[Vote, ...]

    @property
    def approvals(self) -> int:
        """How many have agreed so far."""
        return sum(vote.approves for vote in self.votes)

    def as_whoever_asks_sees_it(self) -> "ApprovalRequest":
        """Without what its run has shown, and without the hash of the record that says it: how many rows a condition meets would be
        an answer that nobody has agreed to."""
        return replace(self, preview=Preview(why=_NOT_FOR_THEM), cap=None, binding_sha256="")


class ApprovalDesk(Protocol):
    """Who may look at what is the caller's to check; who may decide is the desk's."""

    def list(self) -> tuple[ApprovalRequest, ...]:
        """Oldest first, decided ones too until their time is over. Raises StoreError."""

    def show(self, request_id: str) -> ApprovalRequest | None:
        """None: there is no such request, or its time is over. Raises StoreError."""

    async def vote(self, request_id: str, voter: Voter, *, approves: bool, note: str = "") -> ApprovalRequest:
        """Count one vote, durably; the request as it is then.

        Raises ApprovalError where it may not be counted: no such request, decided or expired, the voter or one whom the chain acts
        for has asked for it, not of the group, has voted before, note too long. Raises LedgerUnavailableError, StoreError.
        """


class Channel(Protocol):
    """One way to tell people that somebody waits for them. It decides nothing: votes come to the desk, however people are told.

    Each method is tried again after a failure, so it must bear being called twice.
    """

    async def announce(self, request: ApprovalRequest) -> str:
        """Tell people. Returns where, in the channel's own words, empty where there is no such place. Raises ChannelError."""

    async def resolved(self, request: ApprovalRequest, reference: str) -> None:
        """Tell those who were told that it is over; ``reference``: what ``announce`` returned, empty if it failed.

        Raises ChannelError.
        """


class Announcing(Protocol):
    """Passes on to every channel there is, later: neither waits nor raises."""

    def announce(self, request: ApprovalRequest) -> None: ...

    def resolved(self, request: ApprovalRequest) -> None: ...
