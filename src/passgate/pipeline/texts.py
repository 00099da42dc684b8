"""Plans for running text, from what policy says of findings.

A finding is an atom: ``disclose`` where it would reach the target, ``reveal`` where it comes back to the caller, ``restore``
where a token of it would turn into its value again. Its object is of kind ``finding``, named by its type, in the namespace of
its class; its column is the field. So one language of rules speaks of both directions, and what nothing grants does not happen.
"""

from collections.abc import Iterable
from dataclasses import replace

from passgate.core.action import Action, VerbClass, finding_atom
from passgate.core.decision import Decision, Mask, Outcome, Strategy
from passgate.core.finding import Field, Finding, FindingClass
from passgate.core.session import Session
from passgate.core.text_plan import REDACT, LanePlan, TextPlan
from passgate.pipeline.protocols import Policy

ANSWERED = (Field.ASSISTANT, Field.REASONING, Field.TOOL_ARGUMENTS, Field.TOOL_RESULT, Field.FILE, Field.METADATA)
"""What an answer consists of."""

_CIRCUMSTANCES = ("llm.model", "llm.provider")

Circumstances = tuple[tuple[str, bool | int | str], ...]
Types = Iterable[tuple[FindingClass, str]]


def circumstances(action: Action) -> Circumstances:
    """What a rule about an answer may depend on, of the action that asks for it."""
    return tuple((name, action.facts[name]) for name in _CIRCUMSTANCES if name in action.facts)


def request_plan(action: Action, decision: Decision) -> TextPlan:
    """Masks by field and type; what was found and judged besides goes as it is."""
    strategies: dict[Field, dict[str, Strategy]] = {field: {} for field in Field}
    passed: dict[Field, set[str]] = {field: set() for field in Field}
    for obligation in decision.obligations:
        if isinstance(obligation, Mask) and obligation.column.column in _FIELDS:
            strategies[Field(obligation.column.column)][obligation.column.object] = obligation.strategy
    for finding in action.findings or ():
        if finding.type not in strategies[finding.field]:
            passed[finding.field].add(finding.type)
    return TextPlan(
        lanes={field: LanePlan(strategies=strategies[field], passed=frozenset(passed[field])) for field in Field}
    )


def answer_plan(policy: Policy, action: Action, session: Session, types: Types) -> TextPlan:
    """Asked of every type in every field of an answer. What is not allowed to be revealed is redacted."""
    known = sorted(types)
    probe = Action(
        kind="llm.answer",
        verb="reveal",
        verb_class=VerbClass.READ,
        text="",
        atoms=(),
        facts=dict(circumstances(action)),
    )
    return TextPlan(lanes={field: _answer_lane(policy, probe, session, known, field) for field in ANSWERED})


def _answer_lane(
    policy: Policy, probe: Action, session: Session, types: Iterable[tuple[FindingClass, str]], field: Field
) -> LanePlan:
    strategies, passed, restored = {}, set(), set()
    for class_, type_ in types:
        reveal = _asked(policy, probe, session, "reveal", class_, type_, field)
        if reveal.outcome is Outcome.ALLOW:
            masks = [o.strategy for o in reveal.obligations if isinstance(o, Mask)]
            if masks:
                strategies[type_] = masks[0]
            else:
                passed.add(type_)
        else:
            strategies[type_] = REDACT
        if class_ is not FindingClass.SECRET:
            restore = _asked(policy, probe, session, "restore", class_, type_, field)
            if restore.outcome is Outcome.ALLOW and not any(isinstance(o, Mask) for o in restore.obligations):
                restored.add(type_)
    return LanePlan(strategies=strategies, passed=frozenset(passed), restored=frozenset(restored))


def _asked(
    policy: Policy, probe: Action, session: Session, verb: str, class_: FindingClass, type_: str, field: Field
) -> Decision:
    finding = Finding(class_=class_, type=type_, field=field, count=1)
    atoms = (finding_atom(verb, class_, type_, field),)
    return policy.decide(replace(probe, verb=verb, atoms=atoms, findings=(finding,)), session)


_FIELDS = frozenset(Field)
