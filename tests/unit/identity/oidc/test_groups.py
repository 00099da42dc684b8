"""Groups as providers send them, leave them out, and spell them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.core.errors import TokenRefusedError
from passgate.identity.oidc.groups import MAX_GROUPS, read_groups

ODD = [
    "a,b",
    'say "cheese"',
    "O'Brien's",
    "CN=dba,OU=Groups,DC=acme",
    " leading and trailing ",
    "Zoë",
    "Zoe\u0308",  # the same letters, composed of others: another group
    "データベース",
    "\u202eabd",  # turns the line around where it is printed as it is
    "a\u00a0b",
    "50% off; DROP TABLE x --",
    "../../etc",
    "${jndi:ldap://x}",
    "😀",
    "x" * 256,
]


def test_odd_names_stay_as_they_are_letter_by_letter() -> None:
    assert read_groups({"groups": ODD}, name="groups", required=True) == set(ODD)
    assert "dba" not in read_groups({"groups": ["eng,dba", "DBA", "dba "]}, name="groups", required=True)


@pytest.mark.parametrize("bad", ["", "a\r\nb", "a\nb", "a\x00b", "\x1b[2K", "a\x7f", "\x85", "\ud800", "x" * 257])
def test_names_that_no_rule_could_mean_refuse_all_of_it(bad: str) -> None:
    with pytest.raises(TokenRefusedError, match="empty, too long, or has control characters") as refused:
        read_groups({"groups": ["dba", bad]}, name="groups", required=False)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("count", [MAX_GROUPS + 1, 10_000])
def test_too_many_are_refused_with_the_remedy(count: int) -> None:
    with pytest.raises(TokenRefusedError, match="more than 1000 groups: have the provider send fewer"):
        read_groups({"groups": [f"g{n}" for n in range(count)]}, name="groups", required=False)
    assert (
        len(read_groups({"groups": [f"g{n}" for n in range(MAX_GROUPS)]}, name="groups", required=False)) == MAX_GROUPS
    )


@pytest.mark.parametrize(
    "claims",
    [
        {"_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": "https://graph.example"}}},
        {"_claim_names": {"groups": "src1"}, "groups": []},
        {"_claim_names": ["groups"]},
        {"_claim_names": "groups"},
        {"hasgroups": True},
        {"hasgroups": "true"},
        {"hasgroups": 1},
        {"groups:src1": "https://graph.example/getMemberObjects"},
    ],
)
def test_groups_that_are_elsewhere_are_not_none(claims: dict[str, object]) -> None:
    with pytest.raises(TokenRefusedError, match="too many: have the provider send only"):
        read_groups(claims, name="groups", required=False)


def test_what_points_elsewhere_for_another_claim_is_no_matter() -> None:
    claims = {"_claim_names": {"photos": "src1"}, "hasgroups": True, "roles": ["r"]}
    assert read_groups(claims, name="roles", required=True) == {"r"}
    assert read_groups({"hasgroups": False, "groups": ["g"]}, name="groups", required=True) == {"g"}


def test_a_missing_claim_is_none_only_where_nothing_depends_on_it() -> None:
    assert read_groups({}, name="groups", required=False) == frozenset()
    assert read_groups({"groups": []}, name="groups", required=True) == frozenset()
    for claims in ({}, {"groups": None}):
        with pytest.raises(TokenRefusedError, match="the claim groups is missing"):
            read_groups(claims, name="groups", required=True)


@pytest.mark.parametrize("groups", ["dba", {"dba": True}, [["dba"]], ["dba", None], [1], 7, True])
def test_anything_else_is_no_list_of_groups(groups: object) -> None:
    with pytest.raises(TokenRefusedError, match="not a list of texts"):
        read_groups({"groups": groups}, name="groups", required=False)


@given(st.lists(st.text(max_size=300), max_size=20))
def test_either_all_are_taken_as_they_are_or_none(groups: list[str]) -> None:
    try:
        found = read_groups({"groups": groups}, name="groups", required=True)
    except TokenRefusedError:
        return
    assert found == set(groups)
