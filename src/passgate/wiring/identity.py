"""Identity as it is wired: providers, grants, agents."""

from passgate.config import identity as configured
from passgate.config.settings import Settings
from passgate.core.errors import ConfigError
from passgate.core.principal import PrincipalKind
from passgate.identity.exchange import TokenExchange, Trusted
from passgate.identity.grants import Agent, Grant
from passgate.identity.oidc.fetching import HttpsFetch
from passgate.identity.oidc.keys import IssuerKeys
from passgate.identity.oidc.provider import Provider
from passgate.identity.oidc.token import Verifier
from passgate.identity.registry import PassRegistry
from passgate.identity.request import IssuingRules
from passgate.pipeline.exchange import SignIn
from passgate.store.spent_tokens import SpentTokenStore
from passgate.store.sqlite import SqliteDatabase


def token_exchange(settings: Settings, *, registry: PassRegistry, database: SqliteDatabase) -> TokenExchange:
    """Raises ConfigError."""
    identity = settings.identity
    return TokenExchange(
        trusted={one.issuer: _trusted(name, one) for name, one in identity.providers.items()},
        grants=[_grant(grant) for grant in identity.grants],
        agents={name: _agent(name, agent) for name, agent in identity.agents.items()},
        registry=registry,
        rules=IssuingRules(
            resources=frozenset(settings.resources),
            models=frozenset(settings.llm_resources),
            default_ttl=settings.passes.default_ttl,
            max_ttl=settings.passes.max_ttl,
        ),
        spent=SpentTokenStore(database),
    )


def sign_ins(settings: Settings) -> list[SignIn]:
    return [
        SignIn(name=name, issuer=one.issuer, client_id=one.sign_in.client_id, scopes=one.sign_in.scopes)
        for name, one in settings.identity.providers.items()
        if one.sign_in is not None
    ]


def _trusted(name: str, one: configured.Provider) -> Trusted:
    try:
        fetch = HttpsFetch(ca=one.ca)
    except OSError as error:
        raise ConfigError(f"identity.providers.{name}.ca: {one.ca} is not usable: {error}") from error
    provider = Provider(
        name=name,
        issuer=one.issuer,
        audiences=frozenset(one.audience),
        kind=PrincipalKind(one.kind),
        subject=one.subject,
        groups=one.groups,
        owner=one.owner or "",
        claims=dict(one.claims),
        algorithms=frozenset(one.algorithms),
        leeway=one.leeway,
        max_age=one.max_age,
    )
    return Trusted(verifier=Verifier(provider, IssuerKeys(one.issuer, fetch)), single_use=one.single_use)


def _grant(grant: configured.Grant) -> Grant:
    return Grant(
        provider=grant.provider,
        resources=frozenset(grant.resources),
        verbs=configured.verbs(grant.verbs),
        max_ttl=grant.max_ttl,
        groups=frozenset(grant.groups),
        claims=dict(grant.claims),
        ticket=grant.ticket,
    )


def _agent(name: str, agent: configured.Agent) -> Agent:
    return Agent(
        name=name,
        purpose=agent.purpose,
        resources=frozenset(agent.resources),
        verbs=configured.verbs(agent.verbs),
        until=agent.ends,
    )
