"""What somebody was given, and the grants behind it now."""

from dataclasses import replace
from datetime import timedelta

import pytest

from passgate.core.action import VerbClass
from passgate.core.passes import Pass
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.covering import is_covered
from passgate.identity.grants import Grant
from tests.unit.store.conftest import make_pass

ADA = Principal(kind=PrincipalKind.HUMAN, subject="ada", groups=frozenset({"eng"}), claims={"team": "a"})
BOTH = frozenset({VerbClass.READ, VerbClass.WRITE})
PASS: Pass = make_pass()  # reads and writes shop and warehouse
SHOP = Grant(
    provider="company",
    resources=frozenset({"shop"}),
    verbs=BOTH,
    max_ttl=timedelta(minutes=1),  # for how long was judged when it was given
    groups=frozenset({"eng"}),
    claims={"team": "a"},
    ticket=True,
)
STORES = replace(SHOP, resources=frozenset({"warehouse"}), groups=frozenset(), claims={})


@pytest.mark.parametrize(
    ("grants", "who", "covered"),
    [
        ([SHOP, STORES], ADA, True),
        ([SHOP], ADA, False),
        ([SHOP, replace(STORES, verbs=frozenset({VerbClass.READ}))], ADA, False),
        ([SHOP, replace(STORES, provider="other")], ADA, False),
        ([SHOP, STORES], replace(ADA, groups=frozenset({"sales"})), False),
        ([SHOP, STORES], replace(ADA, claims={"team": "b"}), False),
        ([], ADA, False),
    ],
)
def test_every_resource_needs_a_grant_for_all_of_it(grants: list[Grant], who: Principal, *, covered: bool) -> None:
    assert is_covered(PASS, who, provider="company", grants=grants) is covered
