import pytest

from passgate.core.action import Position, VerbClass
from passgate.core.decision import Mask, Outcome
from passgate.policy.bundle import load_text
from passgate.policy.evaluator import RulePolicy
from passgate.policy.problems import BundleError
from tests.unit.policy.actions import action, atom, session


def protected(*lines: str) -> RulePolicy:
    section = "\n".join(f"- {line}" for line in lines)
    return load_text(f"protect:\n{section}\nrules:\n- {{id: all, when: 'true', then: allow}}\n").policy()


def test_a_table_that_is_never_touched() -> None:
    rules = protected("{object: payments, as: never}")
    for verb in ("select", "insert", "drop"):
        decision = rules.decide(action(atom(verb, "payments")), session())
        assert (decision.outcome, decision.rule) == (Outcome.DENY, "protect:payments")
        assert decision.reason == "public.payments is protected."
    assert rules.decide(action(atom(name="orders")), session()).outcome is Outcome.ALLOW


def test_a_column_that_is_never_touched() -> None:
    rules = protected("{object: customers, column: ssn, as: never}")
    for position in Position:
        decision = rules.decide(action(atom(name="customers", column="ssn", position=position)), session())
        assert decision.rule == "protect:customers.ssn"
        assert decision.reason == "Column ssn of public.customers is protected."
        assert "ssn" in decision.hint
    assert rules.decide(action(atom(name="customers", column="name")), session()).outcome is Outcome.ALLOW
    assert rules.decide(action(atom(name="orders", column="ssn")), session()).outcome is Outcome.ALLOW


SHOWN = (Position.OUTPUT, Position.RETURNING)
HARMLESS = (Position.TARGET, Position.NONE)


@pytest.mark.parametrize("position", list(Position))
def test_a_masked_column_may_be_shown_masked_and_nothing_else(position: Position) -> None:
    rules = protected("{object: customers, column: email, as: {mask: {strategy: partial, keep_last: 4}}}")
    decision = rules.decide(action(atom(name="customers", column="email", position=position)), session())
    masked = any(isinstance(obligation, Mask) for obligation in decision.obligations)
    assert masked == (position in SHOWN)
    assert (decision.outcome is Outcome.ALLOW) == (position in SHOWN + HARMLESS)
    if decision.outcome is Outcome.DENY:
        assert decision.rule == "protect:customers.email/inference"
        assert position.value in decision.reason


@pytest.mark.parametrize(
    ("inference", "outcome"), [("allow", Outcome.ALLOW), ("hold", Outcome.HOLD), ("deny", Outcome.DENY)]
)
def test_inference_can_be_said(inference: str, outcome: Outcome) -> None:
    rules = protected(f"{{object: customers, column: email, as: {{mask: {{strategy: hash}}}}, inference: {inference}}}")
    judged = action(atom(name="customers", column="email", position=Position.PREDICATE))
    assert rules.decide(judged, session()).outcome is outcome


def test_a_line_may_concern_some_only() -> None:
    rules = protected("{object: customers, column: ssn, as: never, when: \"principal.kind == 'agent' // not people\"}")
    judged = action(atom(name="customers", column="ssn"))
    assert rules.decide(judged, session()).outcome is Outcome.DENY
    assert rules.decide(judged, session("human")).outcome is Outcome.ALLOW


def test_a_line_may_name_its_schema_and_its_words() -> None:
    rules = protected("{object: t, namespace: hr, column: pay, as: never, message: 'No {column}.', hint: 'Ask HR.'}")
    decision = rules.decide(action(atom(name="t", namespace="hr", column="pay")), session())
    assert (decision.rule, decision.reason, decision.hint) == ("protect:hr.t.pay", "No pay.", "Ask HR.")
    assert rules.decide(action(atom(name="t", column="pay")), session()).outcome is Outcome.ALLOW


def test_names_are_quoted() -> None:
    odd = "it's \\\\ \\n"
    rules = protected(f'{{object: "{odd}", as: never}}')
    judged = action(atom("insert", "it's \\ \n", verb_class=VerbClass.WRITE))
    assert rules.decide(judged, session()).outcome is Outcome.DENY


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("{object: t}", "needs object and as"),
        ("{as: never}", "needs object and as"),
        ("{object: t, as: allways}", "as cannot be 'allways'"),
        ("{object: t, as: {mask: {strategy: redact}}}", "a mask needs a column"),
        ("{object: t, column: c, as: {mask: {strategy: blur}}}", "strategy cannot be 'blur'"),
        ("{object: t, column: c, as: {hide: x}}", "as has no key 'hide'"),
        ("{object: t, column: c, as: never, inference: allow}", "inference belongs to a masked column"),
        ("{object: t, column: c, as: {mask: {strategy: redact}}, inference: maybe}", "inference cannot be 'maybe'"),
        ("{object: t, as: never, when: 'verb =='}", "the condition ends here"),
        ("{object: t, as: never, when: \"true) || (verb == 'select'\"}", "expected an operator"),
        ("{object: t, as: never, when: \"verbb == 'select'\"}", "verbb is not a declared attribute"),
        ("{objekt: t, as: never}", "a line of protect has no key 'objekt'"),
    ],
)
def test_what_is_refused(line: str, message: str) -> None:
    with pytest.raises(BundleError) as caught:
        protected(line)
    assert message in str(caught.value)


def test_it_is_sugar_over_rules_that_are_shown() -> None:
    rules = protected("{object: customers, column: email, as: {mask: {strategy: redact}}}").rules
    assert [rule.id for rule in rules] == ["protect:customers.email/mask", "protect:customers.email/inference", "all"]
    assert rules[0].definition.when == (
        "object.kind == 'relation' && object.name == 'customers' && column == 'email' && position in ['output', 'returning']"
    )
