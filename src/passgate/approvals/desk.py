"""Where held actions wait for people. The gate keeps the bytes; whoever asked keeps nothing but a number.

A request lives until it is decided, used or expired, in the store that all workers share, and so through a restart. If the client
goes away meanwhile, what people decided waits for it: the same statement with the same parameters under the same pass finds its
approval, once.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from ulid import ULID

from passgate.approvals.announcing import Silent
from passgate.approvals.binding import Binding, person, subjects
from passgate.approvals.record import Records
from passgate.core.decision import Decision, MaxRows, Outcome, PreviewMode
from passgate.core.errors import ApprovalError, LedgerUnavailableError, StoreError
from passgate.core.event import Event, EventType, Json
from passgate.core.visible import visible
from passgate.pipeline.approval_desk import Announcing, ApprovalRequest, ApprovalState, Preview, Vote, Voter
from passgate.pipeline.approval_store import ApprovalStore, Most, Room
from passgate.pipeline.protocols import Held, Recorder, Waiting

_LOG = logging.getLogger(__name__)

MOST = Most(all=1000, of_a_pass=10)
"""Requests that wait: a person reads them, and more of one pass would be a way to tire people into agreeing."""

NOTE_CHARACTERS = 500

_LOOK_SECONDS = 1.0
"""How often somebody who waits looks into the store: another worker may have taken the vote."""


class Desk:
    """The pipeline's ``Approvals`` and its ``ApprovalDesk``. ``recorder`` is the ledger: what it cannot take does not count."""

    def __init__(
        self,
        *,
        recorder: Recorder,
        store: ApprovalStore,
        records: Records,
        announcing: Announcing | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        self._recorder = recorder
        self._store = store
        self._records = records
        self._announcing: Announcing = announcing or Silent()
        self._now = now
        self._look_seconds = look_seconds
        self._held: dict[str, Held] = {}  # of requests that were asked in this process
        self._decided: dict[str, asyncio.Event] = {}
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._approving: set[str] = set()
        self._expiring: set[asyncio.Task[None]] = set()

    def resume(self) -> None:
        """Take over what a restart left: it can still be decided, and ends at its time. Raises StoreError."""
        for stored in self._store.pending():
            try:
                self._arm(self._records.read(stored))
            except StoreError as error:  # nobody can see any more what it is about, so nobody can agree to it
                _LOG.warning("request %s is dropped: %s", stored.id, error)
                self._store.remove(stored.id)

    async def close(self) -> None:
        """Nothing is decided any more; what waits stays in the store."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        if self._expiring:
            await asyncio.wait(tuple(self._expiring))

    # -- whoever asks ---------------------------------------------------------------------------------------------

    async def resolve(self, held: Held, told: Callable[[Waiting], None]) -> Decision:
        """Raises LedgerUnavailableError. Cancelling it leaves the request where it is."""
        try:
            return await self._resolve(held, told)
        except StoreError as error:
            return _refused(held.decision, f"nobody can be asked: {error}")

    async def _resolve(self, held: Held, told: Callable[[Waiting], None]) -> Decision:
        question = Binding.of(held)
        while True:
            request = self._known(question) or await self._ask(held, question)
            if isinstance(request, str):
                return _refused(held.decision, request)
            if request.state is ApprovalState.PENDING:
                told(Waiting(request=request.id, group=request.group, count=request.count, expires=request.expires))
                request = await self._when_decided(request)
            if request.state is ApprovalState.APPROVED and self._use(request):
                return _allowed(held.decision, request)
            # USED: somebody with the same statement was quicker, so it is asked for anew
            if request.state not in (ApprovalState.APPROVED, ApprovalState.USED):
                return _refused(held.decision, _why(request))

    def _known(self, question: Binding) -> ApprovalRequest | None:
        """The same thing, asked for before and still open or already allowed."""
        stored = self._store.asked(question.digest, now=self._now())
        return None if stored is None else self._records.read(stored)

    async def _when_decided(self, request: ApprovalRequest) -> ApprovalRequest:
        """As it is once nobody is asked any more."""
        decided = self._decided.setdefault(request.id, asyncio.Event())
        while True:
            stored = self._store.find(request.id)
            if stored is None:
                return replace(request, state=ApprovalState.EXPIRED)
            if stored.state is not ApprovalState.PENDING:
                return self._records.read(stored)
            try:
                async with asyncio.timeout(self._look_seconds):
                    await decided.wait()
            except TimeoutError:
                continue

    def _use(self, request: ApprovalRequest) -> bool:
        """Once means once, whoever else has the same statement, in whatever process."""
        return self._store.move(request.id, before=ApprovalState.APPROVED, after=ApprovalState.USED)

    async def _ask(self, held: Held, question: Binding) -> ApprovalRequest | str:
        """A new request, or why there can be none."""
        room = self._store.room(question.pass_id, MOST, now=self._now())
        if room is not Room.FREE:
            return _ROOM[room]
        preview = await _preview(held)
        if isinstance(preview, str):
            return preview
        request = self._request(held, replace(question, cap=preview.rows), preview)
        room = self._store.add(self._records.stored(request, question.digest), MOST, now=request.asked)
        if room is Room.TAKEN:  # while this one was being tried out
            known = self._known(question)
            return known if known is not None else _ROOM[room]
        if room is not Room.FREE:
            return _ROOM[room]
        self._held[request.id] = held
        said: dict[str, Json] = {
            "group": request.group,
            "count": request.count,
            "expires": request.expires.isoformat(),
            "preview": preview.why or "rolled back",
        }
        if request.cap is not None:
            said["cap"] = request.cap
        try:
            await self._record(EventType.APPROVAL_REQUESTED, request, said, text=held.action.text)
        except BaseException:
            self._forget(request.id)
            self._store.remove(request.id)
            raise
        self._arm(request)
        self._announcing.announce(request)
        return request

    def _request(self, held: Held, binding: Binding, preview: Preview) -> ApprovalRequest:
        session, now = held.session, self._now()
        return ApprovalRequest(
            id=str(ULID()),
            state=ApprovalState.PENDING,
            binding_sha256=binding.digest,
            session=session.id,
            pass_id=binding.pass_id,
            principal=session.principal,
            chain=binding.chain,
            purpose=binding.purpose,
            ticket=session.pass_.ticket,
            resource=binding.resource,
            verb=binding.verb,
            atoms=binding.atoms,
            text=held.action.text,
            shown=held.shown.text,
            cut=held.shown.cut,
            inputs=dict(held.action.inputs),
            rule=binding.rule,
            reason=held.decision.reason,
            policy=binding.policy,
            group=binding.group,
            count=binding.count,
            preview=preview,
            cap=binding.cap,
            asked=now,
            expires=min(now + timedelta(seconds=held.approvers.expires_seconds), session.pass_.expires),
            votes=(),
        )

    # -- whoever decides ------------------------------------------------------------------------------------------

    def list(self) -> tuple[ApprovalRequest, ...]:
        """Oldest first; those that are over are gone after their time. Raises StoreError."""
        return tuple(self._records.read(stored) for stored in self._store.living(now=self._now()))

    def show(self, request_id: str) -> ApprovalRequest | None:
        """Raises StoreError."""
        stored = self._store.find(request_id)
        return None if stored is None or stored.expires <= self._now() else self._records.read(stored)

    async def vote(self, request_id: str, voter: Voter, *, approves: bool, note: str = "") -> ApprovalRequest:
        """Count one vote, durably. Raises ApprovalError where it may not be counted, LedgerUnavailableError, StoreError."""
        request = self._to_vote_on(request_id, voter, note)
        said: dict[str, Json] = {"vote": "approve" if approves else "deny", "by": voter.subject}
        await self._record(EventType.APPROVAL_VOTED, request, said, text=note or None)
        self._to_vote_on(request_id, voter, note)  # others may have voted while this one was written
        vote = Vote(subject=voter.subject, approves=approves, note=note, at=self._now())
        stored = self._store.vote(
            request_id, self._records.vote(request_id, vote, person(voter.subject)), now=self._now()
        )
        if stored is None:
            raise ApprovalError(f"Request {request_id} takes no more votes: it was decided just now")
        request = self._records.read(stored)
        if not approves:
            await self._decide(request, ApprovalState.DENIED)
        elif request.approvals >= request.count:
            await self._approve(request)
        return self.show(request_id) or request

    def _to_vote_on(self, request_id: str, voter: Voter, note: str) -> ApprovalRequest:
        """Raises ApprovalError where this person's word may not count."""
        request = self.show(request_id)
        if request is None:
            raise ApprovalError(f"There is no request {request_id[:40]!r}, or its time is over")
        if request.state is not ApprovalState.PENDING:
            raise ApprovalError(f"Request {request.id} is {request.state.value}: it takes no more votes")
        if person(voter.subject) in subjects(request.principal):
            raise ApprovalError(
                f"{voter.subject} asked for it, or it is asked for in their name: somebody else must decide"
            )
        if request.group not in voter.groups:
            raise ApprovalError(f"{voter.subject} is not of the group {request.group}, which this request needs")
        if any(person(vote.subject) == person(voter.subject) for vote in request.votes):
            raise ApprovalError(f"{voter.subject} has voted on this request: another person must")
        if len(note) > NOTE_CHARACTERS:
            raise ApprovalError(f"A note has at most {NOTE_CHARACTERS} characters")
        if visible(note) != note:  # whoever asked reads it, in a terminal perhaps
            raise ApprovalError("A note holds nothing that cannot be seen")
        return request

    # -- a request's end ------------------------------------------------------------------------------------------

    def _arm(self, request: ApprovalRequest) -> None:
        left = (request.expires - self._now()).total_seconds()
        loop = asyncio.get_running_loop()

        def expire() -> None:
            self._timers.pop(request.id, None)
            task = loop.create_task(self._expire(request))
            self._expiring.add(task)
            task.add_done_callback(self._expiring.discard)

        self._timers[request.id] = loop.call_later(max(left, 0), expire)

    async def _expire(self, request: ApprovalRequest) -> None:
        try:
            await self._decide(request, ApprovalState.EXPIRED)
        except StoreError as error:
            _LOG.warning("that request %s has expired could not be stored: %s", request.id, error)

    async def _decide(self, request: ApprovalRequest, state: ApprovalState) -> None:
        """An approval counts once the ledger has it. A refusal that cannot be recorded is a refusal all the same."""
        if state is ApprovalState.APPROVED:
            await self._record_end(request, state)
            decided = self._store.move(request.id, before=ApprovalState.PENDING, after=state)
            refused = None if decided else self._store.find(request.id)
            if refused is not None and refused.state is ApprovalState.PENDING:  # by another process, a moment ago
                await self._decide(self._records.read(refused), ApprovalState.DENIED)
                return
        else:
            decided = self._store.move(request.id, before=ApprovalState.PENDING, after=state)
            if decided:
                await self._record_refusal(request, state)
        stored = self._store.find(request.id) if decided else None
        if stored is not None:
            self._announcing.resolved(self._records.read(stored))
        self._forget(request.id)

    async def _approve(self, request: ApprovalRequest) -> None:
        """By the vote that makes it enough; by a later one where the gate, or the ledger, failed between that vote and this."""
        if request.id in self._approving:
            return
        self._approving.add(request.id)
        try:
            await self._decide(request, ApprovalState.APPROVED)
        finally:
            self._approving.discard(request.id)

    async def _record_refusal(self, request: ApprovalRequest, state: ApprovalState) -> None:
        try:
            await self._record_end(request, state)
        except LedgerUnavailableError as error:
            _LOG.warning("that request %s is %s could not be recorded: %s", request.id, state.value, error)

    async def _record_end(self, request: ApprovalRequest, state: ApprovalState) -> None:
        said: dict[str, Json] = {
            "outcome": state.value,
            "approved_by": [vote.subject for vote in request.votes if vote.approves],
            "denied_by": [vote.subject for vote in request.votes if not vote.approves],
        }
        await self._record(EventType.APPROVAL_RESOLVED, request, said)

    def _forget(self, request_id: str) -> None:
        """This process has nothing more to do for it; whoever waits for it looks into the store."""
        self._held.pop(request_id, None)
        timer = self._timers.pop(request_id, None)
        if timer is not None:
            timer.cancel()
        decided = self._decided.pop(request_id, None)
        if decided is not None:
            decided.set()

    async def _record(
        self, type_: EventType, request: ApprovalRequest, detail: Mapping[str, Json], *, text: str | None = None
    ) -> None:
        """``text``, the statement or a voter's note, is kept encrypted under the session's key; ``detail`` is in the clear.

        Of a session that another process had, or one before the restart, the key is not here: then ``detail`` names session and
        pass, and the text by its hash.
        """
        held = self._held.get(request.id)
        said = {"request": request.id, "binding_sha256": request.binding_sha256, **detail}
        if held is None:
            said |= {"session": request.session, "pass": request.pass_id}
            if text is not None:
                said["text_sha256"] = sha256(text.encode()).hexdigest()
        event = Event(
            type=type_,
            session=None if held is None else held.session,
            verb=request.verb,
            fingerprint="" if held is None else held.action.fingerprint,
            text=None if held is None else text,
            decision=None if held is None else held.decision,
            detail=said,
        )
        await asyncio.shield(self._recorder.append(event).durable)


_ROOM = {
    Room.FULL: f"{MOST.all} requests wait for approval already",
    Room.PASS_FULL: f"{MOST.of_a_pass} requests of this pass wait for approval already",
    Room.TAKEN: "the same was asked for just now and is over already",
}


async def _preview(held: Held) -> Preview | str:
    """What it would do, or why it is not even asked for."""
    mode = held.approvers.preview
    if mode is PreviewMode.NEVER:
        return Preview(why="the rule wants none")
    preview = Preview(why="there is none for this kind of request") if held.preview is None else await held.preview()
    if preview.rows is None:
        if mode is PreviewMode.REQUIRED:
            return f"the rule wants a preview, and there is none: {preview.why}"
        return preview
    limit = min((o.limit for o in held.decision.obligations if isinstance(o, MaxRows)), default=preview.rows)
    if preview.rows > limit:
        return f"it would change more than the {limit} rows that are allowed"
    return preview


def _allowed(decision: Decision, request: ApprovalRequest) -> Decision:
    """What was previewed is the most that may happen: another row, and it is rolled back."""
    names = ", ".join(vote.subject for vote in request.votes)
    cap = () if request.cap is None else (MaxRows(limit=request.cap, rule=decision.rule),)
    return replace(
        decision,
        outcome=Outcome.ALLOW,
        reason=f"Approved by {names} (request {request.id}).",
        hint="",
        obligations=(*decision.obligations, *cap),
    )


def _refused(decision: Decision, why: str) -> Decision:
    reason = decision.reason.rstrip(". ")
    return replace(
        decision,
        outcome=Outcome.DENY,
        reason=f"{reason}. It needs approval, and {why}.",
        hint="Send it again to ask anew, with a purpose that says why it is needed.",
        obligations=(),
    )


def _why(request: ApprovalRequest) -> str:
    if request.state is ApprovalState.DENIED:
        vote = next(vote for vote in request.votes if not vote.approves)
        said = f": {vote.note}" if vote.note else ""
        return f"{vote.subject} refused it (request {request.id}){said}"
    return f"nobody decided in time (request {request.id})"
