"""Whose word counts for who somebody is, and what they may ask for."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from passgate.config.kinds import Duration, FilePath, Name, Text, not_empty
from passgate.config.people import Directory, Recheck
from passgate.config.section import Section
from passgate.core.action import VerbClass

Verb = Literal["read", "write", "ddl", "admin", "code", "egress"]
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]

_MOST_LEEWAY = timedelta(minutes=5)
_LOOPBACK = ("http://localhost", "http://127.0.0.1", "http://[::1]")


def _issuer(value: str) -> str:
    if not value.startswith(("https://", *_LOOPBACK)):
        raise ValueError("an issuer is an https URL, exactly as its tokens say it")
    return value


class SignIn(Section):
    """How people sign in there from the command line: a public client with the device flow (RFC 8628)."""

    client_id: Text
    scopes: tuple[Text, ...] = ("openid", "email", "groups")


class Provider(Section):
    """One OpenID Connect issuer: a company's provider, or the issuer of workloads' tokens."""

    issuer: Annotated[Text, AfterValidator(_issuer)]
    audience: Annotated[tuple[Text, ...], AfterValidator(not_empty)]
    ca: FilePath | None = None
    kind: Literal["human", "agent", "service"] = "human"
    subject: Text = "email"
    groups: Text = "groups"
    owner: Text | None = None
    claims: Mapping[Text, Text] = Field(default_factory=dict)
    algorithms: Annotated[tuple[Algorithm, ...], AfterValidator(not_empty)] = ("RS256", "ES256")
    leeway: Duration = timedelta(seconds=30)
    max_age: Duration = timedelta(hours=1)
    single_use: bool = True
    sign_in: SignIn | None = None
    recheck: Recheck | None = None

    @model_validator(mode="after")
    def _fits(self) -> "Provider":
        if self.leeway > _MOST_LEEWAY:
            raise ValueError("leeway is for clocks that are a little off: 5m at most")
        if self.recheck is not None and self.sign_in is None:
            raise ValueError("recheck asks as the client of sign_in, and there is no sign_in")
        if (self.kind == "agent") != (self.owner is not None):
            raise ValueError("an agent's tokens need an owner, the human that it acts for, and nobody else's have one")
        return self


class Grant(Section):
    """Who may ask for passes, on what, for how long."""

    provider: Name
    resources: Annotated[tuple[Name, ...], AfterValidator(not_empty)]
    verbs: Annotated[tuple[Verb, ...], AfterValidator(not_empty)] = ("read",)
    groups: tuple[Text, ...] = ()
    claims: Mapping[Text, Text] = Field(default_factory=dict)
    max_ttl: Duration = timedelta(hours=1)
    ticket: bool = False


class Agent(Section):
    """A registered agent: what it may ever be given, until when."""

    purpose: Text
    resources: Annotated[tuple[Name, ...], AfterValidator(not_empty)]
    verbs: Annotated[tuple[Verb, ...], AfterValidator(not_empty)] = ("read",)
    until: Text

    @field_validator("until", mode="after")
    @classmethod
    def _is_date(cls, value: str) -> str:
        try:
            datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
        except ValueError:
            raise ValueError("until is a date in quotes, as in '2027-06-30': no agent is registered for ever") from None
        return value

    @property
    def ends(self) -> datetime:
        """The end of that day in UTC."""
        return datetime.strptime(self.until, "%Y-%m-%d").replace(tzinfo=UTC) + timedelta(days=1)


class Identity(Section):
    """Without a provider passes are issued by operators only."""

    providers: Mapping[Name, Provider] = Field(default_factory=dict)
    grants: tuple[Grant, ...] = ()
    agents: Mapping[Name, Agent] = Field(default_factory=dict)
    directory: Directory | None = None

    @model_validator(mode="after")
    def _known(self) -> "Identity":
        unknown = sorted({grant.provider for grant in self.grants} - set(self.providers))
        if unknown:
            raise ValueError(f"a grant names the provider {unknown[0]!r}, which is not among providers")
        issuers = [provider.issuer for provider in self.providers.values()]
        if len(set(issuers)) < len(issuers):
            raise ValueError("two providers have the same issuer")
        if self.directory is not None and self.directory.provider not in self.providers:
            raise ValueError(f"directory names the provider {self.directory.provider!r}, which is not among providers")
        return self


def verbs(words: tuple[Verb, ...]) -> frozenset[VerbClass]:
    return frozenset(VerbClass(word) for word in words)
