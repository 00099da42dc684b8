"""What is said over the admin socket about access that somebody asks for."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from passgate.api.message import Id, Message
from passgate.core.action import VerbClass
from passgate.pipeline.access_requests import AccessRequest

Verbs = Annotated[tuple[VerbClass, ...], Field(max_length=10)]


class AskAccess(Message):
    """Whoever connects asks for it themselves: the kernel says who that is."""

    op: Literal["access.ask"] = "access.ask"
    resources: Annotated[tuple[Id, ...], Field(max_length=100)]
    verbs: Verbs
    seconds: Annotated[int, Field(ge=1, le=10**8)]
    reason: Annotated[str, Field(max_length=500)] = ""
    ticket: Annotated[str, Field(max_length=100)] | None = None


class ListAccess(Message):
    op: Literal["access.list"] = "access.list"


class VoteAccess(Message):
    op: Literal["access.vote"] = "access.vote"
    request: Id
    approves: bool
    note: Annotated[str, Field(max_length=500)] = ""


class TakeAccess(Message):
    op: Literal["access.take"] = "access.take"
    request: Id


class AccessVoteInfo(Message):
    subject: str
    approves: bool
    note: str
    at: datetime


class AccessInfo(Message):
    """A request. ``chain``: who asks, for whom. Times in UTC; ``seconds``: how long it is asked for."""

    id: str
    state: str
    chain: tuple[str, ...]
    source: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    seconds: int
    reason: str
    ticket: str | None
    rule: str
    group: str
    count: int
    at: datetime
    expires: datetime
    decided: datetime | None
    pass_id: str | None
    votes: tuple[AccessVoteInfo, ...]

    @classmethod
    def of(cls, request: AccessRequest) -> "AccessInfo":
        asked = request.asked
        return cls(
            id=request.id,
            state=request.state.value,
            chain=tuple(str(link) for link in asked.principal.links()),
            source=asked.source,
            resources=tuple(sorted(asked.resources)),
            verbs=tuple(sorted(verb.value for verb in asked.verbs)),
            seconds=int(asked.ttl.total_seconds()),
            reason=asked.reason,
            ticket=asked.ticket,
            rule=request.rule,
            group=request.group,
            count=request.count,
            at=request.at,
            expires=request.expires,
            decided=request.decided,
            pass_id=request.pass_id,
            votes=tuple(
                AccessVoteInfo(subject=vote.subject, approves=vote.approves, note=vote.note, at=vote.at)
                for vote in request.votes
            ),
        )


class AccessShown(Message):
    kind: Literal["access"] = "access"
    request: AccessInfo


class AccessListed(Message):
    kind: Literal["access.listed"] = "access.listed"
    requests: tuple[AccessInfo, ...]


class AccessGranted(Message):
    """The pass that was approved, and its secret, together for this once."""

    kind: Literal["access.granted"] = "access.granted"
    pass_id: str
    secret: str = Field(repr=False)
    resources: tuple[str, ...]
    expires: datetime


AccessMessage = AskAccess | ListAccess | VoteAccess | TakeAccess
AccessAnswer = AccessShown | AccessListed | AccessGranted
