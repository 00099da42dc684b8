"""What policy says of findings becomes plans for text."""

from dataclasses import dataclass, field

import pytest

from passgate.core.action import Action, ColumnRef, VerbClass
from passgate.core.decision import Decision, Mask, Outcome, Strategy, StrategyKind
from passgate.core.finding import Field, Finding, FindingClass
from passgate.core.session import Session
from passgate.core.text_plan import REDACT, LanePlan, TextPlan
from passgate.pipeline import texts
from passgate.pipeline.gate import Judged
from tests.unit.pipeline.steps import Bench, decision, make_session

TOKEN = Strategy(kind=StrategyKind.TOKEN)
TYPES = frozenset({(FindingClass.PII, "EMAIL"), (FindingClass.PII, "PHONE"), (FindingClass.SECRET, "AWS_KEY")})


def mask(field: Field, type_: str, strategy: Strategy = TOKEN) -> Mask:
    return Mask(column=ColumnRef(namespace="pii", object=type_, column=field), strategy=strategy, rule="m")


def generate(*findings: Finding, model: str = "m1") -> Action:
    return Action(
        kind="llm.generate",
        verb="generate",
        verb_class=VerbClass.READ,
        text="POST /v1/messages",
        atoms=(),
        facts={"llm.model": model, "llm.input_bytes": 7},
        findings=findings,
    )


def email(field: Field) -> Finding:
    return Finding(class_=FindingClass.PII, type="EMAIL", field=field, count=1)


@dataclass
class FindingPolicy:
    """Reveals PII, phones masked; restores e-mails in what an assistant says, and would restore secrets if asked."""

    version: str = "v1"
    stable: bool = True
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    def decide(self, action: Action, session: Session) -> Decision:
        (atom,) = action.atoms
        (finding,) = action.findings or ()
        assert (finding.type, finding.field) == (atom.object.name, atom.column)
        self.asked.append((atom.verb, atom.object.name, atom.column))
        if atom.verb == "restore":
            return decision(
                Outcome.ALLOW if atom.object.name != "PHONE" and atom.column == "assistant" else Outcome.DENY
            )
        if atom.object.namespace == "secret":
            return decision(Outcome.HOLD)
        if atom.object.name == "PHONE":
            return decision(Outcome.ALLOW, obligations=(mask(Field(atom.column), "PHONE"),))
        return decision(Outcome.ALLOW)


def test_a_lane_that_nobody_planned_redacts_everything() -> None:
    assert TextPlan().lane(Field.USER).strategy("EMAIL") == REDACT


def test_a_type_that_a_plan_does_not_know_is_redacted() -> None:
    assert LanePlan(passed=frozenset({"EMAIL"})).strategy("PHONE") == REDACT


def test_a_request_is_masked_by_field_and_type_and_what_was_judged_besides_goes_as_it_is() -> None:
    asked = generate(email(Field.USER), email(Field.SYSTEM))
    plan = texts.request_plan(asked, decision(Outcome.ALLOW, obligations=(mask(Field.USER, "EMAIL"),)))
    assert plan.lane(Field.USER).strategy("EMAIL") == TOKEN
    assert plan.lane(Field.SYSTEM).strategy("EMAIL") is None
    assert plan.lane(Field.SYSTEM).strategy("PHONE") == REDACT  # it was never judged


def test_masks_of_columns_are_not_masks_of_texts() -> None:
    column = Mask(column=ColumnRef(namespace="public", object="EMAIL", column="email"), strategy=TOKEN, rule="r")
    plan = texts.request_plan(generate(email(Field.USER)), decision(Outcome.ALLOW, obligations=(column,)))
    assert plan.lane(Field.USER).strategy("EMAIL") is None


def test_an_answer_is_planned_by_asking_of_a_type_where_it_is_met() -> None:
    policy = FindingPolicy()
    plan = texts.answer_plan(policy, generate(), make_session(), TYPES)
    assert policy.asked == []
    said = plan.lane(Field.ASSISTANT)
    assert said.strategy("EMAIL") is None
    assert said.strategy("PHONE") == TOKEN
    assert said.strategy("AWS_KEY") == REDACT
    assert said.restored == {"EMAIL"}
    assert plan.lane(Field.TOOL_ARGUMENTS).restored == frozenset()
    assert said.strategies == {"PHONE": TOKEN, "AWS_KEY": REDACT}
    assert (said.passed, len(said.passed), len(said.strategies)) == ({"EMAIL"}, 1, 2)
    assert len(policy.asked) == len(set(policy.asked))  # of each type once
    assert (said.strategy("NEW"), "NEW" in said.restored) == (REDACT, False)  # nobody finds it: nobody is asked


def test_a_secret_is_never_restored_whatever_policy_would_say() -> None:
    policy = FindingPolicy()
    plan = texts.answer_plan(policy, generate(), make_session(), TYPES)
    assert "AWS_KEY" not in plan.lane(Field.ASSISTANT).restored
    assert ("restore", "AWS_KEY", "assistant") not in policy.asked


async def test_an_answers_plan_is_kept_while_policy_tags_and_model_are_the_same() -> None:
    bench = Bench()
    policy = FindingPolicy()
    bench.policies.current = policy  # type: ignore[assignment]
    gated = bench.open()
    gated.masker.types = TYPES  # type: ignore[misc]
    judged = _judged(generate())
    first = gated.answer_plan(judged)
    assert gated.answer_plan(judged) is first
    other = gated.answer_plan(_judged(generate(model="m2")))
    assert other is not first
    bench.session.tag("tainted")
    assert all(gated.answer_plan(judged) is not known for known in (first, other))


@pytest.mark.parametrize("stable", [True, False])
async def test_what_an_unstable_policy_says_is_not_kept(stable: bool) -> None:
    bench = Bench()
    policy = FindingPolicy(stable=stable)
    bench.policies.current = policy  # type: ignore[assignment]
    gated = bench.open()
    gated.masker.types = TYPES  # type: ignore[misc]
    for _ in range(2):
        assert gated.answer_plan(_judged(generate())).lane(Field.ASSISTANT).strategy("PHONE") == TOKEN
    assert len(policy.asked) == (1 if stable else 2)


def _judged(action: Action) -> Judged:
    return Judged(action=action, decision=decision(Outcome.ALLOW), intent="e1")
