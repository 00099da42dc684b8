"""What is said over the admin socket: one JSON object per line, one answer per request."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from passgate.api.access_messages import (
    AccessGranted,
    AccessListed,
    AccessShown,
    AskAccess,
    ListAccess,
    TakeAccess,
    VoteAccess,
)
from passgate.api.message import Id, Message
from passgate.core.errors import RemoteProtocolError
from passgate.core.session import Session

MAX_REQUEST_BYTES = 64 * 2**10
MAX_ANSWER_BYTES = 32 * 2**20
"""A session is described in about 500 bytes, and a process may serve tens of thousands."""


class ListSessions(Message):
    op: Literal["sessions.list"] = "sessions.list"


class KillSession(Message):
    op: Literal["session.kill"] = "session.kill"
    session: Id


class PassesRevoked(Message):
    """The store says so already; this only makes the gate look at once."""

    op: Literal["passes.revoked"] = "passes.revoked"
    passes: Annotated[tuple[Id, ...], Field(max_length=200)]


class LocksChanged(Message):
    """The store says so already; this only makes the gate look at once."""

    op: Literal["locks.changed"] = "locks.changed"


class ReloadPolicy(Message):
    op: Literal["policy.reload"] = "policy.reload"


class GetStatus(Message):
    op: Literal["status"] = "status"


class RefreshCatalog(Message):
    """No resource: all of them."""

    op: Literal["catalog.refresh"] = "catalog.refresh"
    resource: Id | None = None


class CancelStatement(Message):
    """A client's cancel request that reached another worker than its session's. ``key`` in hexadecimal."""

    op: Literal["statement.cancel"] = "statement.cancel"
    process_id: int
    key: Annotated[str, Field(max_length=512, pattern=r"^([0-9a-f]{2})*$", repr=False)]


class ListApprovals(Message):
    op: Literal["approvals.list"] = "approvals.list"


class CastVote(Message):
    op: Literal["approvals.vote"] = "approvals.vote"
    request: Id
    approves: bool
    note: Annotated[str, Field(max_length=500)] = ""


class SessionInfo(Message):
    """A live session. ``chain``: who asks, for whom. ``opened`` is in UTC; ``counters`` are those of ``core.Session``."""

    id: str
    pass_id: str
    principal: str
    on_behalf_of: str | None
    chain: tuple[str, ...]
    purpose: str
    resource: str
    opened: datetime
    expires: datetime
    peer: str
    tags: tuple[str, ...]
    counters: dict[str, int]

    @classmethod
    def of(cls, session: Session) -> "SessionInfo":
        behalf = session.principal.on_behalf_of
        return cls(
            id=session.id,
            pass_id=session.pass_.id,
            principal=str(session.principal),
            on_behalf_of=None if behalf is None else str(behalf),
            chain=tuple(str(link) for link in session.principal.links()),
            purpose=session.pass_.purpose,
            resource=session.resource.name,
            opened=session.opened,
            expires=session.pass_.expires,
            peer=session.peer,
            tags=tuple(sorted(session.tags)),
            counters=dict(session.counters),
        )


class VoteInfo(Message):
    subject: str
    approves: bool
    note: str
    at: datetime


class PreviewInfo(Message):
    """As ``pipeline.approval_desk.Preview``; the samples are masked."""

    rows: int | None
    why: str
    columns: tuple[str, ...]
    samples: tuple[tuple[str | None, ...], ...] = Field(repr=False)
    notes: tuple[str, ...]


class ApprovalInfo(Message):
    """One held action, exactly as it will be sent: ``text`` and ``inputs`` unmasked, for the eyes of whoever decides.

    ``shown``: masked; of a call to a model what it would be sent. ``binding_sha256``: hash of the record it is bound to. ``chain``:
    who asks, for whom. Times in UTC.
    """

    id: str
    state: str
    binding_sha256: str
    session: str
    chain: tuple[str, ...]
    purpose: str
    ticket: str | None
    resource: str
    verb: str
    atoms: tuple[str, ...]
    text: str = Field(repr=False)
    shown: str = Field(repr=False)
    inputs: dict[str, str | None] = Field(repr=False)
    rule: str
    reason: str
    policy: str
    group: str
    count: int
    preview: PreviewInfo
    asked: datetime
    expires: datetime
    votes: tuple[VoteInfo, ...]


class ApprovalsListed(Message):
    kind: Literal["approvals"] = "approvals"
    requests: tuple[ApprovalInfo, ...]


class VoteCounted(Message):
    """``request`` None: this process has no such request."""

    kind: Literal["vote"] = "vote"
    request: ApprovalInfo | None


class SessionsListed(Message):
    kind: Literal["sessions"] = "sessions"
    sessions: tuple[SessionInfo, ...]


class SessionKilled(Message):
    """``found``: this process had it, and it is being ended."""

    kind: Literal["killed"] = "killed"
    found: bool


class StatementCancelled(Message):
    """``found``: it was the key of a session of this process."""

    kind: Literal["cancelled"] = "cancelled"
    found: bool


class SessionsEnded(Message):
    """How many live sessions of this process ended by it."""

    kind: Literal["ended"] = "ended"
    sessions: int


class PolicyReloaded(Message):
    """The bundle in force from now on. ``changed``: it is another than before."""

    kind: Literal["policy"] = "policy"
    version: str
    changed: bool


class GateStatus(Message):
    """``implementation``: ``native`` or ``python``. ``ledger``: ``ok``, or why nothing can be recorded."""

    kind: Literal["status"] = "status"
    version: str
    implementation: str
    pid: int
    node: str
    worker: int
    started: datetime
    sessions: int
    resources: tuple[str, ...]
    policy_version: str
    ledger: str


class CatalogsRefreshed(Message):
    """The version of each resource's catalog now in force."""

    kind: Literal["catalogs"] = "catalogs"
    versions: dict[str, str]


class Failed(Message):
    """It was understood, and could not be done."""

    kind: Literal["failed"] = "failed"
    error: str


Request = (
    ListSessions
    | KillSession
    | PassesRevoked
    | LocksChanged
    | ReloadPolicy
    | GetStatus
    | RefreshCatalog
    | CancelStatement
    | ListApprovals
    | CastVote
    | AskAccess
    | ListAccess
    | VoteAccess
    | TakeAccess
)
Answer = (
    SessionsListed
    | SessionKilled
    | StatementCancelled
    | SessionsEnded
    | PolicyReloaded
    | GateStatus
    | CatalogsRefreshed
    | ApprovalsListed
    | VoteCounted
    | AccessShown
    | AccessListed
    | AccessGranted
    | Failed
)

_REQUESTS: TypeAdapter[Request] = TypeAdapter(Annotated[Request, Field(discriminator="op")])
_ANSWERS: TypeAdapter[Answer] = TypeAdapter(Annotated[Answer, Field(discriminator="kind")])


def encode(message: Request | Answer) -> bytes:
    """One line with its end. JSON escapes line ends inside strings, so there is exactly one."""
    return message.model_dump_json().encode() + b"\n"


def decode_request(line: bytes) -> Request:
    """Raises RemoteProtocolError, which names what is wrong and repeats nothing of it."""
    try:
        return _REQUESTS.validate_json(line)
    except ValidationError as error:
        raise RemoteProtocolError(_what(error)) from None


def decode_answer(line: bytes) -> Answer:
    """Raises RemoteProtocolError."""
    try:
        return _ANSWERS.validate_json(line)
    except ValidationError as error:
        raise RemoteProtocolError(_what(error)) from None


def _what(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(step) for step in first["loc"])
    return f"not a message of the admin channel: {place + ': ' if place else ''}{first['msg']}"
