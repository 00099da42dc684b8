"""``/requests``: just-in-time access: ask, list, show, vote."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field

from passgate.core.action import VerbClass
from passgate.core.errors import ApprovalError, PassRequestError
from passgate.endpoints.control import voting
from passgate.endpoints.control.passes import chain
from passgate.endpoints.control.problem import Code, ProblemError, not_found
from passgate.endpoints.control.route import AnyRoute, Call, Effect, Route
from passgate.endpoints.control.schema import Answer, Body, Listed, NoBody, NoQuery, Page, Said, Word, page
from passgate.endpoints.control.voting import VoteCounted, VoteSent, VoteShown
from passgate.pipeline.access_requests import AccessAsked, AccessRequest, AccessRequests, AccessState
from passgate.pipeline.control import Caller, Role

_ALL = frozenset({Role.APPROVER, Role.AUDITOR, Role.OPERATOR})


class AccessAsk(Body):
    """For oneself. ``reason``: why, in one's own words; the rules may want a ``ticket`` too."""

    resources: Annotated[list[Word], Field(min_length=1, max_length=100)]
    verbs: Annotated[
        list[Literal["read", "write", "ddl", "admin", "code", "egress", "session"]], Field(min_length=1, max_length=7)
    ]
    ttl_seconds: Annotated[int, Field(ge=1, le=10**9)]
    reason: Said
    ticket: Annotated[str, Field(min_length=1, max_length=100)] | None = None


class AccessShown(Answer):
    """``rule``: what it was asked under. ``expires``: until when it may be voted on. ``pass_id``: the pass that came of it."""

    id: str
    state: AccessState
    chain: list[str]
    resources: list[str]
    verbs: list[str]
    ttl_seconds: int
    reason: str
    ticket: str | None
    rule: str
    group: str
    count: int
    at: datetime
    expires: datetime
    decided: datetime | None
    pass_id: str | None
    votes: list[VoteShown]


class AccessList(Listed):
    items: list[AccessShown]


class Requests:
    def __init__(self, desk: AccessRequests) -> None:
        self._desk = desk

    def routes(self) -> Iterator[AnyRoute]:
        yield Route(
            method="GET", path="/requests", name="listRequests",
            about="Requests for access, newest first; a user's own only.",
            roles=frozenset(Role), query=Page, body=NoBody, answer=AccessList, handler=self._list,
        )  # fmt: skip
        yield Route(
            method="POST", path="/requests", name="askForAccess", about="Ask for access to what one is eligible for.",
            roles=frozenset({Role.USER}), query=NoQuery, body=AccessAsk, answer=AccessShown, handler=self._ask,
            effect=Effect.CHANGES, status=201,
        )  # fmt: skip
        yield Route(
            method="GET", path="/requests/{request_id}", name="getRequest", about="One request for access.",
            roles=frozenset(Role), query=NoQuery, body=NoBody, answer=AccessShown, handler=self._show,
        )  # fmt: skip
        yield Route(
            method="POST", path="/requests/{request_id}/vote", name="voteOnRequest", about="Approve or deny, once.",
            roles=frozenset({Role.APPROVER}), query=NoQuery, body=VoteSent, answer=VoteCounted, handler=self._vote,
            effect=Effect.CHANGES,
        )  # fmt: skip

    async def _list(self, call: Call[Page, NoBody]) -> AccessList:
        seen = [one for one in self._desk.list() if _may_see(call.caller, one)]
        items, rest = page(seen, call.query, route="listRequests", key=lambda one: f"{one.at.isoformat()} {one.id}")
        return AccessList(items=[_shown(one) for one in items], next_cursor=rest)

    async def _ask(self, call: Call[NoQuery, AccessAsk]) -> AccessShown:
        sent = call.body
        asked = AccessAsked(
            principal=call.caller.principal,
            resources=frozenset(sent.resources),
            verbs=frozenset(VerbClass(verb) for verb in sent.verbs),
            ttl=timedelta(seconds=sent.ttl_seconds),
            reason=sent.reason,
            ticket=sent.ticket,
        )
        try:
            return _shown(await self._desk.ask(asked))
        except PassRequestError as error:
            raise ProblemError(Code.NOT_ACCEPTED, f"{error}.") from None

    async def _show(self, call: Call[NoQuery, NoBody]) -> AccessShown:
        return _shown(self._found(call))

    async def _vote(self, call: Call[NoQuery, VoteSent]) -> VoteCounted:
        found = self._found(call)
        try:
            counted = await self._desk.vote(
                found.id, call.caller.principal, approves=call.body.approves, note=call.body.note
            )
        except ApprovalError as error:
            raise voting.not_counted(error) from None
        return VoteCounted(id=counted.id, state=counted.state.value, votes=_votes(counted))

    def _found(self, call: Call[Any, Any]) -> AccessRequest:
        found = self._desk.show(call.path["request_id"])
        if found is None or not _may_see(call.caller, found):
            raise not_found("request")
        return found


def _may_see(caller: Caller, request: AccessRequest) -> bool:
    return bool(caller.roles & _ALL) or caller.owns(request.asked.principal)


def _shown(one: AccessRequest) -> AccessShown:
    asked = one.asked
    return AccessShown(
        id=one.id,
        state=one.state,
        chain=chain(asked.principal),
        resources=sorted(asked.resources),
        verbs=sorted(verb.value for verb in asked.verbs),
        ttl_seconds=int(asked.ttl.total_seconds()),
        reason=asked.reason,
        ticket=asked.ticket,
        rule=one.rule,
        group=one.group,
        count=one.count,
        at=one.at,
        expires=one.expires,
        decided=one.decided,
        pass_id=one.pass_id,
        votes=_votes(one),
    )


def _votes(one: AccessRequest) -> list[VoteShown]:
    return [voting.shown(subject=v.subject, approves=v.approves, note=v.note, at=v.at) for v in one.votes]
