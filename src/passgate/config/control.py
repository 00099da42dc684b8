"""Who may use the control API, and for what."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from passgate.config.kinds import Name, Text, not_empty
from passgate.config.section import Section

_LOOPBACK = ("http://localhost", "http://127.0.0.1", "http://[::1]")


def _origin(value: str) -> str:
    scheme, _, rest = value.partition("://")
    if not value.startswith(("https://", *_LOOPBACK)) or not rest or any(mark in rest for mark in "/?#@"):
        raise ValueError(f"{scheme or 'it'} must be an https origin without a path, as in https://gate.example.com")
    return value


NEEDS_ISSUER = "control needs identity.issuer: whoever calls the API shows an access token of this gate"


class Role(Section):
    """Who has it: people by subject, whatever its capitals, or by a group of theirs."""

    subjects: tuple[Text, ...] = ()
    groups: tuple[Text, ...] = ()


class Roles(Section):
    """Nobody has a role that is not given here."""

    operator: Role = Role()
    approver: Role = Role()
    auditor: Role = Role()
    user: Role = Role()


class Service(Section):
    """A workload with an identity of its own. Votes are people's."""

    roles: Annotated[tuple[Literal["operator", "auditor", "user"], ...], AfterValidator(not_empty)]


class Control(Section):
    """Tokens for it are for the audience ``<public_url>/api``. ``providers``: whose word counts for who has a role.

    Calls are counted for each worker process."""

    public_url: Annotated[Text, AfterValidator(_origin)]
    roles: Roles
    providers: tuple[Name, ...] = ()
    services: Mapping[Text, Service] = Field(default_factory=dict)
    policy_upload: bool = False
    calls_per_minute: Annotated[int, Field(ge=1, le=1_000_000)] = 300
    calls_per_minute_of_an_address: Annotated[int, Field(ge=1, le=1_000_000)] = 600

    @model_validator(mode="after")
    def _somebody(self) -> "Control":
        roles = (self.roles.operator, self.roles.approver, self.roles.auditor, self.roles.user)
        if not self.services and not any(role.subjects or role.groups for role in roles):
            raise ValueError("nobody has a role, so nobody could use it: name subjects or groups, or leave control out")
        return self

    @property
    def audience(self) -> str:
        """What access tokens for the API are for."""
        return f"{self.public_url}/api"
