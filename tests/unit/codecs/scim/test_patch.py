"""PATCH, with operations as Okta's and Entra ID's public documentation has them; names and ids are invented."""

import copy
from typing import Any

import pytest

from passgate.codecs.scim.patch import MAX_OPERATIONS, PATCH_SCHEMA, patched, read_operations
from passgate.codecs.scim.problem import ScimError
from passgate.codecs.scim.schema import GROUP, USER, Schema

ADA: dict[str, Any] = {
    "userName": "ada@example.com",
    "active": True,
    "name": {"givenName": "Ada", "familyName": "Byron"},
    "emails": [{"value": "ada@example.com", "type": "work", "primary": True}, {"value": "a@home", "type": "home"}],
}
ENGINEERS: dict[str, Any] = {"displayName": "engineers", "members": [{"value": "u1"}, {"value": "u2"}]}


def apply(document: dict[str, Any], *operations: Any, schema: Schema = USER) -> dict[str, Any]:
    before = copy.deepcopy(document)
    body = {"schemas": [PATCH_SCHEMA], "Operations": list(operations)}
    result = patched(document, read_operations(body), schema)
    assert document == before
    return dict(result)


def of_group(*operations: Any) -> dict[str, Any]:
    return apply(ENGINEERS, *operations, schema=GROUP)


def members(group: dict[str, Any]) -> list[str]:
    return [member["value"] for member in group["members"]]


def test_okta_deactivates_without_a_path() -> None:
    assert apply(ADA, {"op": "replace", "value": {"active": False}})["active"] is False


def test_entra_deactivates_in_capitals_by_a_text() -> None:
    assert apply(ADA, {"op": "Replace", "path": "active", "value": "False"})["active"] == "False"


def test_entra_changes_several_things_at_once() -> None:
    changed = apply(
        ADA,
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "ada@new.example"},
        {"op": "Replace", "path": "name.familyName", "value": "Lovelace"},
        {"op": "Add", "path": f"{USER.urn}:displayName", "value": "Ada L"},
        {"op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department", "value": "R"},
        {"op": "Replace", "path": 'phoneNumbers[type eq "work"].value', "value": "+1"},
    )
    assert changed["emails"][1] == {"value": "ada@new.example", "type": "work", "primary": True}
    assert changed["name"] == {"givenName": "Ada", "familyName": "Lovelace"}
    assert changed["displayName"] == "Ada L"
    assert set(changed) == {"userName", "active", "name", "emails", "displayName"}


def test_entra_names_paths_as_keys_of_a_value() -> None:
    value = {
        "displayName": "A",
        "name.givenName": "Augusta",
        'emails[type eq "other"].value': "other@example.com",
        "active": False,
    }
    changed = apply(ADA, {"op": "replace", "value": value})
    assert (changed["displayName"], changed["name"]["givenName"], changed["active"]) == ("A", "Augusta", False)
    assert changed["emails"][-1] == {"type": "other", "value": "other@example.com"}


def test_members_join_and_leave_as_okta_says_it() -> None:
    assert members(of_group({"op": "add", "path": "members", "value": [{"value": "u3", "display": "C"}]})) == [
        "u1",
        "u2",
        "u3",
    ]
    assert members(of_group({"op": "remove", "path": 'members[value eq "u1"]'})) == ["u2"]
    assert members(of_group({"op": "replace", "path": "members", "value": [{"value": "u9"}]})) == ["u9"]
    renamed = of_group({"op": "replace", "value": {"id": "g1", "displayName": "builders"}})
    assert (renamed["displayName"], members(renamed), "id" in renamed) == ("builders", ["u1", "u2"], False)


def test_members_join_and_leave_as_entra_says_it() -> None:
    assert members(of_group({"op": "Add", "path": "members", "value": [{"$ref": None, "value": "u3"}]})) == [
        "u1",
        "u2",
        "u3",
    ]
    assert members(of_group({"op": "Remove", "path": "members", "value": [{"$ref": None, "value": "u1"}]})) == ["u2"]
    assert members(of_group({"op": "Add", "path": "members", "value": [{"value": "u1"}]})) == ["u2", "u1"]
    assert members(of_group({"op": "remove", "path": "members"})) == []
    assert members(of_group({"op": "remove", "path": 'members[value eq "U1"]'})) == ["u1", "u2"]  # ids are exact


def test_values_among_several() -> None:
    assert apply(ADA, {"op": "remove", "path": 'emails[type eq "HOME"]'})["emails"] == ADA["emails"][:1]
    assert apply(ADA, {"op": "remove", "path": 'emails[type eq "home"].type'})["emails"][1] == {"value": "a@home"}
    replaced = apply(ADA, {"op": "replace", "path": 'emails[type eq "home"]', "value": {"value": "b@home"}})
    assert replaced["emails"][1] == {"value": "b@home", "type": "home"}
    assert apply(ADA, {"op": "remove", "path": "displayName"}) == ADA
    assert apply(ADA, {"op": "remove", "path": "name"})["name"] == {}
    assert apply(ADA, {"op": "remove", "path": "name.givenName"})["name"] == {"familyName": "Byron"}
    assert apply(ADA, {"op": "replace", "path": "name", "value": {"formatted": "A"}})["name"] == {"formatted": "A"}
    assert apply(ADA, {"op": "add", "path": "name", "value": {"formatted": "A"}})["name"]["givenName"] == "Ada"
    assert apply(ADA, {"op": "add", "path": "name.honorificPrefix", "value": "Countess"}) == ADA
    odd = {"emails": ["a", {"value": "b"}]}
    assert apply(odd, {"op": "remove", "path": 'emails[value eq "b"]'})["emails"] == ["a"]


@pytest.mark.parametrize(
    ("operation", "scim_type"),
    [
        ({"op": "move", "path": "active", "value": 1}, "invalidSyntax"),
        ({"path": "active", "value": 1}, "invalidSyntax"),
        ("remove", "invalidSyntax"),
        ({"op": "replace", "path": 3, "value": 1}, "invalidPath"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "replace", "path": "active"}, "invalidValue"),
        ({"op": "replace", "value": "x"}, "invalidValue"),
        ({"op": "replace", "path": "shoeSize", "value": 44}, "invalidPath"),
        ({"op": "replace", "path": "active.value", "value": True}, "invalidPath"),
        ({"op": "replace", "path": 'userName[type eq "a"]', "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": "emails.value", "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": 'emails[size eq "a"].value', "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": 'emails[type co "a"].value', "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": 'emails[type eq "work"]', "value": "x"}, "invalidValue"),
        ({"op": "add", "path": "emails", "value": ["x"]}, "invalidValue"),
        ({"op": "add", "path": "name", "value": "x"}, "invalidValue"),
    ],
)
def test_what_cannot_be_done_is_said_in_the_words_of_the_rfc(operation: Any, scim_type: str) -> None:
    with pytest.raises(ScimError) as raised:
        apply(ADA, operation)
    assert (raised.value.status, raised.value.scim_type) == (400, scim_type)


def test_names_are_the_same_in_capitals() -> None:
    changed = apply(
        ADA,
        {"op": "add", "path": "name", "value": {"GIVENNAME": "Augusta"}},
        {"op": "replace", "path": 'EMAILS[TYPE eq "work"]', "value": {"VALUE": "b@example.com"}},
        {"op": "add", "path": 'emails[TYPE eq "other"].VALUE', "value": "c@example.com"},
    )
    assert changed["name"] == {"givenName": "Augusta", "familyName": "Byron"}
    assert {"value": "b@example.com", "type": "work", "primary": True} in changed["emails"]
    assert {"value": "c@example.com", "type": "other"} in changed["emails"]


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "value": {"active": False, "Active": True}},
        {"op": "replace", "value": {"active": False, f"{USER.urn}:active": True}},
        {"op": "replace", "path": "name", "value": {"givenName": "a", "GIVENNAME": "b"}},
        {"op": "replace", "path": 'emails[type eq "work"]', "value": {"value": "a", "VALUE": "b"}},
    ],
)
def test_what_is_said_twice_is_not_said(operation: Any) -> None:
    with pytest.raises(ScimError, match="given twice"):
        apply(ADA, operation)


def test_a_body_that_is_no_patch() -> None:
    for body in ({}, {"schemas": [PATCH_SCHEMA]}, {"schemas": [PATCH_SCHEMA], "Operations": []}):
        with pytest.raises(ScimError) as raised:
            read_operations(body)  # type: ignore[arg-type]
        assert raised.value.scim_type == "invalidSyntax"
    many = [{"op": "remove", "path": "name"}] * (MAX_OPERATIONS + 1)
    with pytest.raises(ScimError) as raised:
        read_operations({"schemas": [PATCH_SCHEMA], "operations": many})  # type: ignore[dict-item]
    assert raised.value.status == 413
