"""Filters and paths."""

import pytest

from passgate.codecs.scim.paths import MAX_LENGTH, Condition, Path, read_filter, read_path
from passgate.codecs.scim.problem import ScimError

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('userName eq "ada@example.com"', [("userName", "ada@example.com")]),
        ('USERNAME EQ "a b and c"', [("USERNAME", "a b and c")]),
        (' displayName  eq  "say \\"hi\\" \\u00e9" ', [("displayName", 'say "hi" é')]),
        ('id eq "1" and externalId eq "2"', [("id", "1"), ("externalId", "2")]),
        ('id eq "1" AND displayName eq ""', [("id", "1"), ("displayName", "")]),
        (f'{CORE}:userName eq "a"', [(f"{CORE}:userName", "a")]),
        ("active eq True", [("active", True)]),
        ("active eq null", [("active", None)]),
        ("count eq 3", [("count", 3)]),
        ('name.familyName eq "x"', [("name.familyName", "x")]),
    ],
)
def test_a_filter_is_conditions_that_all_must_hold(text: str, expected: list[tuple[str, object]]) -> None:
    assert [(one.name, one.value) for one in read_filter(text)] == expected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "eq"),
        ("userName", "eq"),
        ('userName eq "\\ud800"', "not written as in JSON"),
        ('userName co "a"', "operator co"),
        ("userName eq ada", "eq"),
        ('userName eq "a" or id eq "b"', "joined by and"),
        ('(userName eq "a")', "eq"),
        ('not userName eq "a"', "eq"),
        ('userName eq "a" and', "joined by and"),
        ('userName eq "a" and ', "eq"),
        ('userName eq "a"and id eq "b', "eq"),
        ('userName eq "\\x"', "as in JSON"),
        (" and ".join(['id eq "1"'] * 11), "10 at most"),
        ('id eq "' + "x" * MAX_LENGTH + '"', "characters"),
        ('userName eq "a"; drop table', "joined by and"),
    ],
)
def test_another_filter_is_refused_in_the_words_of_the_rfc(text: str, said: str) -> None:
    with pytest.raises(ScimError, match=said) as raised:
        read_filter(text)
    assert (raised.value.status, raised.value.scim_type) == (400, "invalidFilter")


def test_paths() -> None:
    assert read_path("active") == Path(name="active")
    assert read_path(" name.familyName ") == Path(name="name", sub="familyName")
    work = (Condition(name="type", value="work"),)
    assert read_path('emails[type eq "work"].value') == Path(name="emails", conditions=work, sub="value")
    both = Path(name="members", conditions=(Condition(name="value", value="a]b"), Condition(name="type", value="User")))
    assert read_path('members[value eq "a]b" and type eq "User"]') == both


@pytest.mark.parametrize("text", ["", "a b", "members[", "members[]", "members[value]", "a.b.c", ".a", "é", "a" * 3000])
def test_what_is_no_path_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ScimError) as raised:
        read_path(text)
    assert raised.value.scim_type == "invalidPath"
