"""Users and groups as JSON."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.scim.problem import ScimError
from passgate.codecs.scim.resources import (
    GROUPS,
    MAX_TEXT,
    USERS,
    read_group,
    read_resource,
    read_user,
    write_group,
    write_user,
    written,
)
from passgate.codecs.scim.schema import GROUP, USER, USER_SCHEMA, Json
from passgate.core.directory import Email, Entry, Group, User

texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
names = texts.filter(lambda text: text.strip() != "")
users = st.builds(
    User,
    user_name=names,
    active=st.booleans(),
    external_id=texts,
    display_name=texts,
    formatted=texts,
    given_name=texts,
    family_name=texts,
    emails=st.lists(st.builds(Email, value=names, type=texts, primary=st.booleans()), max_size=3).map(tuple),
)
groups = st.builds(Group, display_name=names, external_id=texts, members=st.frozensets(names, max_size=5))


@given(users)
def test_a_user_comes_back(user: User) -> None:
    assert read_user(write_user(user)) == user


@given(groups)
def test_a_group_comes_back(group: Group) -> None:
    assert read_group(write_group(group)) == group


def test_a_user_as_okta_creates_one() -> None:
    body: dict[str, Any] = {
        "schemas": [USER.urn],
        "userName": "ada@example.com",
        "name": {"givenName": "Ada", "familyName": "Byron"},
        "emails": [{"primary": True, "value": "ada@example.com", "type": "work"}],
        "displayName": "Ada Byron",
        "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7",
        "groups": [],
        "password": "1mz050nq",
        "active": True,
    }
    user = read_resource(body, USERS, None)
    assert (user.user_name, user.external_id, user.email) == ("ada@example.com", "00ujl29u0le5T6Aj10h7", user.user_name)
    assert "1mz050nq" not in repr(user)


def test_a_user_as_entra_creates_one() -> None:
    body: dict[str, Any] = {
        "schemas": [USER.urn, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        "userName": "bea@example.com",
        "active": "True",
        "emails": [{"primary": "true", "type": "work", "value": "bea@example.com"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "Bea B", "familyName": "B", "givenName": None},
        "roles": [],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "R"},
    }
    user = read_resource(body, USERS, None)
    assert (user.active, user.formatted, user.given_name, user.emails[0].primary) == (True, "Bea B", "", True)


def test_who_was_inactive_stays_it_until_somebody_says_otherwise() -> None:
    left = User(user_name="ada", active=False)
    assert not read_user({"userName": "ada"}, left).active
    assert not read_user({"userName": "ada", "active": None}, left).active
    assert read_user({"userName": "ada", "active": "true"}, left).active
    assert read_user({"userName": "ada"}).active


@pytest.mark.parametrize(
    ("body", "scim_type"),
    [
        ({"schemas": []}, "invalidSyntax"),
        ({"schemas": "x"}, "invalidSyntax"),
        ({"shoeSize": 44}, "invalidPath"),
        ({"userName": None}, "invalidValue"),
        ({"userName": "  "}, "invalidValue"),
        ({"userName": 3}, "invalidValue"),
        ({"userName": "x" * (MAX_TEXT + 1)}, "invalidValue"),
        ({"userName": "x\0y"}, "invalidValue"),
        ({"active": "yes"}, "invalidValue"),
        ({"active": 1}, "invalidValue"),
        ({"name": "Ada"}, "invalidValue"),
        ({"emails": "a@b"}, "invalidValue"),
        ({"emails": ["a@b"]}, "invalidValue"),
        ({"emails": [{"type": "work"}]}, "invalidValue"),
        ({"emails": [{"value": "a@b"}] * 21}, "invalidValue"),
    ],
)
def test_a_wrong_user_is_refused_in_the_words_of_the_rfc(body: dict[str, Any], scim_type: str) -> None:
    with pytest.raises(ScimError) as raised:
        read_resource({"schemas": [USER.urn], "userName": "ada", **body}, USERS, None)
    assert (raised.value.status, raised.value.scim_type) == (400, scim_type)


def test_names_are_the_same_in_capitals() -> None:
    user = read_user({"USERNAME": "ada", f"{USER.urn}:displayName": "A", "NAME": {"FamilyName": "B"}})
    assert (user.user_name, user.display_name, user.family_name) == ("ada", "A", "B")


def test_an_entry_as_a_client_sees_it() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
    entry = Entry(
        id="g1", content=Group(display_name="eng", members=frozenset({"u1"})), created=at, modified=at, version=3
    )
    assert written(entry, GROUPS, "https://gate/scim/v2") == {
        "schemas": [GROUP.urn],
        "id": "g1",
        "displayName": "eng",
        "members": [{"value": "u1", "type": "User"}],
        "meta": {
            "resourceType": "Group",
            "created": "2026-01-02T03:04:05.678+00:00",
            "lastModified": "2026-01-02T03:04:05.678+00:00",
            "location": "https://gate/scim/v2/Groups/g1",
            "version": 'W/"3"',
        },
    }


def test_the_address_of_a_user_is_the_primary_one() -> None:
    user = User(user_name="a", emails=(Email(value="1"), Email(value="2", primary=True)))
    assert user.email == "2"
    assert replace(user, emails=user.emails[:1]).email == "1"
    assert replace(user, emails=()).email == ""


@pytest.mark.parametrize(
    "more",
    [
        {"active": False, "Active": True},
        {"userName": "a", f"{USER_SCHEMA}:userName": "b"},
        {"name": {"givenName": "a", "GIVENNAME": "b"}},
        {"emails": [{"value": "a", "VALUE": "b"}]},
    ],
)
def test_what_is_said_twice_is_not_said(more: dict[str, Json]) -> None:
    """Which of the two counts would be a matter of order, and the directory's logs may show the other."""
    document: dict[str, Json] = {"schemas": [USER_SCHEMA], "userName": "ada", **more}
    with pytest.raises(ScimError, match="given twice"):
        read_resource(document, USERS, None)
