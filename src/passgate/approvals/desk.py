"""Where held actions wait for people. The gate keeps the bytes; whoever asked keeps nothing but a number.

A request lives until it is decided, used or expired. If the client goes away meanwhile, what people decided waits for it: the same
statement with the same parameters under the same pass finds its approval, once.
"""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from ulid import ULID

from passgate.approvals.binding import Binding, Vote, person, subjects
from passgate.core.decision import Decision, Outcome
from passgate.core.errors import ApprovalError, LedgerUnavailableError
from passgate.core.event import Event, EventType, Json
from passgate.pipeline.protocols import Held, Recorder, Waiting

MOST = 1000
"""Requests a process keeps: a person reads them."""

MOST_OF_A_PASS = 10
"""Requests of one pass that wait at the same time: more would be a way to tire people into agreeing."""

NOTE_CHARACTERS = 500


class State(StrEnum):
    PENDING = "pending"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    USED = "used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody the gate knows, with the groups that rules name."""

    subject: str
    groups: frozenset[str] = frozenset()


@dataclass(slots=True, kw_only=True, eq=False)
class Request:
    """One held action at the desk. ``votes`` in the order they came; ``decided`` is set once it is pending no more."""

    id: str
    held: Held
    binding: Binding
    asked: datetime
    expires: datetime
    state: State = State.PENDING
    votes: tuple[Vote, ...] = ()
    decided: asyncio.Event = field(default_factory=asyncio.Event)


class Desk:
    """Implements the pipeline's ``Approvals``, and takes votes. ``recorder`` is the ledger: what it cannot take does not count."""

    def __init__(self, *, recorder: Recorder, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._recorder = recorder
        self._now = now
        self._requests: dict[str, Request] = {}
        self._expiring: set[asyncio.Task[None]] = set()

    async def resolve(self, held: Held, told: Callable[[Waiting], None]) -> Decision:
        """Raises LedgerUnavailableError. Cancelling it leaves the request where it is."""
        binding = Binding.of(held)
        while True:
            request = self._known(binding) or await self._ask(held, binding)
            if isinstance(request, str):
                return _refused(held.decision, request)
            if request.state is State.PENDING:
                told(
                    Waiting(
                        request=request.id,
                        group=held.approvers.group,
                        count=held.approvers.count,
                        expires=request.expires,
                    )
                )
                await request.decided.wait()
            if request.state is State.APPROVED:
                request.state = State.USED  # before anything is awaited: once means once
                names = ", ".join(vote.subject for vote in request.votes)
                return replace(
                    held.decision, outcome=Outcome.ALLOW, reason=f"Approved by {names} (request {request.id}).", hint=""
                )
            if (
                request.state is not State.USED
            ):  # USED: somebody with the same statement was quicker, so it is asked for anew
                return _refused(held.decision, _why(request))

    def list(self) -> tuple[Request, ...]:
        """Oldest first; those that are over are gone after their time."""
        self._sweep()
        return tuple(self._requests.values())

    async def vote(self, request_id: str, voter: Person, *, approves: bool, note: str = "") -> Request:
        """Count one vote, durably. Raises ApprovalError where it may not be counted, LedgerUnavailableError."""
        self._sweep()
        request = self._requests.get(request_id)
        if request is None:
            raise ApprovalError(f"There is no request {request_id!r}, or its time is over")
        self._check(request, voter, note)
        said: dict[str, Json] = {
            "request": request.id,
            "binding_sha256": request.binding.digest,
            "vote": "approve" if approves else "deny",
            "by": voter.subject,
        }
        await self._record(EventType.APPROVAL_VOTED, request.held, said, text=note or None)
        self._check(request, voter, note)  # others may have voted while this one was written
        request.votes = (*request.votes, Vote(subject=voter.subject, approves=approves, note=note, at=self._now()))
        if not approves:
            await self._decide(request, State.DENIED)
        elif sum(vote.approves for vote in request.votes) >= request.binding.count:
            await self._decide(request, State.APPROVED)
        return request

    # -- a request's life ----------------------------------------------------------------------------------------

    def _known(self, binding: Binding) -> Request | None:
        """The same thing, asked for before and still open or already allowed."""
        self._sweep()
        for request in self._requests.values():
            if request.binding == binding and request.state in (State.PENDING, State.APPROVED):
                return request
        return None

    async def _ask(self, held: Held, binding: Binding) -> Request | str:
        """A new request, or why there can be none."""
        waiting = [r for r in self._requests.values() if r.state is State.PENDING]
        if len(waiting) >= MOST:
            return f"{MOST} requests wait for approval already"
        if sum(r.binding.pass_id == binding.pass_id for r in waiting) >= MOST_OF_A_PASS:
            return f"{MOST_OF_A_PASS} requests of this pass wait for approval already"
        now = self._now()
        expires = min(now + timedelta(seconds=held.approvers.expires_seconds), held.session.pass_.expires)
        request = Request(id=str(ULID()), held=held, binding=binding, asked=now, expires=expires)
        self._requests[request.id] = request
        said: dict[str, Json] = {
            "request": request.id,
            "binding_sha256": binding.digest,
            "group": binding.group,
            "count": binding.count,
            "expires": expires.isoformat(),
        }
        try:
            await self._record(EventType.APPROVAL_REQUESTED, held, said, text=held.action.text)
        except BaseException:
            del self._requests[request.id]
            raise
        self._arm(request)
        return request

    def _arm(self, request: Request) -> None:
        left = (request.expires - self._now()).total_seconds()
        loop = asyncio.get_running_loop()

        def expire() -> None:
            task = loop.create_task(self._decide(request, State.EXPIRED))
            self._expiring.add(task)
            task.add_done_callback(self._expiring.discard)

        loop.call_later(max(left, 0), expire)

    async def _decide(self, request: Request, state: State) -> None:
        """An approval counts once the ledger has it. A refusal that cannot be recorded is a refusal all the same."""
        if request.state is not State.PENDING:
            return
        said: dict[str, Json] = {
            "request": request.id,
            "binding_sha256": request.binding.digest,
            "outcome": state.value,
            "approved_by": [vote.subject for vote in request.votes if vote.approves],
            "denied_by": [vote.subject for vote in request.votes if not vote.approves],
        }
        try:
            await self._record(EventType.APPROVAL_RESOLVED, request.held, said)
        except LedgerUnavailableError:
            if state is State.APPROVED:
                raise
        if request.state is State.PENDING:
            request.state = state
            request.decided.set()

    def _check(self, request: Request, voter: Person, note: str) -> None:
        """Raises ApprovalError where this person's word may not count."""
        if request.state is not State.PENDING or request.expires <= self._now():
            raise ApprovalError(f"Request {request.id} is {_over(request, self._now())}: it takes no more votes")
        if person(voter.subject) in subjects(request.held.session.principal):
            raise ApprovalError(
                f"{voter.subject} asked for it, or it is asked for in their name: somebody else must decide"
            )
        if request.binding.group not in voter.groups:
            raise ApprovalError(
                f"{voter.subject} is not of the group {request.binding.group}, which this request needs"
            )
        if any(person(vote.subject) == person(voter.subject) for vote in request.votes):
            raise ApprovalError(f"{voter.subject} has voted on this request: another person must")
        if len(note) > NOTE_CHARACTERS:
            raise ApprovalError(f"A note has at most {NOTE_CHARACTERS} characters")

    def _sweep(self) -> None:
        """Forget those whose time is over; whoever waits for one is told by its timer."""
        now = self._now()
        for request in [r for r in self._requests.values() if r.expires <= now]:
            del self._requests[request.id]

    async def _record(
        self, type_: EventType, held: Held, detail: Mapping[str, Json], *, text: str | None = None
    ) -> None:
        """``text``, the statement or a voter's note, is kept encrypted and can be erased; ``detail`` cannot."""
        event = Event(
            type=type_,
            session=held.session,
            verb=held.action.verb,
            fingerprint=held.action.fingerprint,
            text=text,
            decision=held.decision,
            detail=dict(detail),
        )
        await asyncio.shield(self._recorder.append(event).durable)


def _refused(decision: Decision, why: str) -> Decision:
    reason = decision.reason.rstrip(". ")
    return replace(
        decision,
        outcome=Outcome.DENY,
        reason=f"{reason}. It needs approval, and {why}.",
        hint="Send it again to ask anew, with a purpose that says why it is needed.",
        obligations=(),
    )


def _why(request: Request) -> str:
    if request.state is State.DENIED:
        vote = next(vote for vote in request.votes if not vote.approves)
        said = f": {vote.note}" if vote.note else ""
        return f"{vote.subject} refused it (request {request.id}){said}"
    return f"nobody decided in time (request {request.id})"


def _over(request: Request, now: datetime) -> str:
    return "expired" if request.state is State.PENDING and request.expires <= now else request.state.value
