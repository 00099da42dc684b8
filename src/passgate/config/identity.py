"""Whose word counts for who somebody is, and what they may ask for."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, field_validator, model_validator

from passgate.config.issuer import Issuer
from passgate.config.kinds import Duration, FilePath, Name, Text, not_empty
from passgate.config.section import Section
from passgate.core.action import VerbClass

Verb = Literal["read", "write", "ddl", "admin", "code", "egress"]
Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]

AGENTS = "agents"
"""As the provider of a grant: the agents that sign in with keys of their own."""

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

    @model_validator(mode="after")
    def _fits(self) -> "Provider":
        if self.leeway > _MOST_LEEWAY:
            raise ValueError("leeway is for clocks that are a little off: 5m at most")
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
    owner: Text | None = None
    keys: FilePath | None = None
    jwk: Mapping[Text, Text] | None = None

    @model_validator(mode="after")
    def _keyed(self) -> "Agent":
        if self.keys is not None and self.jwk is not None:
            raise ValueError("keys is a file with a key set, jwk one key right here: set one of them")
        if (self.keyed or self.owner is not None) and not (self.keyed and self.owner is not None):
            raise ValueError(
                "an agent with a key of its own needs an owner, the human that it acts for, and no other has one"
            )
        if self.jwk is not None and (self.jwk.get("kty") == "oct" or self.jwk.keys() & {"d", "k", "p", "q"}):
            raise ValueError("jwk is a public key: the private one stays with the agent")
        return self

    @property
    def keyed(self) -> bool:
        """Whether it signs in with a key of its own."""
        return self.keys is not None or self.jwk is not None

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
    issuer: Issuer | None = None

    @model_validator(mode="after")
    def _known(self) -> "Identity":
        if AGENTS in self.providers:
            raise ValueError(
                f"no provider can be called {AGENTS!r}: in grants that means agents with keys of their own"
            )
        unknown = sorted({grant.provider for grant in self.grants} - {*self.providers, AGENTS})
        if unknown:
            raise ValueError(f"a grant names the provider {unknown[0]!r}, which is not among providers")
        issuers = [provider.issuer for provider in self.providers.values()]
        if len(set(issuers)) < len(issuers):
            raise ValueError("two providers have the same issuer")
        if self.issuer is not None:
            self._issuing(self.issuer)
        elif any(agent.keyed for agent in self.agents.values()):
            raise ValueError(
                "agents with keys of their own need issuer: its url is what their assertions are meant for"
            )
        return self

    def _issuing(self, issuer: Issuer) -> None:
        agents = sorted({client.agent for client in issuer.clients.values() if client.agent} - set(self.agents))
        if agents:
            raise ValueError(f"issuer.clients names the agent {agents[0]!r}, which is not among agents")
        sign_in = issuer.sign_in
        if sign_in is None:
            return
        provider = self.providers.get(sign_in.provider)
        if provider is None or provider.kind != "human":
            raise ValueError(
                f"issuer.sign_in names {sign_in.provider!r}, which is not among providers, or not one of people"
            )
        if sign_in.client_id not in provider.audience:
            raise ValueError(
                f"issuer.sign_in.client_id must be in the audience of {sign_in.provider}: its tokens are for it"
            )


def verbs(words: tuple[Verb, ...]) -> frozenset[VerbClass]:
    return frozenset(VerbClass(word) for word in words)
