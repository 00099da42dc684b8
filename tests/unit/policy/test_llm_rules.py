"""What rules mean for calls to a model: the two samples of the design, and the pack that ships."""

from dataclasses import replace

import pytest

from passgate.codecs.llm.operations import OPERATIONS
from passgate.core.action import VerbClass
from passgate.core.decision import Mask, Record, StrategyKind, Tag
from passgate.core.finding import Field, FindingClass
from passgate.core.session import Session
from passgate.core.text_plan import TextPlan
from passgate.pipeline.texts import answer_plan, request_plan
from passgate.policy.bundle import load_bundle, load_text
from passgate.policy.evaluator import DEFAULT_DENY, ERROR, NOT_UNDERSTOOD, RulePolicy
from passgate.policy.problems import BundleError
from tests.unit.policy.actions import policy, session
from tests.unit.policy.calls import call

TYPES = ((FindingClass.PII, "EMAIL"), (FindingClass.SECRET, "JWT"))
SECRET = "{id: prompt-secret, when: \"resource.kind == 'llm' && findings.exists(f, f.class == 'secret')\", then: deny}"
PII = (
    "{id: prompt-pii, when: \"resource.kind == 'llm' && findings.exists(f, f.class == 'pii')\","
    " then: {mask: {strategy: token}}}"
)
GRANT = "{id: models, when: \"resource.kind == 'llm'\", then: allow}"

AGENT = session(resource="llm")
HUMAN = session("human", resource="llm", behind=False)
SERVICE = session("service", resource="llm", behind=False)


@pytest.fixture(scope="module")
def safe() -> RulePolicy:
    return load_bundle((), ("llm-safe",)).policy()


# -- the samples of the design -------------------------------------------------------------------------------------------


def test_the_samples_alone_grant_nothing() -> None:
    decision = policy(SECRET, PII).decide(call(), AGENT)
    assert (decision.outcome, decision.rule) == ("deny", DEFAULT_DENY)


def test_a_secret_denies_the_call_and_the_hint_names_it() -> None:
    decision = policy(GRANT, SECRET, PII).decide(call("secret:JWT:tool_result", "pii:EMAIL:user"), AGENT)
    assert (decision.outcome, decision.rule) == ("deny", "prompt-secret")
    assert decision.hint == "Take out JWT in tool result, and send it again: name the thing instead of its value."


def test_personal_data_becomes_tokens_and_nothing_else_is_masked() -> None:
    decision = policy(GRANT, SECRET, PII).decide(call("pii:EMAIL:user", "pii:CARD:system", tools=("sh",)), AGENT)
    assert decision.outcome == "allow"
    masks = [o for o in decision.obligations if isinstance(o, Mask)]
    assert [(m.column.namespace, m.column.object, m.column.column, m.strategy.kind) for m in masks] == [
        ("pii", "CARD", "system", "token"),
        ("pii", "EMAIL", "user", "token"),
    ]


def test_a_call_without_findings_is_left_alone() -> None:
    decision = policy(GRANT, SECRET, PII).decide(call(), AGENT)
    assert (decision.outcome, decision.obligations) == ("allow", ())


def test_where_nobody_looked_a_rule_about_findings_denies() -> None:
    decision = policy(GRANT, SECRET).decide(call(looked=False), AGENT)
    assert (decision.outcome, decision.rule) == ("deny", ERROR)
    assert "nobody looked for findings" in decision.reason


def test_under_the_samples_tokens_come_back_as_values_and_secrets_never() -> None:
    rules = policy(GRANT, SECRET, PII)
    for _ in range(2):  # the second time from memory
        lane = answer_plan(rules, call(), AGENT, TYPES).lane(Field.ASSISTANT)
        assert lane.restored == {"EMAIL"}
        assert lane.strategies["EMAIL"].kind is StrategyKind.TOKEN
        assert lane.strategies["JWT"].kind is StrategyKind.REDACT


def test_a_mask_of_one_type_is_kept_apart_from_a_restore_of_it_in_any_order() -> None:
    for verbs in (("restore", "reveal"), ("reveal", "restore")):
        rules = policy(GRANT, PII)
        masked = {}
        for verb in verbs:
            action = call("pii:EMAIL:assistant")
            atoms = tuple(replace(atom, verb=verb) for atom in action.atoms[1:])
            masked[verb] = bool(rules.decide(replace(action, atoms=atoms, verb=verb), AGENT).obligations)
        assert masked == {"reveal": True, "restore": False}


# -- the pack --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [AGENT, HUMAN, SERVICE])
@pytest.mark.parametrize("verb", ["generate", "embed", "moderate", "count_tokens", "list_models", "download"])
def test_whoever_is_let_in_may_use_the_models(safe: RulePolicy, verb: str, who: Session) -> None:
    assert safe.decide(call(verb=verb, tools=("sh",)), who).outcome == "allow"


def test_every_operation_of_the_gateway_is_granted_by_the_pack(safe: RulePolicy) -> None:
    for operation in OPERATIONS:
        decision = safe.decide(call(verb=operation.verb, verb_class=operation.verb_class), AGENT)
        assert decision.outcome == "allow", operation.name
        strict = Record(mode="strict", rule=decision.rule) in decision.obligations
        assert strict == (operation.verb_class is VerbClass.WRITE)


def test_a_verb_that_no_operation_has_is_not_granted(safe: RulePolicy) -> None:
    assert safe.decide(call(verb="execute"), HUMAN).rule == DEFAULT_DENY


@pytest.mark.parametrize("field", list(Field))
def test_no_secret_goes_out_of_any_part(safe: RulePolicy, field: Field) -> None:
    decision = safe.decide(call(f"secret:JWT:{field}", "pii:EMAIL:user"), HUMAN)
    assert (decision.outcome, decision.rule) == ("deny", "llm-no-secrets-out")
    shown = field.replace("_", " ")
    assert decision.reason == f"JWT found in {shown}: a secret may not be sent to a model."
    assert decision.hint == f"Take out JWT in {shown}, and send it again: name the thing instead of its value."


@pytest.mark.parametrize("field", list(Field))
def test_personal_data_of_any_part_goes_as_tokens(safe: RulePolicy, field: Field) -> None:
    action = call(f"pii:EMAIL:{field}")
    plan = request_plan(action, safe.decide(action, AGENT))
    strategy = plan.lane(field).strategy("EMAIL")
    assert strategy is not None
    assert strategy.kind is StrategyKind.TOKEN


def plan_for(rules: RulePolicy, who: Session) -> TextPlan:
    return answer_plan(rules, call(), who, TYPES)


@pytest.mark.parametrize("who", [AGENT, HUMAN, SERVICE])
def test_no_secret_comes_back_in_any_part(safe: RulePolicy, who: Session) -> None:
    plan = plan_for(safe, who)
    for field in Field:
        strategy = plan.lane(field).strategy("JWT")
        assert strategy is not None
        assert strategy.kind is StrategyKind.REDACT
        assert "JWT" not in plan.lane(field).restored


@pytest.mark.parametrize(
    ("who", "restored"),
    [
        (HUMAN, {Field.ASSISTANT, Field.TOOL_ARGUMENTS}),
        (AGENT, {Field.ASSISTANT, Field.TOOL_ARGUMENTS}),
        (SERVICE, set()),
        (session("agent", resource="llm", behind=False), set()),
    ],
)
def test_tokens_become_values_for_people_and_who_acts_for_one(
    safe: RulePolicy, who: Session, restored: set[Field]
) -> None:
    plan = plan_for(safe, who)
    assert {field for field in Field if "EMAIL" in plan.lane(field).restored} == restored


def test_what_a_model_writes_of_people_is_for_people(safe: RulePolicy) -> None:
    person, agent = plan_for(safe, HUMAN), plan_for(safe, AGENT)
    for field in (Field.ASSISTANT, Field.TOOL_ARGUMENTS, Field.TOOL_RESULT, Field.FILE, Field.METADATA):
        assert person.lane(field).strategy("EMAIL") is None
        assert agent.lane(field).strategy("EMAIL") is not None
    for plan in (person, agent):
        thought = plan.lane(Field.REASONING).strategy("EMAIL")
        assert thought is not None
        assert thought.kind is StrategyKind.TOKEN


def test_an_agent_may_be_shown_it_by_leaving_one_rule_out() -> None:
    rules = load_text("packs: [{pack: llm-safe, without: [llm-personal-data-back-agents]}]").policy()
    assert plan_for(rules, AGENT).lane(Field.ASSISTANT).strategy("EMAIL") is None


def test_what_cannot_be_looked_into_is_refused_until_a_rule_speaks_of_it(safe: RulePolicy) -> None:
    picture = call("pii:EMAIL:user", tools=("sh",), gaps=("an image at /messages/0/content/1",), opaque=1)
    decision = safe.decide(picture, AGENT)
    assert (decision.outcome, decision.rule) == ("deny", NOT_UNDERSTOOD)
    assert decision.reason == "Not fully understood, so not allowed: an image at /messages/0/content/1."
    assert decision.hint.startswith("Leave out what the gate cannot look into")
    own = (
        "packs: [llm-safe]\nrules:\n- {id: pictures, when: \"object.kind == 'model' && llm.opaque < 3\","
        " then: allow, incomplete: allow}"
    )
    assert load_text(own).policy().decide(picture, AGENT).outcome == "allow"
    secret = call("secret:JWT:user", gaps=("an image",), opaque=1)
    assert load_text(own).policy().decide(secret, AGENT).outcome == "deny"


# -- orders to the model --------------------------------------------------------------------------------------------------


def test_orders_in_a_tool_s_result_wait_for_a_person_and_taint_the_session(safe: RulePolicy) -> None:
    action = call("injection:INSTRUCTION_OVERRIDE:tool_result", "pii:EMAIL:tool_result")
    decision = safe.decide(action, AGENT)
    assert (decision.outcome, decision.rule) == ("hold", "llm-orders-in-data")
    assert decision.reason == "What a tool gave back tells the model what to do (INSTRUCTION_OVERRIDE)."
    assert Tag(tag="tainted", rule=decision.rule) in decision.obligations
    assert request_plan(action, decision).lane(Field.TOOL_RESULT).strategy("EMAIL") is not None
    assert request_plan(action, decision).lane(Field.TOOL_RESULT).strategy("INSTRUCTION_OVERRIDE") is None


@pytest.mark.parametrize("field", [field for field in Field if field is not Field.TOOL_RESULT])
def test_orders_anywhere_else_are_what_a_prompt_is_made_of(safe: RulePolicy, field: Field) -> None:
    assert safe.decide(call(f"injection:ROLE_CHANGE:{field}"), AGENT).outcome == "allow"


def test_a_secret_beside_an_order_decides(safe: RulePolicy) -> None:
    decision = safe.decide(call("injection:ROLE_CHANGE:tool_result", "secret:JWT:user"), AGENT)
    assert (decision.outcome, decision.rule) == ("deny", "llm-no-secrets-out")
    assert "JWT" in decision.hint


def test_what_a_tainted_session_leaves_behind_is_asked_about(safe: RulePolicy) -> None:
    tainted = session(resource="llm")
    tainted.tag("tainted")
    upload = call(verb="upload", verb_class=VerbClass.WRITE)
    assert safe.decide(upload, AGENT).outcome == "allow"
    assert safe.decide(upload, tainted).rule == "llm-tainted-writes"
    assert safe.decide(call(), tainted).outcome == "allow"


def test_a_picture_beside_an_order_is_not_let_through_by_the_hold(safe: RulePolicy) -> None:
    decision = safe.decide(call("injection:ROLE_CHANGE:tool_result", gaps=("an image",)), AGENT)
    assert (decision.outcome, decision.rule) == ("deny", NOT_UNDERSTOOD)


# -- rules by model, provider, tools -----------------------------------------------------------------------------------------


def test_facts_of_a_call() -> None:
    rules = policy(
        GRANT,
        "{id: in-house, when: \"action.kind.startsWith('llm.') && llm.provider != 'in-house' && llm.max_tokens > 100\","
        " then: deny}",
    )
    assert rules.decide(call(provider="in-house", max_tokens=500), AGENT).outcome == "allow"
    denied = rules.decide(call(provider="openai", max_tokens=500), AGENT)
    assert (denied.outcome, denied.rule) == ("deny", "in-house")
    assert rules.decide(call(), AGENT).outcome == "allow"


def test_a_tool_may_be_refused_by_name() -> None:
    rules = policy(GRANT, "{id: no-shell, when: \"verb == 'offer' && object.name == 'sh'\", then: deny}")
    denied = rules.decide(call(tools=("read", "sh")), AGENT)
    assert (denied.rule, denied.hint) == ("no-shell", "Do not offer the tool sh.")


def test_a_model_may_be_refused_by_name() -> None:
    rules = policy(GRANT, "{id: old, when: \"object.kind == 'model' && object.name == 'gpt-5'\", then: deny}")
    assert rules.decide(call(), AGENT).hint.startswith("Use another model than gpt-5")


def test_one_type_may_be_refused_and_counts_matter() -> None:
    rules = policy(
        GRANT,
        "{id: bulk, when: \"action.kind == 'llm.generate' && findings.exists(f, f.type == 'EMAIL' && f.count > 9)\","
        " then: hold}",
        "{id: cards, when: \"verb == 'disclose' && finding.type == 'CARD'\", then: deny}",
    )
    assert rules.decide(call("pii:EMAIL:user:9"), AGENT).outcome == "allow"
    assert rules.decide(call("pii:EMAIL:user:10"), AGENT).outcome == "hold"
    denied = rules.decide(call("pii:CARD:tool_arguments", "pii:CARD:user"), AGENT)
    assert denied.hint.startswith("Take out CARD in tool arguments; CARD in user, and")


def test_where_nothing_helps_the_hint_is_about_the_part_itself() -> None:
    rules = policy("{id: cards, when: \"verb == 'disclose' && finding.type == 'CARD'\", then: deny}")
    denied = rules.decide(call("pii:CARD:user"), AGENT)
    assert denied.rule == "cards"
    assert denied.hint == "Take out CARD in user, and send it again."


def test_the_words_of_findings_are_checked_when_a_bundle_loads() -> None:
    for slip in ("f.class == 'secrets'", "f.field == 'tool'", "f.kind == 'x'"):
        with pytest.raises(BundleError):
            policy(f'{{id: a, when: "findings.exists(f, {slip})", then: deny}}')
    with pytest.raises(BundleError, match="did you mean tool_result"):
        policy("{id: a, when: \"finding.field == 'tool_results'\", then: deny}")
