"""Where requests for access wait for people, and become passes once.

They are kept in the store: they survive a restart of the gate, and every worker knows the same ones.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from ulid import ULID

from passgate.core.errors import (
    AccessPendingError,
    ApprovalError,
    LedgerUnavailableError,
    PassRequestError,
    StoreError,
)
from passgate.core.event import Event, EventType, Json
from passgate.core.principal import Principal, PrincipalKind, folded
from passgate.core.visible import visible
from passgate.identity.access_digest import digest
from passgate.identity.access_rules import AccessRule, covering, has_interest, is_eligible
from passgate.identity.registry import IssuedPass, PassRegistry
from passgate.identity.request import IssuingRules, PassRequest
from passgate.pipeline.access_requests import AccessAsked, AccessRequest, AccessState, AccessVote
from passgate.pipeline.protocols import Recorder

_LOG = logging.getLogger(__name__)

MOST = 1000
"""Requests that wait at the same time: a person reads them."""

MOST_OF_ONE = 10
"""Of one person: more would be a way to tire others into agreeing."""

NOTE_CHARACTERS = 500

_SWEEP_SECONDS = 5.0


class AccessStore(Protocol):
    """Every method raises StoreError, and is one transaction."""

    def add(self, request: AccessRequest, asked_sha256: str) -> AccessRequest:
        """This one, or one that asks the same and still waits."""

    def find(self, request_id: str) -> AccessRequest | None: ...

    def latest(self, asked_sha256: str) -> AccessRequest | None: ...

    def all(self) -> tuple[AccessRequest, ...]:
        """Newest first."""

    def waiting(self, now: datetime) -> tuple[AccessRequest, ...]: ...

    def add_vote(self, request_id: str, vote: AccessVote, *, person: str) -> bool:
        """False if it waits no more, or the person has voted."""

    def settle(self, request_id: str, state: AccessState, *, at: datetime) -> bool:
        """False if it waited no more."""

    def use(self, request_id: str) -> bool:
        """False if it is not approved, or was used: once means once, whichever process asks."""

    def name_pass(self, request_id: str, pass_id: str) -> None: ...

    def expire(self, now: datetime) -> tuple[str, ...]:
        """Ids of those that waited too long, each told to one caller only."""


class AccessDesk:
    """Implements the pipeline's ``AccessRequests``, and makes passes of what was approved.

    What the ledger cannot take does not count. Rules are asked when somebody asks and again when the pass is issued.
    ``only_provider``: whose word it must be where an asker's source is not said; empty where there are none or several.
    """

    def __init__(
        self,
        *,
        rules: Sequence[AccessRule],
        store: AccessStore,
        recorder: Recorder,
        registry: PassRegistry,
        issuing: IssuingRules,
        only_provider: str = "",
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._rules = rules
        self._store = store
        self._recorder = recorder
        self._registry = registry
        self._issuing = issuing
        self._only_provider = only_provider
        self._now = now

    def list(self) -> tuple[AccessRequest, ...]:
        return tuple(self._as_of_now(request) for request in self._store.all())

    def show(self, request_id: str) -> AccessRequest | None:
        found = self._store.find(request_id)
        return None if found is None else self._as_of_now(found)

    def is_eligible(self, asked: AccessAsked) -> bool:
        """Whether anything of the kind may be asked for at all: what is wrong with it, ``ask`` says."""
        return is_eligible(self._rules, asked)

    async def ask(self, asked: AccessAsked) -> AccessRequest:
        """Raises PassRequestError, StoreError, LedgerUnavailableError."""
        asked = replace(asked, source=asked.source or self._only_provider)
        rule = covering(self._rules, asked)
        self._issuing.ttl(_pass_request(asked, rule))
        named, now = digest(asked), self._now()
        known = self._store.latest(named)
        if known is not None:
            known = self._as_of_now(known)
            if known.state in (AccessState.PENDING, AccessState.APPROVED):
                return known
            if known.state is AccessState.DENIED and now < known.expires:
                raise PassRequestError(
                    f"{_denied(known)}; the same may be asked again after {known.expires:%H:%M:%S} UTC"
                )
        self._check_bounds(asked, now)
        request = AccessRequest(
            id=str(ULID()),
            asked=asked,
            rule=rule.name,
            group=rule.approvers.group,
            count=rule.approvers.count,
            at=now,
            expires=now + timedelta(seconds=rule.approvers.expires_seconds),
            state=AccessState.PENDING,
        )
        await self._record(EventType.ACCESS_REQUESTED, request, _asked(request))
        return self._store.add(request, named)

    async def vote(self, request_id: str, voter: Principal, *, approves: bool, note: str = "") -> AccessRequest:
        """Raises ApprovalError where the vote may not be counted, StoreError, LedgerUnavailableError."""
        request = self.show(request_id)
        if request is None:
            raise ApprovalError(f"There is no request {request_id[:80]!r}")
        _check_vote(request, voter, note)
        word = "approve" if approves else "deny"
        await self._record(EventType.ACCESS_VOTED, request, {"vote": word, "by": voter.subject, "note": note})
        vote = AccessVote(subject=voter.subject, approves=approves, note=note, at=self._now())
        if not self._store.add_vote(request.id, vote, person=folded(voter.subject)):
            raise ApprovalError(f"{voter.subject} has voted on request {request.id}, or it was decided meanwhile")
        return await self._settle(request.id)

    async def take(self, request_id: str, asker: Principal, *, source: str) -> IssuedPass:
        """The pass, for the one who asked, once. It ends as long after the approval as was asked for, whenever it is taken.

        ``asker``: with the groups that it has now. Raises AccessPendingError while it waits, PassRequestError, StoreError,
        LedgerUnavailableError.
        """
        request = self._store.find(request_id)
        if request is None or not _is_asker(request, asker, source):
            raise PassRequestError(f"there is no request {request_id[:80]!r} of {asker}")
        request = self._as_of_now(await self._settle(request.id))
        _check_approved(request)
        rule = covering(self._rules, replace(request.asked, principal=asker))
        approvals = sum(vote.approves for vote in request.votes)
        if (rule.name, rule.approvers.group) != (request.rule, request.group) or approvals < rule.approvers.count:
            raise PassRequestError(f"the rules have changed since request {request.id} was made: ask again")
        begun = request.decided or request.at
        wanted = replace(_pass_request(request.asked, rule), principal=asker, until=begun + request.asked.ttl)
        self._issuing.ttl(wanted)  # before it is used up
        if not self._store.use(request.id):
            raise PassRequestError(f"request {request.id} was used: an approval is good for one pass")
        await self._record(EventType.ACCESS_TAKEN, request, {"by": str(asker)})
        issued = self._registry.issue(wanted, rules=self._issuing, actor=f"request:{request.id}")
        self._store.name_pass(request.id, issued.pass_.id)
        return issued

    async def sweep(self) -> int:
        """Write down what nobody decided in time; says how many. Raises StoreError."""
        ended = self._store.expire(self._now())
        for request_id in ended:
            request = self._store.find(request_id)
            if request is not None:
                with contextlib.suppress(LedgerUnavailableError):  # what is over is over
                    await self._record(EventType.ACCESS_RESOLVED, request, _outcome(request, AccessState.EXPIRED))
        return len(ended)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self.sweep()
            except StoreError as error:
                _LOG.warning("requests for access cannot be swept: %s", error)
            await asyncio.sleep(_SWEEP_SECONDS)

    async def _settle(self, request_id: str) -> AccessRequest:
        """Decide what its votes decide. Also asked when a pass is taken: whoever cast the last vote may have crashed after it."""
        request = self._store.find(request_id)
        if request is None:
            raise StoreError(f"The request {request_id} is gone from the store")
        if self._as_of_now(request).state is not AccessState.PENDING:
            return request
        if not all(vote.approves for vote in request.votes):
            state = AccessState.DENIED
        elif len(request.votes) >= request.count:
            state = AccessState.APPROVED
        else:
            return request
        try:
            await self._record(EventType.ACCESS_RESOLVED, request, _outcome(request, state))
        except LedgerUnavailableError:
            if state is AccessState.APPROVED:
                raise  # a refusal that cannot be recorded is a refusal all the same
        if not self._store.settle(request_id, state, at=self._now()) and state is AccessState.APPROVED:
            return await self._settle(request_id)  # somebody refused it while that was written down, or it is decided
        return self._store.find(request_id) or request

    def _as_of_now(self, request: AccessRequest) -> AccessRequest:
        """One whose time is over is expired, whether or not anybody has written that down yet."""
        now = self._now()
        waited_too_long = request.state is AccessState.PENDING and now >= request.expires
        begun = request.decided or request.at
        not_taken = request.state is AccessState.APPROVED and now >= begun + request.asked.ttl
        return replace(request, state=AccessState.EXPIRED) if waited_too_long or not_taken else request

    def _check_bounds(self, asked: AccessAsked, now: datetime) -> None:
        waiting = self._store.waiting(now)
        if len(waiting) >= MOST:
            raise PassRequestError(f"{MOST} requests wait for approval already")
        human = asked.principal.links()[-1]
        if sum(one.asked.principal.links()[-1].is_same(human) for one in waiting) >= MOST_OF_ONE:
            raise PassRequestError(f"{MOST_OF_ONE} requests of {human} wait for approval already")

    async def _record(self, type_: EventType, request: AccessRequest, detail: dict[str, Json]) -> None:
        """Durable when it returns. Raises LedgerUnavailableError."""
        said: dict[str, Json] = {"request": request.id, "asked_sha256": digest(request.asked), **detail}
        event = Event(type=type_, actor=str(request.asked.principal), detail=said)
        await asyncio.shield(self._recorder.append(event).durable)


def _pass_request(asked: AccessAsked, rule: AccessRule) -> PassRequest:
    return PassRequest(
        principal=asked.principal,
        resources=asked.resources,
        verbs=asked.verbs,
        purpose=asked.reason.strip() or f"access under the rule {rule.name}",
        ticket=asked.ticket,
        ttl=asked.ttl,
    )


def _check_vote(request: AccessRequest, voter: Principal, note: str) -> None:
    """Raises ApprovalError where this person's word may not count."""
    if request.state is not AccessState.PENDING:
        raise ApprovalError(f"Request {request.id} is {request.state}: it takes no more votes")
    if voter.kind is not PrincipalKind.HUMAN:
        raise ApprovalError(f"{voter} is nobody who may decide: people do")
    if has_interest(request.asked.principal, voter):
        raise ApprovalError(
            f"{voter.subject} asked for it, or it is asked for in their name: somebody else must decide"
        )
    if request.group not in voter.groups:
        raise ApprovalError(f"{voter.subject} is not of the group {request.group}, which this request needs")
    if any(folded(vote.subject) == folded(voter.subject) for vote in request.votes):
        raise ApprovalError(f"{voter.subject} has voted on this request: another person must")
    if len(note) > NOTE_CHARACTERS:
        raise ApprovalError(f"A note has at most {NOTE_CHARACTERS} characters")
    if visible(note) != note:  # whoever asked reads it, in a terminal perhaps
        raise ApprovalError("A note holds nothing that cannot be seen")


def _check_approved(request: AccessRequest) -> None:
    """Raises PassRequestError, AccessPendingError."""
    match request.state:
        case AccessState.PENDING:
            raise AccessPendingError(request.id, waits(request))
        case AccessState.DENIED:
            raise PassRequestError(_denied(request))
        case AccessState.EXPIRED:
            raise PassRequestError(f"the time of request {request.id} is over: ask again")
        case AccessState.ISSUED:
            raise PassRequestError(f"request {request.id} was used: an approval is good for one pass")


def waits(request: AccessRequest) -> str:
    """Told to the one who asked."""
    return (
        f"request {request.id} waits for the approval of {request.count} of {request.group}, "
        f"until {request.expires:%Y-%m-%d %H:%M:%S} UTC"
    )


def _denied(request: AccessRequest) -> str:
    vote = next((vote for vote in request.votes if not vote.approves), None)
    who = "it was" if vote is None else f"{vote.subject} has"
    said = f": {vote.note}" if vote is not None and vote.note else ""
    return f"{who} refused request {request.id}{said}"


def _is_asker(request: AccessRequest, asker: Principal, source: str) -> bool:
    """The same chain, as the same source says: groups may have changed, and are judged by the rules."""
    links, now = request.asked.principal.links(), asker.links()
    return (
        source == request.asked.source
        and len(links) == len(now)
        and all(one.is_spelt_as(other) for one, other in zip(links, now, strict=True))
    )


def _asked(request: AccessRequest) -> dict[str, Json]:
    asked = request.asked
    return {
        "chain": [str(link) for link in asked.principal.links()],
        "source": asked.source,
        "resources": list[Json](sorted(asked.resources)),
        "verbs": list[Json](sorted(verb.value for verb in asked.verbs)),
        "seconds": int(asked.ttl.total_seconds()),
        "reason": asked.reason,
        "ticket": asked.ticket,
        "rule": request.rule,
        "group": request.group,
        "count": request.count,
        "expires": request.expires.isoformat(),
    }


def _outcome(request: AccessRequest, state: AccessState) -> dict[str, Json]:
    return {
        "outcome": state.value,
        "approved_by": [vote.subject for vote in request.votes if vote.approves],
        "denied_by": [vote.subject for vote in request.votes if not vote.approves],
    }
