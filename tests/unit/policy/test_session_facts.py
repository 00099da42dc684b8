"""The pack that holds prompts after a sensitive read, together with the one that grants them."""

import pytest

from passgate.core.action import VerbClass
from passgate.core.decision import Record
from passgate.core.session import Session
from passgate.policy.bundle import load_bundle
from passgate.policy.evaluator import RulePolicy
from tests.unit.policy.actions import policy, session
from tests.unit.policy.calls import call

RULE = "external-prompt-after-sensitive-read"


@pytest.fixture(scope="module")
def rules() -> RulePolicy:
    return load_bundle((), ("llm-safe", "session-facts")).policy()


def talking_to(reach: str | None, *tags: str) -> Session:
    made = session(resource="llm", labels={} if reach is None else {"reach": reach})
    for tag in tags:
        made.tag(tag)
    return made


def test_a_prompt_to_the_outside_is_held_after_a_sensitive_read(rules: RulePolicy) -> None:
    decision = rules.decide(call("pii:EMAIL:user"), talking_to("external", "sensitive-read"))
    assert (decision.outcome, decision.rule) == ("hold", RULE)
    assert decision.reason == "This task has read masked data, and shop is outside: generate needs approval."
    assert any(isinstance(o, Record) and o.mode == "strict" for o in decision.obligations)


@pytest.mark.parametrize(
    ("reach", "tags"),
    [("external", ()), ("external", ("tainted",)), ("internal", ("sensitive-read",)), (None, ("sensitive-read",))],
)
def test_any_other_prompt_is_what_it_was(rules: RulePolicy, reach: str | None, tags: tuple[str, ...]) -> None:
    assert rules.decide(call("pii:EMAIL:user"), talking_to(reach, *tags)).outcome == "allow"


@pytest.mark.parametrize(
    ("verb", "verb_class"),
    [("embed", "read"), ("moderate", "read"), ("count_tokens", "read"), ("upload", "write"), ("create_batch", "write")],
)
def test_whatever_carries_content_is_a_prompt(rules: RulePolicy, verb: str, verb_class: str) -> None:
    asked = call(verb=verb, verb_class=VerbClass(verb_class))
    assert rules.decide(asked, talking_to("external", "sensitive-read")).rule == RULE
    assert rules.decide(asked, talking_to("external")).outcome == "allow"


def test_what_carries_none_goes_on(rules: RulePolicy) -> None:
    assert rules.decide(call(verb="list_models"), talking_to("external", "sensitive-read")).outcome == "allow"


def test_what_was_denied_stays_denied(rules: RulePolicy) -> None:
    asked = call("secret:JWT:user")
    assert rules.decide(asked, talking_to("external", "sensitive-read")).outcome == "deny"
    opaque = call(gaps=("a picture",))
    assert rules.decide(opaque, talking_to("external", "sensitive-read")).outcome == "deny"


def test_the_pack_alone_denies_what_nobody_grants() -> None:
    alone = load_bundle((), ("session-facts",)).policy()
    assert alone.decide(call(), talking_to("external")).outcome == "deny"
    assert alone.decide(call("pii:EMAIL:user"), talking_to("external", "sensitive-read")).outcome == "deny"


def test_a_rule_counts_what_the_whole_task_has_done() -> None:
    rules = policy(
        "{id: grant, when: 'true', then: allow}",
        "{id: many, when: 'task.counters.rows > 1000', then: deny}",
    )
    mine = session()
    mine.count("rows", 1000)
    assert rules.decide(call(), mine).outcome == "allow"
    mine.task.count("rows", 1)  # another session's
    assert rules.decide(call(), mine).rule == "many"
    assert not rules.stable
