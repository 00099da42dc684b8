"""Why a decision came out as it did: every atom, every rule that fired for it, and what follows."""

from dataclasses import dataclass

from passgate.core.action import Action, Atom
from passgate.core.decision import Decision, Outcome
from passgate.core.session import Session
from passgate.policy.evaluator import DEFAULT_DENY, ERROR, RulePolicy
from passgate.policy.problems import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class FiredRule:
    """``outcome`` None: the rule only obliges."""

    id: str
    outcome: Outcome | None
    when: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplainedAtom:
    """``rule`` is the decisive one; ``failed`` says why its condition had no value, empty where it had one."""

    atom: Atom
    outcome: Outcome
    rule: str
    fired: tuple[FiredRule, ...]
    failed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    action: Action
    decision: Decision
    atoms: tuple[ExplainedAtom, ...]


def explain(policy: RulePolicy, action: Action, session: Session) -> Explanation:
    """The decision is the one that the gate itself would take: this asks the same policy, twice."""
    atoms: list[ExplainedAtom] = []
    for verdict in policy.judge(action, session):
        fired = tuple(
            FiredRule(id=rule.id, outcome=rule.outcome, when=rule.definition.when.strip(), place=rule.definition.place)
            for rule in verdict.fired
        )
        rule = ERROR if verdict.failed else verdict.rule.id if verdict.rule else DEFAULT_DENY
        atoms.append(
            ExplainedAtom(atom=verdict.atom, outcome=verdict.outcome, rule=rule, fired=fired, failed=verdict.failed)
        )
    return Explanation(action=action, decision=policy.decide(action, session), atoms=tuple(atoms))
