"""What may be asked for, and how a refusal is worded."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from passgate.core.action import VerbClass
from passgate.core.budget import Budget
from passgate.core.errors import PassRequestError
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.request import (
    IssuingRules,
    PassRequest,
    parse_budget,
    parse_owner,
    parse_principal,
    parse_verbs,
)

RULES = IssuingRules(
    resources=frozenset({"shop", "warehouse"}), default_ttl=timedelta(minutes=30), max_ttl=timedelta(hours=8)
)
REQUEST = PassRequest(
    principal=parse_principal("agent:reporter", on_behalf_of="ada@example.com"),
    resources=frozenset({"shop"}),
    verbs=frozenset({VerbClass.READ}),
    purpose="weekly report",
    ticket="OPS-7",
)


def test_the_time_to_live() -> None:
    assert RULES.ttl(REQUEST) == timedelta(minutes=30)
    assert RULES.ttl(replace(REQUEST, ttl=timedelta(hours=8))) == timedelta(hours=8)
    assert replace(RULES, max_ttl=timedelta(minutes=5)).ttl(REQUEST) == timedelta(minutes=5)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (replace(REQUEST, ttl=timedelta(hours=8, seconds=1)), "the time to live is 8h1s, but the maximum is 8h"),
        (replace(REQUEST, ttl=timedelta(0)), "must be longer than zero"),
        (replace(REQUEST, resources=frozenset()), "it names no resource"),
        (
            replace(REQUEST, resources=frozenset({"shpo"})),
            "no resource 'shpo' (did you mean 'shop'?); known: shop, warehouse",
        ),
        (replace(REQUEST, verbs=frozenset()), "it names no verb"),
        (replace(REQUEST, purpose="  "), "it states no purpose"),
        (replace(REQUEST, purpose="x" * 501), "the purpose is longer than 500 characters"),
        (replace(REQUEST, purpose="a\nb"), "the purpose holds characters that cannot be printed"),
        (replace(REQUEST, ticket="\x1b[2J"), "the ticket holds characters that cannot be printed"),
        (replace(REQUEST, ticket="x" * 101), "the ticket is longer than 100 characters"),
        (replace(REQUEST, principal=parse_principal("agent:bot")), "the agent bot must name the human or the owner"),
        (
            replace(REQUEST, principal=replace(REQUEST.principal, on_behalf_of=parse_principal("agent:boss"))),
            "nobody acts on behalf of an agent: name the human or the owner behind agent:boss",
        ),
    ],
)
def test_a_refusal_says_why(changed: PassRequest, problem: str) -> None:
    with pytest.raises(PassRequestError) as caught:
        RULES.ttl(changed)
    assert problem in str(caught.value)
    assert "; " not in str(caught.value).replace("); known", "")


PARENT = Pass(
    id="pg_parent",
    principal=REQUEST.principal,
    resources=frozenset({"shop"}),
    verbs=frozenset({VerbClass.READ}),
    purpose="weekly report",
    ticket=None,
    issued=datetime(2026, 3, 1, tzinfo=UTC),
    expires=datetime(2026, 3, 2, tzinfo=UTC),
    budget=Budget(tokens=5),
)
BELOW = replace(
    REQUEST,
    principal=Principal(kind=PrincipalKind.AGENT, subject="summariser", on_behalf_of=REQUEST.principal),
    budget=Budget(tokens=5),
    parent=PARENT,
)


def test_a_delegated_pass_may_act_on_behalf_of_an_agent() -> None:
    assert RULES.ttl(BELOW) == timedelta(minutes=30)


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        (replace(BELOW, parent=None, budget=None), "nobody acts on behalf of an agent"),
        (
            replace(BELOW, principal=replace(BELOW.principal, kind=PrincipalKind.SERVICE)),
            "passes are delegated to agents, and service:summariser is none",
        ),
        (
            replace(BELOW, principal=replace(BELOW.principal, on_behalf_of=parse_principal("human:eve"))),
            "it must act on behalf of agent:reporter, whose pass it is delegated from",
        ),
        (
            replace(
                BELOW,
                principal=replace(BELOW.principal, on_behalf_of=replace(PARENT.principal, groups=frozenset({"dba"}))),
            ),
            "it must act on behalf of agent:reporter",  # the same name, with a group more
        ),
        (
            replace(BELOW, principal=replace(BELOW.principal, subject="REPORTER")),
            "agent:REPORTER stands in the chain already",
        ),
        (replace(BELOW, resources=frozenset({"warehouse"})), "the pass pg_parent does not open warehouse"),
        (
            replace(BELOW, verbs=frozenset(VerbClass)),
            "the pass pg_parent does not cover admin, code, ddl, egress, session, write",
        ),
        (replace(BELOW, budget=None), "its budget must be within that of the pass pg_parent"),
        (replace(BELOW, budget=Budget(tokens=6)), "its budget must be within that of the pass pg_parent"),
    ],
)
def test_a_link_that_does_not_narrow_is_refused(changed: PassRequest, problem: str) -> None:
    with pytest.raises(PassRequestError) as caught:
        RULES.ttl(changed)
    assert problem in str(caught.value)


def test_everything_wrong_is_told_at_once() -> None:
    request = PassRequest(
        principal=parse_principal("agent:bot"),
        resources=frozenset({"x"}),
        verbs=frozenset(),
        purpose="",
        ttl=timedelta(days=9),
    )
    with pytest.raises(PassRequestError) as caught:
        replace(RULES, resources=frozenset()).ttl(request)
    told = str(caught.value)
    assert [part in told for part in ("must name the human", "known: none", "no verb", "no purpose", "216h")] == [
        True
    ] * 5


def test_humans_and_services_may_act_for_themselves() -> None:
    for who in ("human:ada@example.com", "service:billing"):
        assert RULES.ttl(replace(REQUEST, principal=parse_principal(who))) == timedelta(minutes=30)


def test_a_principal_in_words() -> None:
    assert parse_principal("agent:reporter", groups=["bi", "bi"], on_behalf_of="ada@example.com") == Principal(
        kind=PrincipalKind.AGENT,
        subject="reporter",
        groups=frozenset({"bi"}),
        on_behalf_of=Principal(kind=PrincipalKind.HUMAN, subject="ada@example.com"),
    )
    assert parse_owner("service:billing").kind is PrincipalKind.SERVICE


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("reporter", "does not say what it is: write one of human:reporter, agent:reporter, service:reporter"),
        ("agnet:x", "'agnet' is not a kind of principal (did you mean 'agent'?)"),
        ("agent:", "'' is not a name"),
        ("agent:a b", "'a b' is not a name"),
        ("agent:a:b", "'a:b' is not a name"),
        ("agent:" + "x" * 201, "is not a name"),
        ("agent:x\n", "is not a name"),
    ],
)
def test_what_is_not_a_principal(text: str, problem: str) -> None:
    with pytest.raises(PassRequestError) as caught:
        parse_principal(text)
    assert problem in str(caught.value)


def test_verbs_in_words() -> None:
    assert parse_verbs(["read,write"]) == {VerbClass.READ, VerbClass.WRITE}
    assert parse_verbs([" Read", "ddl,,"]) == {VerbClass.READ, VerbClass.DDL}
    assert parse_verbs([]) == frozenset()
    with pytest.raises(
        PassRequestError, match=r"'raed' is not a verb \(did you mean 'read'\?\); known: read, write, ddl"
    ):
        parse_verbs(["write,raed"])


def test_a_budget_is_for_passes_that_open_a_model() -> None:
    request = replace(REQUEST, budget=Budget(requests=1))
    with pytest.raises(PassRequestError, match="it has a budget, which counts calls to models, and opens no model"):
        RULES.ttl(request)
    assert replace(RULES, models=frozenset({"shop"})).ttl(request) == timedelta(minutes=30)


@pytest.mark.parametrize(
    ("requests", "tokens", "cost", "budget"),
    [
        (None, None, None, None),
        (1, None, None, Budget(requests=1)),
        (None, 10**15, None, Budget(tokens=10**15)),
        (None, None, "2.50", Budget(microdollars=2_500_000)),
        (3, 4, "$0.000001", Budget(requests=3, tokens=4, microdollars=1)),
        (None, None, "999999999", Budget(microdollars=999_999_999_000_000)),
    ],
)
def test_budgets(requests: int | None, tokens: int | None, cost: str | None, budget: Budget | None) -> None:
    assert parse_budget(requests=requests, tokens=tokens, cost=cost) == budget


@pytest.mark.parametrize(
    ("requests", "tokens", "cost", "problem"),
    [
        (0, None, None, "the budget's requests must be more than nothing"),
        (None, -1, None, "the budget's tokens must be more than nothing"),
        (None, 10**15 + 1, None, "at most 1,000,000,000,000,000"),
        (1, None, "0", "the budget's cost must be more than nothing"),
        (None, None, "two", "'two' is not an amount of US dollars: write 2.50"),
        (None, None, "NaN", "is not an amount"),
        (None, None, "Infinity", "is not an amount"),
        (None, None, "1e999999999999999999", "is not an amount"),
        (None, None, "0.0000001", "is not an amount of US dollars: write 2.50, to the millionth at most"),
        (None, None, "-1", "is not an amount"),
    ],
)
def test_budgets_that_are_none(requests: int | None, tokens: int | None, cost: str | None, problem: str) -> None:
    with pytest.raises(PassRequestError, match=problem):
        parse_budget(requests=requests, tokens=tokens, cost=cost)
