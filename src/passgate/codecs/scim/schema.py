"""The attributes that are kept, in one table: requests are read, patched and filtered by it, and /Schemas shows it.

Less is kept than directories send: a gate needs to know a person again, not where they live.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from passgate.codecs.scim.problem import invalid_path

USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """``kind``: a type of RFC 7643, section 2.3. ``inner``: sub-attributes of a complex one."""

    name: str
    kind: str = "string"
    multi: bool = False
    required: bool = False
    case_exact: bool = False
    unique: bool = False
    inner: tuple["Attribute", ...] = ()

    def sub(self, name: str) -> "Attribute | None":
        return next((one for one in self.inner if one.name.lower() == name.lower()), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """``elsewhere``: what RFC 7643 knows besides; it is taken and not kept."""

    urn: str
    name: str
    endpoint: str
    attributes: tuple[Attribute, ...]
    elsewhere: frozenset[str] = field(default=frozenset())

    def find(self, name: str) -> Attribute | None:
        """None: it is not kept. Raises ScimError for what nobody knows."""
        lowered = name.lower()
        for attribute in self.attributes:
            if attribute.name.lower() == lowered:
                return attribute
        if lowered in self.elsewhere or lowered.startswith("urn:"):
            return None
        raise invalid_path(f"a {self.name} has no attribute {name[:60]!r}")

    def local(self, path: str) -> str:
        """Without this schema's own name in front of it (section 3.10 of RFC 7644)."""
        prefix = self.urn.lower() + ":"
        return path[len(prefix) :] if path.lower().startswith(prefix) else path


_COMMON = frozenset({"id", "schemas", "meta"})
"""The gate's own to say: whoever sends them is not answered with an error, and changes nothing."""

_SHARED = (Attribute(name="externalId", case_exact=True),)

USER = Schema(
    urn=USER_SCHEMA,
    name="User",
    endpoint="/Users",
    attributes=(
        Attribute(name="userName", required=True, unique=True),
        Attribute(name="displayName"),
        Attribute(name="active", kind="boolean"),
        Attribute(
            name="name",
            kind="complex",
            inner=(Attribute(name="formatted"), Attribute(name="givenName"), Attribute(name="familyName")),
        ),
        Attribute(
            name="emails",
            kind="complex",
            multi=True,
            inner=(
                Attribute(name="value", required=True),
                Attribute(name="type"),
                Attribute(name="primary", kind="boolean"),
            ),
        ),
        *_SHARED,
    ),
    elsewhere=_COMMON
    | {
        name.lower()
        for name in (
            *("nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale", "timezone", "password"),
            *("phoneNumbers", "ims", "photos", "addresses", "groups", "entitlements", "roles", "x509Certificates"),
        )
    },
)

GROUP = Schema(
    urn=GROUP_SCHEMA,
    name="Group",
    endpoint="/Groups",
    attributes=(
        Attribute(name="displayName", required=True, unique=True),
        Attribute(
            name="members",
            kind="complex",
            multi=True,
            inner=(Attribute(name="value", required=True, case_exact=True), Attribute(name="type")),
        ),
        *_SHARED,
    ),
    elsewhere=_COMMON,
)

SCHEMAS: Sequence[Schema] = (USER, GROUP)

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]
Document = Mapping[str, Json]
