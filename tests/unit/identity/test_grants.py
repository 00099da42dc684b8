"""Who may ask for what."""

from datetime import UTC, datetime, timedelta

import pytest

from passgate.core.action import VerbClass
from passgate.core.errors import PassRequestError
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.grants import Agent, Grant, allowance, narrowed
from passgate.identity.oidc.token import Identity

NOW = datetime(2026, 3, 1, tzinfo=UTC)
READ, WRITE = frozenset({VerbClass.READ}), frozenset({VerbClass.READ, VerbClass.WRITE})


def identity(*groups: str, provider: str = "company", **claims: str) -> Identity:
    who = Principal(kind=PrincipalKind.HUMAN, subject="ada", groups=frozenset(groups), claims=claims)
    return Identity(principal=who, provider=provider, expires=NOW)


def grant(
    *resources: str,
    groups: str = "",
    ttl: int = 60,
    ticket: bool = False,
    verbs: frozenset[VerbClass] = READ,
    **claims: str,
) -> Grant:
    return Grant(
        provider="company",
        resources=frozenset(resources),
        verbs=verbs,
        max_ttl=timedelta(minutes=ttl),
        groups=frozenset(groups.split()),
        claims=claims,
        ticket=ticket,
    )


def test_one_of_the_groups_is_enough_and_no_group_means_everybody() -> None:
    grants = [grant("shop", groups="eng dba"), grant("docs")]
    assert allowance(grants, identity("dba"), ["shop", "docs"], READ).max_ttl == timedelta(minutes=60)
    with pytest.raises(PassRequestError, match="may not ask for read on shop"):
        allowance(grants, identity("sales"), ["shop", "docs"], READ)
    allowance(grants, identity(), ["docs"], READ)


def test_another_provider_with_the_same_groups_is_nobody_here() -> None:
    with pytest.raises(PassRequestError):
        allowance([grant("shop")], identity(provider="other"), ["shop"], READ)


def test_all_claims_must_be_said() -> None:
    grants = [grant("shop", repository="acme/app", ref="refs/heads/main")]
    allowance(grants, identity(repository="acme/app", ref="refs/heads/main"), ["shop"], READ)
    for claims in ({"repository": "acme/app"}, {"repository": "acme/app", "ref": "refs/heads/evil"}):
        with pytest.raises(PassRequestError):
            allowance(grants, identity(**claims), ["shop"], READ)


def test_all_verbs_must_be_in_one_grant() -> None:
    grants = [grant("shop"), grant("shop", verbs=frozenset({VerbClass.WRITE}))]
    with pytest.raises(PassRequestError, match="read, write"):
        allowance(grants, identity(), ["shop"], WRITE)


def test_the_strictest_of_what_is_used_sets_the_bounds_and_the_best_grant_is_used() -> None:
    grants = [grant("shop", ttl=240, ticket=True), grant("shop", ttl=30), grant("docs", ttl=10)]
    one = allowance(grants, identity(), ["shop"], READ)
    assert (one.max_ttl, one.ticket) == (timedelta(minutes=30), False)
    both = allowance(grants, identity(), ["shop", "docs"], READ)
    assert both.max_ttl == timedelta(minutes=10)
    assert allowance(grants[:1], identity(), ["shop"], READ).ticket


AGENT = Agent(
    name="reporter", purpose="reports", resources=frozenset({"shop"}), verbs=READ, until=NOW + timedelta(days=1)
)


def test_an_agent_gets_no_more_than_it_is_registered_for_and_no_longer() -> None:
    assert narrowed(AGENT, ["shop"], READ, NOW) == timedelta(days=1)
    for resources, verbs, now, said in (
        (["shop", "docs"], READ, NOW, "docs"),
        (["shop"], WRITE, NOW, "write"),
        (["shop"], READ, NOW + timedelta(days=1), "has ended"),
    ):
        with pytest.raises(PassRequestError, match=said):
            narrowed(AGENT, resources, verbs, now)
