"""The verb: one function that every protocol goes through.

An endpoint opens a ``GatedSession`` and calls, in this order, for each thing about to happen:

1. understand: what it means. Where actions are texts of a language ``StatementSession`` does it, elsewhere the codec;
2. ``judge(understood)``: what may happen. The verdict is recorded in the same call. ``Verdict.durable`` is awaited before
   anything is released upstream where ``Verdict.strict``, and before the first byte of an answer otherwise;
3. ``approve(verdict)`` where the outcome is HOLD;
4. ``plan(judged, shape)`` when a result is about to stream, ``request_plan`` and ``answer_plan`` where it is running text;
   ``passing(rows, masked)`` for what streams. ``kept`` is awaited before any of it leaves;
5. ``settle(judged, result)``: what came of it, awaited before the last byte where ``Verdict.strict``.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, final

from passgate.core.action import Action, Atom, ObjectRef, Position, VerbClass
from passgate.core.decision import Decision, Mask, Outcome, Record, Strategy, StrategyKind
from passgate.core.errors import AccessDeniedError, DetectorError, LedgerUnavailableError, StoreError
from passgate.core.event import Event, EventType, Json
from passgate.core.masker import TextMasker
from passgate.core.passes import Pass, PassState
from passgate.core.session import Session
from passgate.core.shape import Plan, Shape
from passgate.core.text_plan import TextPlan
from passgate.pipeline import texts
from passgate.pipeline.excerpt import Excerpt, excerpt
from passgate.pipeline.facts import BY_GATE, SENSITIVE_READ, SessionFacts, attempted
from passgate.pipeline.protocols import (
    Approvals,
    Held,
    MaskerFactory,
    Planner,
    PolicySource,
    Previewer,
    Recorder,
    Recording,
    Tasks,
    Understood,
    Waiting,
)
from passgate.pipeline.receipt import Receipt
from passgate.pipeline.tasks import ProcessTasks

_CACHE_ENTRIES = 1024
"""Verdicts kept per session: an ORM has a few hundred distinct statements, pgbench has seven."""

_NOTHING: Mapping[str, Json] = MappingProxyType({})
_NONE_MASKED: Mapping[str, int] = MappingProxyType({})

_WRITES = frozenset({VerbClass.WRITE, VerbClass.DDL, VerbClass.ADMIN, VerbClass.CODE, VerbClass.EGRESS})

_ALWAYS = frozenset({VerbClass.SESSION})
"""What every pass may do: a session that cannot set its own time zone or commit is of no use."""


@final
class Judged:
    """One action with its decision. ``intent`` is the event an outcome must answer, None where nothing was let through."""

    __slots__ = ("action", "decision", "intent")

    def __init__(self, *, action: Action, decision: Decision, intent: str | None = None) -> None:
        self.action: Final = action
        self.decision: Final = decision
        self.intent: Final = intent


@final
class Verdict:
    """All the actions of one request together: the strictest outcome is everyone's.

    ``decision`` is the one that set the outcome. ``digest``: hash of the bound parameters. ``strict``: the intent must be durable
    before release, and the outcome before the last byte. ``event``: id of the last event that tells of it, empty where the ledger
    could not take it. ``detail``: what those events say besides.
    """

    __slots__ = ("decision", "detail", "digest", "durable", "event", "judged", "outcome", "strict")

    def __init__(
        self,
        *,
        outcome: Outcome,
        decision: Decision,
        judged: tuple[Judged, ...],
        strict: bool,
        durable: "asyncio.Future[None]",
        digest: str = "",
        event: str = "",
        detail: Mapping[str, Json] = _NOTHING,
    ) -> None:
        self.outcome: Final = outcome
        self.decision: Final = decision
        self.judged: Final = judged
        self.strict: Final = strict
        self.durable: Final = durable
        self.digest: Final = digest
        self.event: Final = event
        self.detail: Final = detail


@final
class Result:
    """``status``: ``ok``, ``error``, ``cancelled``, ``rolled_back``; ``code``: the protocol's own word for it.

    ``detail``: what else the protocol counts (tokens, frames, milliseconds): integers and short strings, no content.
    """

    __slots__ = ("bytes", "code", "detail", "masked", "rows", "status")

    def __init__(
        self,
        *,
        status: str,
        code: str = "",
        rows: int = 0,
        bytes: int = 0,  # noqa: A002 - the ledger's own word
        masked: Mapping[str, int] = _NONE_MASKED,
        detail: Mapping[str, Json] = _NOTHING,
    ) -> None:
        self.status: Final = status
        self.code: Final = code
        self.rows: Final = rows
        self.bytes: Final = bytes
        self.masked: Final = masked
        self.detail: Final = detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """The implementations of the pipeline's steps, put together by the composition root.

    ``restructured`` is told the name of a resource whose structure an action has changed, so that its catalog is read anew.
    ``locked`` says why a pass is kept out of a resource, None if it is not.
    """

    policy: PolicySource
    planner: Planner
    maskers: MaskerFactory
    recorder: Recorder
    approvals: Approvals
    tasks: Tasks = field(default_factory=ProcessTasks)
    restructured: Callable[[str], None] = lambda _resource: None
    locked: Callable[[Pass, str], str | None] = lambda _pass, _resource: None
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class GatedSession:
    """One session's way through the pipeline."""

    def __init__(self, *, session: Session, steps: Steps) -> None:
        """Raises AccessDeniedError where a lock keeps the session out, LedgerUnavailableError, StoreError."""
        locked = steps.locked(session.pass_, session.resource.name)
        if locked is not None:
            raise AccessDeniedError(locked)
        self.session = session
        self._steps = steps
        self._decisions: OrderedDict[str, tuple[Understood, tuple[Decision, ...]]] = OrderedDict()
        self._named: dict[int, tuple[tuple[Atom, ...], tuple[str, ...]]] = {}
        self._decided_under: tuple[str, str, frozenset[str]] = ("", "", frozenset())
        self._answers: dict[tuple[str, frozenset[str], str, texts.Circumstances], TextPlan] = {}
        self._running: dict[str, Judged] = {}
        self.masker: TextMasker = steps.maskers.open(session)
        self.recording: Recording = steps.recorder.recording(session)
        self._facts = SessionFacts(session=session, tasks=steps.tasks, recorder=steps.recorder)
        try:
            self.opened = self._append(EventType.SESSION_START, detail={"peer": session.peer})
        except LedgerUnavailableError:
            self._facts.close()
            raise

    @property
    def meaning_version(self) -> str:
        """Version of everything outside an action that its meaning depends on."""
        return ""

    def foresee(self, understood: Understood) -> Decision:
        """The strictest decision as things stand, not recorded: for what is only prepared and will be judged when it runs."""
        return max(self._decide(understood), key=lambda decision: decision.outcome.rank)

    def judge(self, understood: Understood, *, digest: str = "", detail: Mapping[str, Json] | None = None) -> Verdict:
        """Decide every action, then record: refusals where one is denied, intents otherwise.

        ``digest``: hash of the bound parameters, for the ledger; ``detail``: what else its events should say (what the caller
        claims, what was scanned). A ledger that cannot record turns any verdict into a deny.
        """
        said = detail or _NOTHING
        decisions = self._decide(understood)
        strictest = decisions[0] if len(decisions) == 1 else max(decisions, key=lambda d: d.outcome.rank)
        pairs = tuple(zip(understood.actions, decisions, strict=True))
        try:
            if strictest.outcome is Outcome.ALLOW:
                return self._allowed(pairs, strictest, digest, said)
            return self._stopped(pairs, strictest, digest, said)
        except LedgerUnavailableError as error:
            return self._unrecordable(understood.actions, error)

    async def approve(
        self,
        verdict: Verdict,
        told: Callable[[Waiting], None] = lambda _waiting: None,
        *,
        shown: Excerpt | None = None,
        preview: Previewer | None = None,
    ) -> Verdict:
        """Wait for people on every held action. The answer is bound to these actions; a deny of one denies all.

        ``shown``: the masked text where it is not the action's own; ``preview``: how to try the one held action out.
        """
        resolved: list[Decision] = []
        try:
            for judged in verdict.judged:
                decision = judged.decision
                if decision.outcome is Outcome.HOLD:
                    decision = await self._approved(judged, verdict.digest, told, shown=shown, preview=preview)
                resolved.append(decision)
        except LedgerUnavailableError as error:
            return self._unrecordable([judged.action for judged in verdict.judged], error)
        strictest = max(resolved, key=lambda d: d.outcome.rank)
        pairs = tuple((j.action, d) for j, d in zip(verdict.judged, resolved, strict=True))
        try:
            if strictest.outcome is Outcome.ALLOW:
                return self._allowed(pairs, strictest, verdict.digest, verdict.detail, strict=True)
            return self._stopped(pairs, strictest, verdict.digest, verdict.detail)
        except LedgerUnavailableError as error:
            return self._unrecordable([action for action, _ in pairs], error)

    async def _approved(
        self,
        judged: Judged,
        digest: str,
        told: Callable[[Waiting], None],
        *,
        shown: Excerpt | None,
        preview: Previewer | None,
    ) -> Decision:
        """What people say, unless what they were asked about is not so any more: then only a stricter verdict counts."""
        meaning = self.meaning_version
        held = Held(
            action=judged.action,
            decision=judged.decision,
            session=self.session,
            digest=digest,
            meaning=meaning,
            shown=self._shown(judged.action) if shown is None else shown,
            preview=preview,
        )
        decision = await self._steps.approvals.resolve(held, told)
        if decision.outcome is not Outcome.ALLOW:
            return decision
        (now,) = self._decide(Understood(actions=(judged.action,), cacheable=False))
        if now.outcome is Outcome.DENY:
            return now
        asked = judged.decision
        changed = now.outcome is Outcome.HOLD and (now.rule, now.approvers) != (asked.rule, asked.approvers)
        if changed or self.meaning_version != meaning:
            return _gate_deny(
                "approval-outdated",
                "What was approved has changed meanwhile: the rules, or the objects it speaks of.",
                "Send it again: it will be asked for as it is now.",
                now.policy_version,
            )
        added = tuple(o for o in now.obligations if o not in decision.obligations)
        return replace(decision, obligations=(*decision.obligations, *added)) if added else decision

    def _shown(self, action: Action) -> Excerpt:
        try:
            return excerpt(self.masker.scan_text(action.text.encode(errors="replace")).decode(errors="replace"))
        except DetectorError:
            return Excerpt(cut=len(action.text))

    def plan(self, judged: Judged, shape: Shape) -> Plan:
        """One plan per shape. The columns that the *server* names as origin are judged too: neither source may be weaker."""
        decision = self._with_origins(judged, shape)
        plan = self._steps.planner.plan(judged.action, decision, shape)
        if any(part.mask is not None for part in plan.parts):
            self._facts.tag(SENSITIVE_READ, by=BY_GATE)
        return plan

    def passing(self, *, rows: int, masked: int) -> None:
        """Rows of a result, and the values masked in them, are about to leave. Raises LedgerUnavailableError."""
        self.session.count("rows", rows)
        if masked:
            self.session.count("masked", masked)
            self._facts.tag(SENSITIVE_READ, by=BY_GATE)

    @property
    def kept(self) -> "asyncio.Future[None] | None":
        """Done when all facts of this session are durable; None where they are. Fails with StoreError."""
        return self._facts.kept

    def request_plan(self, judged: Judged) -> TextPlan:
        """What to do to a request's texts. Every finding in them has been judged: what no rule masks goes as it is."""
        return texts.request_plan(judged.action, judged.decision)

    def answer_plan(self, judged: Judged) -> TextPlan:
        """What to do to an answer's texts, of which nothing is known yet: policy is asked about every type there is."""
        policy = self._steps.policy.current
        key = (policy.version, self.session.tags, judged.action.verb, texts.circumstances(judged.action))
        plan = self._answers.get(key)
        if plan is None:
            plan = texts.answer_plan(policy, judged.action, self.session, self.masker.types)
            if len(self._answers) >= _CACHE_ENTRIES or not policy.stable:
                self._answers.clear()
            if policy.stable:
                self._answers[key] = plan
        return plan

    def settle(self, judged: Judged, result: Result) -> "asyncio.Future[None]":
        """Record what came of an allowed action. Raises LedgerUnavailableError."""
        if judged.intent is not None:
            self._running.pop(judged.intent, None)
        event = Event(
            type=EventType.ACTION_OUTCOME,
            session=self.session,
            intent=judged.intent,
            verb=judged.action.verb,
            detail={
                "status": result.status,
                "code": result.code,
                "rows": result.rows,
                "bytes": result.bytes,
                "masked": dict(result.masked),
                **result.detail,
            },
        )
        return self._steps.recorder.append(event).durable

    def denied_now(self) -> frozenset[str]:
        """Of what was let through and is not settled, the intents of what the rules, as they are now, deny."""
        return frozenset(
            intent
            for intent, judged in self._running.items()
            if self._decide_one(judged.action).outcome is Outcome.DENY
        )

    def note(self, type_: EventType, detail: Mapping[str, str | int]) -> None:
        """Record a fact that needs no verdict (a bound hit, a protocol error). Raises LedgerUnavailableError."""
        self._append(type_, detail=detail)

    def close(self, reason: str) -> Receipt | None:
        """The last event of a session; None if the ledger could not take it (the next boot writes the gap)."""
        digest = self.recording.close()
        self._facts.close()
        try:
            return self._append(
                EventType.SESSION_END,
                detail={
                    "reason": reason,
                    "chunks": digest.chunks,
                    "bytes": digest.bytes,
                    "stored": digest.stored,
                    "sha256": digest.sha256,
                    **self.session.counters,
                },
            )
        except LedgerUnavailableError:
            return None

    # -- deciding ------------------------------------------------------------------------------------------------

    def _decide(self, understood: Understood) -> tuple[Decision, ...]:
        policy = self._steps.policy.current
        try:
            self._facts.refresh()
        except StoreError:
            unknown = _gate_deny(
                "facts-unavailable",
                "What this task has done so far cannot be known, so nothing is allowed.",
                "Try again once the gate's state store can be read.",
                policy.version,
            )
            return tuple(unknown for _ in understood.actions)
        expired = self.session.pass_.state(self._steps.now()) is not PassState.LIVE
        if expired:
            dead = _gate_deny("pass-ended", "The pass is no longer live.", "Ask for a new pass.", policy.version)
            return tuple(dead for _ in understood.actions)
        under = (policy.version, self.meaning_version, self.session.tags)
        if under != self._decided_under:
            self._decisions.clear()
            self._decided_under = under
        if not (policy.stable and understood.cacheable) or understood.inputs_matter:
            return tuple(self._decide_one(action) for action in understood.actions)
        sample = understood if understood.like is None else understood.like
        key = sample.actions[0].text if len(sample.actions) == 1 else ""
        if key:
            known = self._decisions.get(key)
            if known is not None and known[0] is sample:
                return known[1]
        decisions = tuple(self._decide_one(action) for action in understood.actions)
        if key:
            self._decisions[key] = (sample, decisions)
            if len(self._decisions) > _CACHE_ENTRIES:
                self._decisions.popitem(last=False)
        return decisions

    def _decide_one(self, action: Action) -> Decision:
        policy = self._steps.policy.current
        outside = self._outside_pass(action)
        if outside is not None:
            verbs = ", ".join(sorted(self.session.pass_.verbs))
            return _gate_deny(
                "pass-scope",
                f"The pass covers {verbs or 'nothing'}; this is {outside}.",
                f"Ask for a pass that covers {outside}.",
                policy.version,
            )
        return policy.decide(action, self.session)

    def _outside_pass(self, action: Action) -> VerbClass | None:
        allowed = self.session.pass_.verbs | _ALWAYS
        for verb_class in (action.verb_class, *(atom.verb_class for atom in action.atoms)):
            if verb_class not in allowed:
                return verb_class
        return None

    def _with_origins(self, judged: Judged, shape: Shape) -> Decision:
        read = {(a.object.namespace, a.object.name, a.column) for a in judged.action.atoms if a.column}
        extra = {
            part.origin
            for part in shape.parts
            if part.origin is not None and (part.origin.namespace, part.origin.object, part.origin.column) not in read
        }
        if not extra:
            return judged.decision
        atoms = tuple(
            Atom(
                verb="select",
                verb_class=VerbClass.READ,
                object=ObjectRef(kind="relation", namespace=column.namespace, name=column.object),
                column=column.column,
                position=Position.OUTPUT,
            )
            for column in sorted(extra, key=str)
        )
        masks: list[Mask] = []
        for column, atom in zip(sorted(extra, key=str), atoms, strict=True):
            probe = replace(judged.action, atoms=(atom,), verb="select", verb_class=VerbClass.READ, outputs=None)
            verdict = self._steps.policy.current.decide(probe, self.session)
            if verdict.outcome is not Outcome.ALLOW:
                masks.append(Mask(column=column, strategy=Strategy(kind=StrategyKind.NULL), rule=verdict.rule))
            masks.extend(o for o in verdict.obligations if isinstance(o, Mask))
        return replace(judged.decision, obligations=(*judged.decision.obligations, *masks))

    # -- recording -----------------------------------------------------------------------------------------------

    def _allowed(
        self,
        pairs: Sequence[tuple[Action, Decision]],
        strictest: Decision,
        digest: str,
        detail: Mapping[str, Json],
        *,
        strict: bool = False,
    ) -> Verdict:
        judged: list[Judged] = []
        receipt: Receipt | None = None
        for action, decision in pairs:
            receipt = self._steps.recorder.append(
                Event(
                    type=EventType.ACTION_INTENT,
                    session=self.session,
                    verb=action.verb,
                    objects=self._objects(action),
                    fingerprint=action.fingerprint,
                    text=action.text,
                    decision=decision,
                    detail={**detail, "inputs_sha256": digest} if digest else detail,
                )
            )
            one = Judged(action=action, decision=decision, intent=receipt.event_id)
            self._running[receipt.event_id] = one
            judged.append(one)
        assert receipt is not None  # noqa: S101 - an understood text has at least one action
        for _, decision in pairs:
            if decision.obligations:
                self._facts.oblige(
                    decision.obligations
                )  # what is only under way counts: nobody knows when its rows are read
        return Verdict(
            outcome=Outcome.ALLOW,
            decision=strictest,
            judged=tuple(judged),
            strict=strict or any(_strict(action, decision) for action, decision in pairs),
            durable=self._facts.after(receipt.durable),
            digest=digest,
            event=receipt.event_id,
            detail=detail,
        )

    def _stopped(
        self, pairs: Sequence[tuple[Action, Decision]], strictest: Decision, digest: str, detail: Mapping[str, Json]
    ) -> Verdict:
        """Every action that is as bad as the worst is an event of its own; the others were never in question.

        A rule that stops an action and tags the session means the attempt. What others would have tagged never happens.
        """
        try:
            receipts = self._record_stopped(pairs, strictest, detail)
        finally:
            for _, decision in pairs:
                if decision.outcome is strictest.outcome:
                    attempted(self._facts, [o for o in decision.obligations if o.rule == decision.rule])
        return Verdict(
            outcome=strictest.outcome,
            decision=strictest,
            judged=tuple(Judged(action=action, decision=decision) for action, decision in pairs),
            strict=True,
            durable=self._facts.after(receipts[-1].durable),
            digest=digest,
            event=receipts[-1].event_id,
            detail=detail,
        )

    def _record_stopped(
        self, pairs: Sequence[tuple[Action, Decision]], strictest: Decision, detail: Mapping[str, Json]
    ) -> Sequence[Receipt]:
        type_ = EventType.ACTION_HELD if strictest.outcome is Outcome.HOLD else EventType.ACTION_REFUSED
        return [
            self._steps.recorder.append(
                Event(
                    type=type_,
                    session=self.session,
                    verb=action.verb,
                    objects=self._objects(action),
                    fingerprint=action.fingerprint,
                    text=action.text,
                    decision=decision,
                    detail={**detail, "gaps": list(action.gaps)} if action.gaps else detail,
                )
            )
            for action, decision in pairs
            if decision.outcome is strictest.outcome
        ]

    def _objects(self, action: Action) -> tuple[str, ...]:
        """What an action is about, as the ledger names it; the same for all that were understood at once."""
        atoms = action.atoms
        known = self._named.get(id(atoms))
        if known is not None and known[0] is atoms:
            return known[1]
        names = tuple(dict.fromkeys(f"{atom.object.kind}:{atom.object}" for atom in atoms))
        if len(self._named) >= _CACHE_ENTRIES:
            self._named.clear()
        self._named[id(atoms)] = (atoms, names)
        return names

    def _unrecordable(self, actions: Sequence[Action], error: LedgerUnavailableError) -> Verdict:
        decision = _gate_deny(
            "ledger-unavailable",
            f"Nothing may happen that cannot be recorded: {error}",
            "Try again once the ledger can be written.",
            self._steps.policy.current.version,
        )
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return Verdict(
            outcome=Outcome.DENY,
            decision=decision,
            judged=tuple(Judged(action=a, decision=decision) for a in actions),
            strict=True,
            durable=done,
        )

    def _append(self, type_: EventType, *, detail: Mapping[str, str | int]) -> Receipt:
        return self._steps.recorder.append(Event(type=type_, session=self.session, detail=dict(detail)))


def _gate_deny(rule: str, reason: str, hint: str, version: str) -> Decision:
    return Decision(outcome=Outcome.DENY, rule=rule, reason=reason, hint=hint, policy_version=version)


def _strict(action: Action, decision: Decision) -> bool:
    """A rule may make the record of a read stricter; none makes that of a write laxer, also not one about what it reads."""
    if action.verb_class in _WRITES or any(atom.verb_class in _WRITES for atom in action.atoms):
        return True
    return any(isinstance(obligation, Record) and obligation.mode == "strict" for obligation in decision.obligations)
