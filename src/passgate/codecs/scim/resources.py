"""Users and groups as JSON, both ways."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic

from passgate.codecs.scim.problem import invalid_syntax, invalid_value
from passgate.codecs.scim.schema import GROUP, USER, Attribute, Document, Json, Schema
from passgate.core.directory import Content, Email, Entry, Group, User

MAX_TEXT = 1000
MAX_EMAILS = 20
MAX_MEMBERS = 50_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind(Generic[Content]):
    """One kind of resource: its schema, how it is read (over what it was, if it was there; raises ScimError) and how written."""

    schema: Schema
    read: Callable[[Document, Content | None], Content]
    write: Callable[[Content], dict[str, Json]]


def read_user(document: Document, old: User | None = None) -> User:
    """Who was inactive stays it until somebody says otherwise. Raises ScimError."""
    said = _Said.of(document, USER)
    name = _Said.inner(said.get("name"), USER, "name")
    return User(
        user_name=said.text("userName"),
        active=said.truth("active", default=old is None or old.active),
        external_id=said.text("externalId"),
        display_name=said.text("displayName"),
        formatted=name.text("formatted"),
        given_name=name.text("givenName"),
        family_name=name.text("familyName"),
        emails=tuple(_email(item) for item in said.several("emails", MAX_EMAILS)),
    )


def write_user(user: User) -> dict[str, Json]:
    name: dict[str, Json] = {
        key: value
        for key, value in (
            ("formatted", user.formatted),
            ("givenName", user.given_name),
            ("familyName", user.family_name),
        )
        if value
    }
    emails: list[Json] = [
        {"value": one.value, **({"type": one.type} if one.type else {}), "primary": one.primary} for one in user.emails
    ]
    written: dict[str, Json] = {
        "userName": user.user_name,
        "externalId": user.external_id,
        "displayName": user.display_name,
        "name": name,
        "emails": emails,
    }
    return {**{key: value for key, value in written.items() if value}, "active": user.active}


def read_group(document: Document, _old: Group | None = None) -> Group:
    """Raises ScimError."""
    said = _Said.of(document, GROUP)
    members = said.several("members", MAX_MEMBERS)
    return Group(
        display_name=said.text("displayName"),
        external_id=said.text("externalId"),
        members=frozenset(_Said.inner(item, GROUP, "members").text("value") for item in members),
    )


def write_group(group: Group) -> dict[str, Json]:
    members: list[Json] = [{"value": member, "type": "User"} for member in sorted(group.members)]
    external: dict[str, Json] = {"externalId": group.external_id} if group.external_id else {}
    return {"displayName": group.display_name, **external, "members": members}


USERS: Kind[User] = Kind(schema=USER, read=read_user, write=write_user)
GROUPS: Kind[Group] = Kind(schema=GROUP, read=read_group, write=write_group)


def version_of(entry: Entry[Content]) -> str:
    """A weak entity tag (RFC 7644, section 3.14)."""
    return f'W/"{entry.version}"'


def written(entry: Entry[Content], kind: Kind[Content], base: str) -> dict[str, Json]:
    """As a client sees it (section 3.1 of RFC 7643). ``base``: the URL of ``/scim/v2``."""
    return {
        "schemas": [kind.schema.urn],
        "id": entry.id,
        **kind.write(entry.content),
        "meta": {
            "resourceType": kind.schema.name,
            "created": entry.created.isoformat(timespec="milliseconds"),
            "lastModified": entry.modified.isoformat(timespec="milliseconds"),
            "location": location(entry, kind, base),
            "version": version_of(entry),
        },
    }


def location(entry: Entry[Content], kind: Kind[Content], base: str) -> str:
    return f"{base}{kind.schema.endpoint}/{entry.id}"


def read_resource(body: Document, kind: Kind[Content], old: Content | None) -> Content:
    """Of a POST (``old`` None) or a PUT. Raises ScimError."""
    schemas = body.get("schemas")
    if not isinstance(schemas, list) or kind.schema.urn not in schemas:
        raise invalid_syntax(f"schemas must name {kind.schema.urn}")
    for name in body:
        kind.schema.find(kind.schema.local(name))
    return kind.read(body, old)


def once(values: Document, *, given: int | None = None) -> Document:
    """By name in small letters. ``active`` beside ``Active`` could be read either way, and one of them lets somebody in.

    ``given``: how many there were before names were shortened. Raises ScimError.
    """
    found = {name.lower(): value for name, value in values.items()}
    if len(found) < (len(values) if given is None else given):
        raise invalid_syntax("an attribute is given twice: names are the same in capitals")
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """One object of a request. Names are the same in capitals (RFC 7643, section 2.1); null is as good as nothing (section 2.5)."""

    values: Mapping[str, Json]
    attributes: Mapping[str, Attribute]
    where: str = ""

    @classmethod
    def of(cls, document: Document, schema: Schema) -> "_Said":
        values = once({schema.local(name): value for name, value in document.items()}, given=len(document))
        return cls(values=values, attributes={one.name: one for one in schema.attributes})

    @classmethod
    def inner(cls, value: Json, schema: Schema, name: str) -> "_Said":
        attribute = schema.find(name)
        parts = () if attribute is None else attribute.inner
        if value is not None and not isinstance(value, dict):
            raise invalid_value(f"{name} is an object")
        values = once(value or {})
        return cls(values=values, attributes={one.name: one for one in parts}, where=f"{name}.")

    def get(self, name: str) -> Json:
        return self.values.get(name.lower())

    def text(self, name: str) -> str:
        """Empty where it is not given. Raises ScimError."""
        value = self.get(name)
        if value is None:
            value = ""
        if not isinstance(value, str):
            raise invalid_value(f"{self.where}{name} is a text")
        if len(value) > MAX_TEXT or "\0" in value:
            raise invalid_value(f"{self.where}{name} has at most {MAX_TEXT} characters, and none is zero")
        if not value.strip() and self.attributes[name].required:
            raise invalid_value(f"{self.where}{name} is required")
        return value

    def truth(self, name: str, *, default: bool) -> bool:
        """Entra ID writes it as a text: ``"False"``. Raises ScimError."""
        value = self.get(name)
        if value is None:
            return default
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise invalid_value(f"{self.where}{name} is true or false")
        return value

    def several(self, name: str, most: int) -> Sequence[Json]:
        """Raises ScimError."""
        value = self.get(name)
        if value is None:
            return ()
        if not isinstance(value, list):
            raise invalid_value(f"{self.where}{name} is a list")
        if len(value) > most:
            raise invalid_value(f"{self.where}{name} has at most {most} values")
        return value


def _email(item: Json) -> Email:
    said = _Said.inner(item, USER, "emails")
    return Email(value=said.text("value"), type=said.text("type"), primary=said.truth("primary", default=False))
