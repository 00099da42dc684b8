"""Who may ask for what."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from passgate.core.action import VerbClass
from passgate.core.errors import PassRequestError, StepUpRequiredError
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.grants import Agent, Grant, allowance, narrowed
from passgate.identity.oidc.token import Authentication, Identity

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


MFA = "urn:example:mfa"
STRONG = replace(grant("shop"), acr=(MFA, "phr"), amr=frozenset({"hwk", "pin"}), max_auth_age=timedelta(minutes=5))


def signed_in(*acr: str, amr: str = "", minutes: float | None = None) -> Identity:
    age = None if minutes is None else timedelta(minutes=minutes)
    how = Authentication(acr=frozenset(acr), amr=frozenset(amr.split()), age=age)
    return replace(identity(), authentication=how)


def test_a_sign_in_that_is_strong_and_fresh_enough_needs_no_other() -> None:
    for enough in (
        signed_in(MFA, amr="hwk pin user", minutes=5),
        signed_in("phr", "other", amr="pin hwk", minutes=0),
    ):
        assert allowance([STRONG], enough, ["shop"], READ).max_ttl == timedelta(minutes=60)


@pytest.mark.parametrize(
    ("who", "said"),
    [
        (signed_in(amr="hwk pin", minutes=1), "to urn:example:mfa or phr$"),
        (signed_in("pwd", amr="hwk pin", minutes=1), "to urn:example:mfa or phr$"),
        (signed_in(MFA, amr="hwk", minutes=1), "with hwk and pin$"),
        (signed_in(MFA, amr="hwk pin", minutes=5.1), "within the last 300 seconds$"),
        (signed_in(MFA, amr="hwk pin"), "within the last 300 seconds$"),
        (signed_in(), "to urn:example:mfa or phr, with hwk and pin, within the last 300 seconds$"),
    ],
)
def test_what_is_missing_is_said_in_oauths_words(who: Identity, said: str) -> None:
    with pytest.raises(StepUpRequiredError, match=f"^this needs a stronger sign-in: {said}") as refused:
        allowance([STRONG], who, ["shop"], READ)
    assert (refused.value.acr_values, refused.value.max_age) == ((MFA, "phr"), 300)


def test_whoever_has_no_grant_at_all_is_not_sent_to_sign_in_again() -> None:
    with pytest.raises(PassRequestError, match="may not ask for") as refused:
        allowance([replace(STRONG, groups=frozenset({"dba"}))], signed_in(), ["shop"], READ)
    assert not isinstance(refused.value, StepUpRequiredError)


def test_a_weaker_grant_that_covers_it_is_used_before_a_step_up_is_asked_for() -> None:
    weak = grant("shop", ttl=5, ticket=True)
    assert allowance([STRONG, weak], signed_in(), ["shop"], READ).max_ttl == timedelta(minutes=5)
    enough = signed_in(MFA, amr="hwk pin", minutes=1)
    assert allowance([STRONG, weak], enough, ["shop"], READ).max_ttl == timedelta(minutes=60)
