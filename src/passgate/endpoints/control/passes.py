"""``/passes``: list, show, issue, revoke."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field

from passgate.core.action import VerbClass
from passgate.core.budget import Budget
from passgate.core.errors import PassRequestError
from passgate.core.passes import Pass, PassState
from passgate.core.principal import Principal, PrincipalKind
from passgate.endpoints.control.problem import Code, ProblemError, not_found
from passgate.endpoints.control.route import AnyRoute, Call, Effect, Route
from passgate.endpoints.control.schema import Answer, Body, Flag, Listed, NoBody, NoQuery, Page, Said, Word, page
from passgate.pipeline.control import Caller, PassAsked, PassDesk, Role

Subject = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.@+/=-]{1,200}$")]
_READERS = frozenset({Role.USER, Role.AUDITOR, Role.OPERATOR})
_ALL = frozenset({Role.AUDITOR, Role.OPERATOR})


class PrincipalSent(Body):
    """``groups`` are what policy will see of it; an agent must say whom it acts for."""

    kind: Literal["human", "agent", "service"]
    subject: Subject
    groups: Annotated[list[Subject], Field(max_length=100, default_factory=list)]

    def principal(self, behind: Principal | None = None) -> Principal:
        return Principal(
            kind=PrincipalKind(self.kind), subject=self.subject, groups=frozenset(self.groups), on_behalf_of=behind
        )


class BudgetShown(Answer):
    """Ceilings for calls to models; ``microdollars`` are millionths of a US dollar."""

    requests: int | None
    tokens: int | None
    microdollars: int | None


class BudgetSent(Body):
    requests: Annotated[int, Field(ge=1, le=10**15)] | None = None
    tokens: Annotated[int, Field(ge=1, le=10**15)] | None = None
    microdollars: Annotated[int, Field(ge=1, le=10**15)] | None = None

    def budget(self) -> Budget:
        """Raises ProblemError."""
        try:
            return Budget(requests=self.requests, tokens=self.tokens, microdollars=self.microdollars)
        except ValueError as error:
            raise ProblemError(Code.NOT_ACCEPTED, f"{error}.") from None


class PassIssue(Body):
    """``ttl_seconds``: how long it lives; the gate's default if it is not said."""

    principal: PrincipalSent
    on_behalf_of: PrincipalSent | None = None
    resources: Annotated[list[Word], Field(min_length=1, max_length=100)]
    verbs: Annotated[
        list[Literal["read", "write", "ddl", "admin", "code", "egress", "session"]], Field(min_length=1, max_length=7)
    ]
    purpose: Said
    ticket: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    ttl_seconds: Annotated[int, Field(ge=1, le=10**9)] | None = None
    budget: BudgetSent | None = None


class PassShown(Answer):
    """``chain``: who holds it, whom they act for, and so on up to a human or an owner."""

    id: str
    chain: list[str]
    groups: list[str]
    resources: list[str]
    verbs: list[str]
    purpose: str
    ticket: str | None
    issued: datetime
    expires: datetime
    revoked: datetime | None
    state: PassState
    budget: BudgetShown | None


class PassIssued(Answer):
    """``secret`` is shown in the answer to the first call and kept nowhere; a repeated call has none."""

    pass_: PassShown = Field(serialization_alias="pass")
    secret: str | None = Field(repr=False)

    def kept(self) -> Self:
        return self.model_copy(update={"secret": None})


class PassList(Listed):
    items: list[PassShown]


class PassPage(Page):
    """``live``: only those that neither have expired nor are revoked."""

    live: Flag = False


class Passes:
    def __init__(self, desk: PassDesk, now: Callable[[], datetime]) -> None:
        self._desk = desk
        self._now = now

    def routes(self) -> Iterator[AnyRoute]:
        yield Route(
            method="GET", path="/passes", name="listPasses", about="Passes, newest first; a user's own only.",
            roles=_READERS, query=PassPage, body=NoBody, answer=PassList, handler=self._list,
        )  # fmt: skip
        yield Route(
            method="POST", path="/passes", name="issuePass", about="Issue a pass to somebody else than oneself.",
            roles=frozenset({Role.OPERATOR}), query=NoQuery, body=PassIssue, answer=PassIssued, handler=self._issue,
            effect=Effect.CHANGES, status=201,
        )  # fmt: skip
        yield Route(
            method="GET", path="/passes/{pass_id}", name="getPass", about="One pass.",
            roles=_READERS, query=NoQuery, body=NoBody, answer=PassShown, handler=self._show,
        )  # fmt: skip
        yield Route(
            method="POST", path="/passes/{pass_id}/revoke", name="revokePass",
            about="Revoke a pass for good; its live sessions end within two seconds.",
            roles=frozenset({Role.USER, Role.OPERATOR}), query=NoQuery, body=NoBody, answer=PassShown,
            handler=self._revoke, effect=Effect.CHANGES,
        )  # fmt: skip

    async def _list(self, call: Call[PassPage, NoBody]) -> PassList:
        now = self._now()
        seen = [one for one in self._desk.list() if may_see(call.caller, one)]
        if call.query.live:
            seen = [one for one in seen if one.state(now) is PassState.LIVE]
        items, rest = page(seen, call.query, route="listPasses", key=lambda one: one.id)
        return PassList(items=[self._shown(one) for one in items], next_cursor=rest)

    async def _show(self, call: Call[NoQuery, NoBody]) -> PassShown:
        return self._shown(self._found(call))

    async def _issue(self, call: Call[NoQuery, PassIssue]) -> PassIssued:
        sent = call.body
        principal = sent.principal.principal(None if sent.on_behalf_of is None else sent.on_behalf_of.principal())
        if call.caller.may_be(principal):
            raise ProblemError(
                Code.FORBIDDEN,
                "Nobody issues a pass to themselves or in their own name: sign in for one, or ask another.",
            )
        asked = PassAsked(
            principal=principal,
            resources=frozenset(sent.resources),
            verbs=frozenset(VerbClass(verb) for verb in sent.verbs),
            purpose=sent.purpose,
            ticket=sent.ticket,
            ttl=None if sent.ttl_seconds is None else timedelta(seconds=sent.ttl_seconds),
            budget=None if sent.budget is None else sent.budget.budget(),
        )
        try:
            issued = self._desk.issue(asked, actor=call.caller.name)
        except PassRequestError as error:
            raise ProblemError(Code.NOT_ACCEPTED, f"{error}.") from None
        return PassIssued(pass_=self._shown(issued.pass_), secret=issued.secret)

    async def _revoke(self, call: Call[NoQuery, NoBody]) -> PassShown:
        found = self._found(call)
        if Role.OPERATOR not in call.caller.roles and not call.caller.owns(found.principal):
            raise not_found("pass")  # an auditor who is a user too sees it, and may do nothing to it
        revoked = await self._desk.revoke(found.id, actor=call.caller.name)
        if revoked is None:
            raise not_found("pass")
        return self._shown(revoked)

    def _found(self, call: Call[NoQuery, NoBody]) -> Pass:
        found = self._desk.find(call.path["pass_id"])
        if found is None or not may_see(call.caller, found):
            raise not_found("pass")
        return found

    def _shown(self, pass_: Pass) -> PassShown:
        budget = pass_.budget
        return PassShown(
            id=pass_.id,
            chain=chain(pass_.principal),
            groups=sorted(pass_.principal.groups),
            resources=sorted(pass_.resources),
            verbs=sorted(verb.value for verb in pass_.verbs),
            purpose=pass_.purpose,
            ticket=pass_.ticket,
            issued=pass_.issued,
            expires=pass_.expires,
            revoked=pass_.revoked,
            state=pass_.state(self._now()),
            budget=None
            if budget is None
            else BudgetShown(requests=budget.requests, tokens=budget.tokens, microdollars=budget.microdollars),
        )


def may_see(caller: Caller, pass_: Pass) -> bool:
    return bool(caller.roles & _ALL) or caller.owns(pass_.principal)


def chain(principal: Principal) -> list[str]:
    links: list[str] = []
    link: Principal | None = principal
    while link is not None:
        links.append(str(link))
        link = link.on_behalf_of
    return links
