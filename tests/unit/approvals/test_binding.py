"""The record that an approval is bound to."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from passgate.approvals.binding import Binding, chain, person, subjects
from passgate.core.decision import Outcome
from passgate.core.principal import Principal, PrincipalKind
from passgate.pipeline.protocols import Held
from tests.unit.pipeline.steps import action, decision, make_session

HELD = Held(action=action("drop index i", column="name"), decision=decision(Outcome.HOLD), session=make_session())


def test_the_record_names_everything_that_was_decided_on() -> None:
    record = json.loads(Binding.of(HELD).canonical())
    assert record["chain"] == ["agent:reporter", "human:ada@example.com"]
    assert record["atoms"] == ["select relation:public.customers.name none"]
    assert (record["group"], record["count"], record["rule"]) == ("approvers", 1, "r")
    assert list(record) == sorted(record)


def test_the_same_thing_has_the_same_digest_and_another_session_changes_nothing() -> None:
    assert Binding.of(HELD).digest == Binding.of(replace(HELD, session=make_session())).digest


@given(st.text(max_size=40), st.text(max_size=40))
def test_texts_that_differ_are_bound_apart(one: str, other: str) -> None:
    first, second = (Binding.of(replace(HELD, action=action(text))).digest for text in (one, other))
    assert (first == second) == (one == other)


def test_everybody_in_the_chain_has_an_interest() -> None:
    human = Principal(kind=PrincipalKind.HUMAN, subject="ada")
    agent = Principal(kind=PrincipalKind.AGENT, subject="planner", on_behalf_of=human)
    sub = Principal(kind=PrincipalKind.AGENT, subject="worker", on_behalf_of=agent)
    assert chain(sub) == ("agent:worker", "agent:planner", "human:ada")
    assert subjects(sub) == {"worker", "planner", "ada"}


def test_another_spelling_makes_nobody_somebody_else() -> None:
    human = Principal(kind=PrincipalKind.HUMAN, subject="Ada@Example.com")
    for spelled in ("ada@example.com", "ADA@EXAMPLE.COM", "\uff41\uff44\uff41@example.com"):
        assert person(spelled) in subjects(human)
