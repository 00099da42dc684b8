"""From the client to the server: what is asked is judged, then let go, refused, held for people, or guarded."""

import asyncio
from collections.abc import Callable, Coroutine, Iterable

from passgate.codecs.postgres.error_response import ErrorResponse
from passgate.codecs.postgres.extended_query import Parse
from passgate.codecs.postgres.refusal import refusal
from passgate.codecs.postgres.session.items import Ask, AskBind, AskExecute, AskParse, AskQuery
from passgate.codecs.postgres.session.names import RESERVED, Portal
from passgate.codecs.postgres.simple_query import Query
from passgate.codecs.postgres.sqlstate import QUERY_CANCELED
from passgate.core.action import Action
from passgate.core.decision import Decision, Outcome
from passgate.core.event import EventType
from passgate.endpoints.postgres.guard import Guard, Need, need, reserved
from passgate.endpoints.postgres.holding import Holding
from passgate.endpoints.postgres.inputs import digest, inputs
from passgate.endpoints.postgres.line import Line, Running
from passgate.endpoints.postgres.results import Results, sensitive
from passgate.pipeline.approval_desk import Preview
from passgate.pipeline.gate import Verdict
from passgate.pipeline.protocols import Understood

_OPENS = frozenset({"begin"})
_CLOSES = frozenset({"commit", "rollback", "prepare_transaction"})


class Judging:
    def __init__(self, line: Line, results: Results) -> None:
        self._line = line
        self._results = results
        self._guard = Guard(line, results)
        self._holding = Holding(line)
        self._approved: dict[Portal, tuple[tuple[str, str], Verdict]] = {}

    # -- what is asked --------------------------------------------------------------------------------------------

    def query(self, ask: AskQuery) -> None:
        gated = self._line.gated
        self._line.transcript.came_in(ask.text)
        self._carry_on(self._proceed(ask, gated.judge(gated.understand(ask.text))))

    def parse(self, ask: AskParse) -> None:
        """A text that would be denied is not even parsed by the server; whether it may run is decided when it does."""
        gated = self._line.gated
        understood = gated.understand(ask.statement.text)
        foreseen = gated.foresee(understood)
        if foreseen.outcome is Outcome.DENY:
            self._line.transcript.came_in(ask.statement.text)
            self._deny(ask, gated.judge(understood))
            return
        if (report := self._objection(understood.actions)) is not None:
            self._line.transcript.came_in(ask.statement.text)
            self._line.gated.note(EventType.ACTION_REFUSED, {"reason": report.message or ""})
            self._turn_down(ask, report)
            return
        ask.statement.ask_at_bind = understood.inputs_matter or foreseen.outcome is Outcome.HOLD
        opened = self._line.floor.opened(understood.actions)
        data = None
        if opened is not None:
            statement = ask.statement
            data = Parse(statement=statement.name, text=opened, parameter_types=statement.parameter_types).encode()
        if sensitive([foreseen]):
            self._line.touched_masked()
        self._line.act(self._line.conversation.release(ask, data=data))

    def bind(self, ask: AskBind) -> None:
        """Planning may run what the values say, so they are looked at before the server sees them."""
        gated = self._line.gated
        understood = self._understood(ask.portal)
        outcome = gated.foresee(understood).outcome
        if outcome is Outcome.ALLOW:
            self._line.act(self._line.conversation.release(ask))
            return
        self._line.transcript.came_in(ask.portal.statement.text)
        verdict = gated.judge(understood, digest=digest(ask.portal))
        if verdict.outcome is Outcome.HOLD:
            self._line.wait_for(self._held(ask, verdict))
        else:
            self._deny(ask, verdict)

    def execute(self, ask: AskExecute) -> None:
        gated, portal = self._line.gated, ask.portal
        going_on = self._results.suspended.pop(portal, None)
        if going_on is not None:
            if going_on.meaning == gated.meaning:
                self._line.act(self._line.conversation.release(ask, going_on))
                return
            self._results.abandon(going_on, "ok")
        self._line.transcript.came_in(portal.statement.text)
        approved = self._approved.pop(portal, None)
        if approved is not None and approved[0] == gated.meaning:
            self._carry_on(self._proceed(ask, approved[1]))
        else:
            self._carry_on(self._proceed(ask, gated.judge(self._understood(portal), digest=digest(portal))))

    def _understood(self, portal: Portal) -> Understood:
        gated, text = self._line.gated, portal.statement.text
        understood = gated.understand(text)
        return gated.understand(text, inputs(portal)) if understood.inputs_matter else understood

    # -- what is answered -----------------------------------------------------------------------------------------

    def _carry_on(self, slow: Coroutine[object, object, None] | None) -> None:
        if slow is not None:
            self._line.wait_for(slow)

    def _proceed(self, ask: AskQuery | AskExecute, verdict: Verdict) -> Coroutine[object, object, None] | None:
        """Do what the verdict says; what is left to do if that takes waiting."""
        if verdict.outcome is Outcome.HOLD:
            return self._held(ask, verdict)
        if verdict.outcome is Outcome.DENY:
            self._deny(ask, verdict)
            return None
        self._line.transcript.verdict(verdict.decision)
        running = self._running(verdict)
        if (report := self._objection(judged.action for judged in verdict.judged)) is not None:
            self._results.abandon(running, "error")
            self._turn_down(ask, report)
            return None
        guarded = need(verdict, floor=self._line.floor.stands)
        if guarded is not None or (verdict.strict and not verdict.durable.done()):
            return self._slowly(ask, running, guarded)
        self._release(ask, running)
        return None

    async def _slowly(self, ask: AskQuery | AskExecute, running: Running, guarded: Need | None) -> None:
        if running.verdict.strict:
            await asyncio.shield(running.verdict.durable)
        if guarded is None:
            self._release(ask, running)
            return
        if running.sensitive:
            self._line.touched_masked()
        self._forget_names(judged.action for judged in running.verdict.judged)
        report = await self._guard.run(ask, running, guarded)
        if report is not None:
            self._results.abandon(running, "error")
            self._turn_down(ask, report)

    async def _held(self, ask: AskQuery | AskBind | AskExecute, verdict: Verdict) -> None:
        self._line.transcript.verdict(verdict.decision)
        resolved = await self._holding.approve(verdict, lambda: self._previewed(ask, verdict))
        if resolved is None:
            self._line.gated.note(EventType.ACTION_REFUSED, {"reason": "called off while it waited for approval"})
            self._turn_down(ask, refusal("canceling statement due to user request", sqlstate=QUERY_CANCELED))
        elif resolved.outcome is not Outcome.ALLOW:
            self._deny(ask, resolved)
        elif isinstance(ask, AskBind):
            self._approved[ask.portal] = (self._line.gated.meaning, resolved)
            self._line.act(self._line.conversation.release(ask))
        elif (slow := self._proceed(ask, resolved)) is not None:
            await slow

    async def _previewed(self, ask: AskQuery | AskBind | AskExecute, verdict: Verdict) -> Preview:
        """What it would do by itself: what a transaction of its client's has done before is seen by nobody else."""
        conversation = self._line.conversation
        await self._line.until(lambda: conversation.block is not None)
        if conversation.block:
            return Preview(why="it runs inside a transaction of its client's own")
        if conversation.executes:
            return Preview(why="it is one of several in a batch")
        await asyncio.shield(verdict.durable)
        preview = await self._line.previews.of(ask, verdict)
        told: dict[str, str | int] = {"why": preview.why} if preview.rows is None else {"rows": preview.rows}
        self._line.gated.note(EventType.ACTION_PREVIEWED, told)
        return preview

    def call_off(self) -> bool:
        """The client cancels; True if what it waited for was people, and waits no more."""
        return self._holding.call_off()

    def _release(self, ask: AskQuery | AskExecute, running: Running) -> None:
        actions = tuple(judged.action for judged in running.verdict.judged)
        self._forget_names(actions)
        if running.sensitive:
            self._line.touched_masked()
        data, block = None, None
        if isinstance(ask, AskQuery):
            opened = self._line.floor.opened(actions)
            data = Query(text=opened).encode() if opened is not None else None
        elif len(actions) == 1:
            verb = actions[0].verb
            block = True if verb in _OPENS else False if verb in _CLOSES else None
        self._line.act(self._line.conversation.release(ask, running, data=data, block=block))

    def _deny(self, ask: Ask, verdict: Verdict) -> None:
        self._line.transcript.verdict(verdict.decision)
        self._line.outlet.barrier(verdict.durable)
        self._turn_down(ask, _report(verdict.decision))

    def _turn_down(self, ask: Ask, report: ErrorResponse) -> None:
        self._line.transcript.notice(report)
        self._line.act(self._line.conversation.refuse(ask, report.encode()))

    def _objection(self, actions: Iterable[Action]) -> ErrorResponse | None:
        listed = tuple(actions)
        if reserved(listed):
            return refusal(
                f"savepoint names that begin with {RESERVED} are the gate's own", hint="Choose another name."
            )
        objection = self._line.floor.objection(listed)
        return refusal(objection, hint="Work inside the transaction you have.") if objection else None

    def _forget_names(self, actions: Iterable[Action]) -> None:
        """SQL's PREPARE, DEALLOCATE, DECLARE and CLOSE share their names with the protocol's statements and portals.

        Whatever SQL may have put behind a name, the gate no longer knows it, and what it does not know cannot be executed.
        """
        conversation = self._line.conversation
        for action in actions:
            names = {atom.object.name for atom in action.atoms if atom.object.kind in ("prepared", "cursor")}
            if action.verb in ("prepare", "deallocate"):
                conversation.forget_statements(names or None)
            elif action.verb in ("declare", "close"):
                conversation.forget_portals(names or None)
            elif action.verb == "discard" and "ALL" in action.text.upper():
                conversation.forget_statements(None)
                conversation.forget_portals(None)

    def portals_gone(self, alive: Callable[[Portal], bool]) -> None:
        """Approvals that nobody can use any more."""
        for portal in [portal for portal in self._approved if not alive(portal)]:
            self._results.abandon(self._running(self._approved.pop(portal)[1]), "cancelled")

    def _running(self, verdict: Verdict) -> Running:
        return Running(
            verdict=verdict,
            started=asyncio.get_running_loop().time(),
            meaning=self._line.gated.meaning,
            sensitive=sensitive(judged.decision for judged in verdict.judged),
        )


def _report(decision: Decision) -> ErrorResponse:
    return refusal(decision.reason, detail=f"rule {decision.rule}", hint=decision.hint or None)
