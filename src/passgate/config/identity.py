"""Whose word counts for who somebody is, and what they may ask for."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator, model_validator

from passgate.config.access import AccessRule
from passgate.config.issuer import Issuer
from passgate.config.kinds import Duration, FilePath, Name, Text, not_empty
from passgate.config.people import Directory, Recheck
from passgate.config.section import Section
from passgate.core.action import VerbClass

Verb = Literal["read", "write", "ddl", "admin", "code", "egress"]
Word = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!#-\[\]-~]+$")]
"""Of those that OAuth parts by spaces and quotes (NQCHAR of RFC 6749, appendix A)."""

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]

AGENTS = "agents"
"""As the provider of a grant: the agents that sign in with keys of their own."""

MACHINE = "unix"
"""As the source of a request for access: the kernel's word."""

_MOST_LEEWAY = timedelta(minutes=5)
_LOOPBACK = ("http://localhost", "http://127.0.0.1", "http://[::1]")
_ANY_TENANT = frozenset({"common", "organizations", "consumers"})
_LOOPBACK_HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})


def _issuer(value: str) -> str:
    if not value.startswith(("https://", *_LOOPBACK)):
        raise ValueError("an issuer is an https URL, exactly as its tokens say it")
    parts = urlsplit(value)
    tenant = parts.path.split("/")[1] if parts.path else ""
    if "{" in value or (parts.hostname == "login.microsoftonline.com" and tenant in _ANY_TENANT):
        raise ValueError(
            "this issuer is a template for any tenant: name your own, with its tenant id, as its tokens say it"
        )
    return value


def _redirect_uri(value: str) -> str:
    try:
        parts = urlsplit(value)
        known = parts.scheme == "http" and parts.hostname in _LOOPBACK_HOSTS and parts.path.startswith("/")
        plain = not (parts.query or parts.fragment or parts.username or parts.password)
        parts.port  # noqa: B018 - raises ValueError for what is none
    except ValueError:
        known = plain = False
    if not known or not plain:
        raise ValueError("a redirect URI is on the person's own machine, as in http://127.0.0.1/callback")
    return value


class SignIn(Section):
    """How people sign in there from the command line: a public client with the authorization code flow (RFC 8252) or the device
    flow (RFC 8628). A redirect URI without a port stands for any."""

    client_id: Text
    scopes: tuple[Text, ...] = ("openid", "email", "groups")
    redirect_uri: Annotated[Text, AfterValidator(_redirect_uri)] = "http://127.0.0.1/callback"
    prompt: Literal["login", "consent", "select_account"] | None = None


class Provider(Section):
    """One OpenID Connect issuer: a company's provider, or the issuer of workloads' tokens."""

    issuer: Annotated[Text, AfterValidator(_issuer)]
    audience: Annotated[tuple[Text, ...], AfterValidator(not_empty)]
    ca: FilePath | None = None
    kind: Literal["human", "agent", "service"] = "human"
    subject: Text = "email"
    groups: Text = "groups"
    groups_from: Literal["token", "userinfo"] = "token"
    groups_required: bool | None = None
    acr: Text = "acr"
    require_nonce: bool = False
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
        if self.require_nonce and self.sign_in is None:
            raise ValueError("require_nonce needs sign_in: a nonce is sent by whoever has a person sign in")
        if self.recheck is not None and self.sign_in is None:
            raise ValueError("recheck asks as the client of sign_in, and there is no sign_in")
        if (self.kind == "agent") != (self.owner is not None):
            raise ValueError("an agent's tokens need an owner, the human that it acts for, and nobody else's have one")
        return self


class Grant(Section):
    """Who may ask for passes, on what, for how long, and how they must have signed in."""

    provider: Name
    resources: Annotated[tuple[Name, ...], AfterValidator(not_empty)]
    verbs: Annotated[tuple[Verb, ...], AfterValidator(not_empty)] = ("read",)
    groups: tuple[Text, ...] = ()
    claims: Mapping[Text, Text] = Field(default_factory=dict)
    max_ttl: Duration = timedelta(hours=1)
    ticket: bool = False
    acr: tuple[Word, ...] = ()
    amr: tuple[Word, ...] = ()
    max_auth_age: Duration | None = None


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
    access_rules: tuple[AccessRule, ...] = ()
    max_chain: Annotated[int, Field(ge=2, le=8)] = 4
    directory: Directory | None = None

    @model_validator(mode="after")
    def _known(self) -> "Identity":
        if AGENTS in self.providers:
            raise ValueError(
                f"no provider can be called {AGENTS!r}: in grants that means agents with keys of their own"
            )
        if MACHINE in self.providers:
            raise ValueError(
                f"no provider can be called {MACHINE!r}: in requests for access that means the users of the gate's machine"
            )
        unknown = sorted({grant.provider for grant in self.grants} - {*self.providers, AGENTS})
        if unknown:
            raise ValueError(f"a grant names the provider {unknown[0]!r}, which is not among providers")
        for name, provider in self.providers.items():
            if provider.groups_from == "userinfo" and provider.sign_in is None:
                raise ValueError(
                    f"{name}: groups_from userinfo needs sign_in: workloads have no access token to read it with"
                )
        strangers = sorted({name for rule in self.access_rules for name in rule.providers} - set(self.providers))
        if strangers:
            raise ValueError(f"an access rule names the provider {strangers[0]!r}, which is not among providers")
        names = [rule.name for rule in self.access_rules]
        if len(set(names)) < len(names):
            raise ValueError("two access rules have the same name")
        issuers = [provider.issuer for provider in self.providers.values()]
        if len(set(issuers)) < len(issuers):
            raise ValueError("two providers have the same issuer")
        if self.issuer is not None:
            self._issuing(self.issuer)
        elif any(agent.keyed for agent in self.agents.values()):
            raise ValueError(
                "agents with keys of their own need issuer: its url is what their assertions are meant for"
            )
        if self.directory is not None and self.directory.provider not in self.providers:
            raise ValueError(f"directory names the provider {self.directory.provider!r}, which is not among providers")
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
