"""Runs cases through a language and a policy, as the gate would, and reports where something else came out."""

import difflib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from passgate.core.action import Action, Position
from passgate.core.decision import Decision, Mask, Outcome
from passgate.core.session import Session
from passgate.pipeline.protocols import Input, Language, Policy, Understander
from passgate.policy.cases.case import Case, Expected
from passgate.policy.cases.psql_notation import read_psql
from passgate.policy.cases.request import Refusal, Request, Statement
from passgate.policy.cases.wire_notation import read_wire

_ALIKE = 0.8
"""difflib's measure: ``postgresql`` is meant to be ``postgres``, ``mysql`` not to be ``psql``."""

_SHOWN = frozenset({Position.OUTPUT, Position.RETURNING})
_RANK = {Expected.ALLOW: 0, Expected.MASK: 1, Expected.APPROVE: 2, Expected.DENY: 3}
_WORD = {Outcome.HOLD: Expected.APPROVE, Outcome.DENY: Expected.DENY}


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What came of a case, and why."""

    verdict: Expected
    rule: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    case: Case
    found: Found


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Counts of one kind. ``covered`` False: no language for it yet, so nothing was judged. ``meant``: the kind of which that one
    seems to be a misspelling."""

    kind: str
    covered: bool
    cases: int
    as_expected: int = 0
    meant: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    totals: tuple[Totals, ...]
    mismatches: tuple[Mismatch, ...]

    @property
    def passed(self) -> bool:
        """Without a case nothing was shown, and what is misspelt was not judged as somebody believes."""
        return not self.mismatches and bool(self.totals) and not any(total.meant for total in self.totals)


def _plain(text: str) -> Request:
    return (Statement(text=text),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How texts of a kind are read. ``family`` is the kind of the language that they are judged in."""

    family: str
    read: Callable[[str], Request]


KINDS: Mapping[str, Kind] = {
    "postgres": Kind(family="postgres", read=_plain),
    "postgres-wire": Kind(family="postgres", read=read_wire),
    "psql": Kind(family="postgres", read=read_psql),
    "llm": Kind(family="llm", read=_plain),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where cases of one family are judged: their language, and a new session for each."""

    language: Language
    session: Callable[[], Session]


def run_cases(cases: Iterable[Case], *, grounds: Mapping[str, Ground], policy: Policy) -> Report:
    """Each case in a session of its own. ``grounds`` by family; a kind without one is reported as not covered."""
    by_kind: dict[str, list[Case]] = {}
    for case in cases:
        by_kind.setdefault(case.kind, []).append(case)
    totals: list[Totals] = []
    mismatches: list[Mismatch] = []
    for kind, group in sorted(by_kind.items()):
        known = KINDS.get(kind)
        ground = grounds.get(known.family) if known else None
        if known is None or ground is None:
            near = () if known else difflib.get_close_matches(kind.lower(), KINDS, n=1, cutoff=_ALIKE)
            totals.append(Totals(kind=kind, covered=False, cases=len(group), meant="".join(near)))
            continue
        missed = 0
        for case in group:
            found = run_case(case, known, ground.language, policy, ground.session())
            if found.verdict is not case.expected:
                missed += 1
                mismatches.append(Mismatch(case=case, found=found))
        totals.append(Totals(kind=kind, covered=True, cases=len(group), as_expected=len(group) - missed))
    return Report(totals=tuple(totals), mismatches=tuple(mismatches))


def run_case(case: Case, kind: Kind, language: Language, policy: Policy, session: Session) -> Found:
    understander = language.open(session)
    strictest = Found(verdict=Expected.ALLOW, rule="", reason="Nothing of it needs a verdict.")
    try:
        for part in kind.read(case.text):
            found = _judge(part, case, understander, policy, session)
            if _RANK[found.verdict] > _RANK[strictest.verdict] or not strictest.rule:
                strictest = found
    finally:
        understander.close()
    return strictest


def _judge(
    part: Statement | Refusal, case: Case, understander: Understander, policy: Policy, session: Session
) -> Found:
    if isinstance(part, Refusal):
        return Found(verdict=Expected.DENY, rule="endpoint", reason=part.reason)
    inputs = part.inputs
    if inputs is None and case.params:
        inputs = tuple(Input(value=value) for value in case.params)
    understood = understander.understand(part.text, inputs)
    judged = [(action, policy.decide(action, session)) for action in understood.actions]
    _, decision = max(judged, key=lambda pair: (pair[1].outcome.rank, _masked(*pair)))
    if decision.outcome is Outcome.ALLOW:
        for done, _ in judged:
            understander.succeeded(done)
    masked = any(_masked(action, decision) for action, decision in judged)
    verdict = _WORD.get(decision.outcome, Expected.MASK if masked else Expected.ALLOW)
    return Found(verdict=verdict, rule=decision.rule, reason=decision.reason)


def _masked(action: Action, decision: Decision) -> bool:
    """Whether something that is shown, or sent on, gets masked."""
    masks = {obligation.column for obligation in decision.obligations if isinstance(obligation, Mask)}
    if not masks:
        return False
    if action.outputs is None:
        return True
    shown = {(a.object.namespace, a.object.name, a.column) for a in action.atoms if a.position in _SHOWN}
    return any(output.sources & masks for output in action.outputs) or any(
        (mask.namespace, mask.object, mask.column) in shown for mask in masks
    )
