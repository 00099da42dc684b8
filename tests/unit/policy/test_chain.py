"""Whoever acts for others is judged as each of them too."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from passgate.core.action import Action, Atom, Position, VerbClass
from passgate.core.decision import Decision, Mask, Outcome, Tag
from passgate.core.principal import Principal, PrincipalKind
from passgate.core.session import Session
from passgate.policy.evaluator import RulePolicy
from tests.unit.policy.actions import ALLOW_ALL, action, atom, policy, session

READ = action(atom(column="id", position=Position.OUTPUT))
WRITE = action(atom("update", verb_class=VerbClass.WRITE))


def delegated(*, human_holds: bool = False, groups: tuple[str, ...] = ()) -> Session:
    """agent:summariser for agent:reporter for human:ann; ``human_holds``: the first pass was hers."""
    found = session(groups=groups)
    summariser = Principal(kind=PrincipalKind.AGENT, subject="summariser", on_behalf_of=found.principal)
    ancestors = ("p1", "p0") if human_holds else ("p1",)
    return replace(found, pass_=replace(found.pass_, id="p2", principal=summariser, ancestors=ancestors))


def rule(when: str, then: str = "deny", name: str = "rule") -> str:
    return f'{{id: {name}, when: "{when}", then: {then}}}'


def decided(rules: tuple[str, ...], judged: Action = READ, whose: Session | None = None) -> Decision:
    return policy(*rules).decide(judged, whose or delegated())


@pytest.mark.parametrize(
    "who", ["principal.subject == 'summariser'", "principal.subject == 'reporter'", "principal.kind == 'human'"]
)
@pytest.mark.parametrize(("then", "outcome"), [("deny", Outcome.DENY), ("hold", Outcome.HOLD)])
def test_a_rule_about_anybody_in_the_chain_binds_the_last(who: str, then: str, outcome: Outcome) -> None:
    decision = decided((ALLOW_ALL, rule(who, then)))
    assert (decision.outcome, decision.rule) == (outcome, "rule")
    assert "rule" in decision.fired


def test_the_strictest_of_the_chain_wins() -> None:
    rules = (
        ALLOW_ALL,
        rule("principal.subject == 'summariser'", "hold", "mine"),
        rule("principal.subject == 'reporter'", "deny", "parent"),
    )
    assert decided(rules).rule == "parent"


def test_obligations_of_the_whole_chain_apply() -> None:
    rules = (
        ALLOW_ALL,
        rule("principal.subject == 'reporter' && column == 'id'", "{mask: {strategy: redact}}", "masked"),
        rule("principal.kind == 'human'", "{tag: seen}", "tagged"),
    )
    decision = decided(rules)
    assert decision.outcome is Outcome.ALLOW
    assert [(type(o), o.rule) for o in decision.obligations] == [(Mask, "masked"), (Tag, "tagged")]
    assert decision.fired == ("all", "masked", "tagged")


def test_who_delegates_needs_the_grant_too() -> None:
    """Or an agent would reach through another what it may not reach itself."""
    rules = (rule("principal.subject == 'summariser'", "allow"),)
    decision = decided(rules)
    assert (decision.outcome, decision.rule) == (Outcome.DENY, "default-deny")
    assert decided((*rules, rule("principal.subject == 'reporter'", "allow", "parent"))).outcome is Outcome.ALLOW


def test_a_delegate_does_not_get_what_only_its_parent_may() -> None:
    assert decided((rule("principal.subject == 'reporter'", "allow"),)).rule == "default-deny"


def test_a_human_who_holds_a_pass_needs_the_grant_and_one_who_is_only_named_does_not() -> None:
    rules = (rule("principal.kind == 'agent'", "allow"),)
    assert decided(rules).outcome is Outcome.ALLOW
    assert decided(rules, whose=delegated(human_holds=True)).rule == "default-deny"
    assert decided(rules, whose=session()).outcome is Outcome.ALLOW


def test_a_human_is_not_granted_by_an_obligation_that_only_fires_for_her() -> None:
    assert decided((rule("principal.kind == 'human'", "[allow, {tag: seen}]"),)).outcome is Outcome.DENY


def test_groups_are_those_of_the_one_who_is_judged() -> None:
    rules = (ALLOW_ALL, rule("'contractors' in principal.groups"))
    assert decided(rules, whose=delegated(groups=("contractors",))).rule == "rule"
    assert decided(rules, whose=delegated()).outcome is Outcome.ALLOW


def test_the_chain_is_an_attribute() -> None:
    rules = (ALLOW_ALL, rule("size(principal.chain) > 2", name="deep"))
    assert decided(rules).rule == "deep"
    assert decided(rules, whose=session()).outcome is Outcome.ALLOW
    named = (ALLOW_ALL, rule("'agent:reporter' in principal.chain && verb_class == 'write'"))
    assert decided(named, WRITE).rule == "rule"
    assert decided(named).outcome is Outcome.ALLOW
    assert decided(named, WRITE, session("human", behind=False)).outcome is Outcome.ALLOW


def test_a_term_about_principal_and_atom_is_asked_for_each_of_them() -> None:
    """It is open in everybody's rules alike, and comes out differently."""
    rules = (ALLOW_ALL, rule("principal.subject == object.name"))
    for name, outcome in (
        ("summariser", Outcome.DENY),
        ("reporter", Outcome.DENY),
        ("ann@example.com", Outcome.DENY),
        ("orders", Outcome.ALLOW),
    ):
        assert decided(rules, action(atom(name=name))).outcome is outcome


def test_a_parents_rule_without_a_value_denies() -> None:
    rules = (ALLOW_ALL, rule("principal.subject == 'reporter' && resource.labels.tier == 'gold'"))
    decision = decided(rules)
    assert (decision.outcome, decision.rule) == (Outcome.DENY, "error")


def test_what_was_not_understood_needs_a_grant_worth_something_from_each_holder() -> None:
    unclear = action(atom(), gaps=("what is this",))
    mine = "{id: mine, when: \"principal.subject == 'summariser'\", then: allow, incomplete: allow}"
    plain = rule("principal.subject == 'reporter'", "allow", "plain")
    both = "{id: both, when: 'true', then: allow, incomplete: allow}"
    assert decided((mine, plain), unclear).rule == "not-understood"
    assert decided((both,), unclear).outcome is Outcome.ALLOW


def test_nobody_is_judged_twice_where_the_rules_say_the_same() -> None:
    found: RulePolicy = policy(ALLOW_ALL, rule("principal.kind == 'service'"))
    whose = delegated()
    found.decide(READ, whose)
    assert len(found._sessions[id(whose)][3]) == 1


def test_explaining_says_what_deciding_does() -> None:
    found = policy(ALLOW_ALL, rule("principal.subject == 'reporter' && column == 'id'"))
    (verdict,) = [v for v in found.judge(READ, delegated()) if v.atom.column == "id"]
    assert (verdict.outcome, verdict.rule and verdict.rule.id) == (Outcome.DENY, "rule")


def test_the_hint_is_what_would_be_allowed_to_the_whole_chain() -> None:
    rules = (
        ALLOW_ALL,
        rule("principal.subject == 'reporter' && verb == 'update' && !key_pinned", name="pinned"),
    )
    decision = decided(rules, WRITE)
    assert (decision.outcome, decision.rule) == (Outcome.DENY, "pinned")
    assert "primary key" in decision.hint


WHO = (
    "true",
    "principal.kind == 'agent'",
    "principal.kind == 'human'",
    "principal.subject == 'summariser'",
    "principal.subject == 'reporter'",
    "'staff' in principal.groups",
    "has(principal.on_behalf_of.kind) && principal.on_behalf_of.kind == 'human'",
    "size(principal.chain) > 2",
    "'agent:reporter' in principal.chain",
    "principal.subject == object.name",
    "resource.labels.nothing == 'x'",
)
THEN = ("allow", "hold", "deny", "{mask: {strategy: redact}}", "{max_rows: 5}", "[allow, {tag: seen}]")
ATOMS = (
    atom(column="id", position=Position.OUTPUT),
    atom(name="reporter"),
    atom("update", verb_class=VerbClass.WRITE),
)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(WHO), st.sampled_from(["", " && verb == 'select'"]), st.sampled_from(THEN)),
        min_size=1,
        max_size=6,
    ),
    st.lists(st.sampled_from(ATOMS), min_size=1, max_size=3),
    st.booleans(),
)
def test_nobody_is_given_more_than_whoever_delegated_to_them(
    drawn: list[tuple[str, str, str]], atoms: list[Atom], human_holds: bool
) -> None:
    """Whatever the rules: the verdict on a delegate is as strict as the one on the pass above at least, with its obligations."""
    found = policy(*(rule(who + which, then, f"r{number}") for number, (who, which, then) in enumerate(drawn)))
    below = delegated(human_holds=human_holds)
    judged = action(*atoms)
    while below.pass_.ancestors:
        behind = below.principal.on_behalf_of
        assert behind is not None
        above = replace(
            below,
            pass_=replace(
                below.pass_, id=below.pass_.ancestors[0], principal=behind, ancestors=below.pass_.ancestors[1:]
            ),
        )
        here, there = found.decide(judged, below), found.decide(judged, above)
        assert here.outcome.rank >= there.outcome.rank
        if here.outcome is not Outcome.DENY:
            assert set(there.fired) <= set(here.fired)
            # of two equal obligations one stays, by whichever rule
            assert {replace(o, rule="") for o in there.obligations} <= {replace(o, rule="") for o in here.obligations}
        below = above
