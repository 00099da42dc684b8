"""Identity as it is wired: providers, grants, agents, and the endpoint where tokens become passes."""

from passgate.config import identity as configured
from passgate.config.settings import Settings
from passgate.core.errors import ConfigError
from passgate.core.principal import PrincipalKind
from passgate.endpoints.tokens import TokenEndpoint
from passgate.identity.admission import Admission
from passgate.identity.exchange import TokenExchange, Trusted
from passgate.identity.grants import Agent, Grant
from passgate.identity.login_limiter import LoginLimiter
from passgate.identity.oidc.fetching import HttpsFetch
from passgate.identity.oidc.keys import IssuerKeys
from passgate.identity.oidc.provider import Provider
from passgate.identity.oidc.token import Verifier
from passgate.identity.registry import PassRegistry
from passgate.identity.request import IssuingRules
from passgate.pipeline.exchange import SignIn
from passgate.pipeline.protocols import Recorder
from passgate.store.spent_tokens import SpentTokenStore
from passgate.store.sqlite import SqliteDatabase


def token_endpoint(
    settings: Settings,
    *,
    registry: PassRegistry,
    database: SqliteDatabase,
    recorder: Recorder,
    admission: Admission,
) -> TokenEndpoint | None:
    """None without a provider. ``admission``: who has a say beside the tokens. Raises ConfigError."""
    identity = settings.identity
    if not identity.providers:
        return None
    exchange = TokenExchange(
        trusted={one.issuer: _trusted(name, one) for name, one in identity.providers.items()},
        grants=[grant(one) for one in identity.grants],
        agents={name: _agent(name, agent) for name, agent in identity.agents.items()},
        registry=registry,
        rules=IssuingRules(
            resources=frozenset(settings.resources),
            models=frozenset(settings.llm_resources),
            default_ttl=settings.passes.default_ttl,
            max_ttl=settings.passes.max_ttl,
        ),
        spent=SpentTokenStore(database),
        admission=admission,
    )
    sign_in = [
        SignIn(name=name, issuer=one.issuer, client_id=one.sign_in.client_id, scopes=one.sign_in.scopes)
        for name, one in identity.providers.items()
        if one.sign_in is not None
    ]
    return TokenEndpoint(
        exchange=exchange,
        sign_in=sign_in,
        attempts=LoginLimiter(),
        recorder=recorder,
        recheck=any(one.recheck is not None for one in identity.providers.values()),
    )


def _trusted(name: str, one: configured.Provider) -> Trusted:
    return Trusted(verifier=verifier(name, one), single_use=one.single_use)


def fetch(name: str, one: configured.Provider) -> HttpsFetch:
    """Raises ConfigError."""
    try:
        return HttpsFetch(ca=one.ca)
    except OSError as error:
        raise ConfigError(f"identity.providers.{name}.ca: {one.ca} is not usable: {error}") from error


def verifier(name: str, one: configured.Provider) -> Verifier:
    """Raises ConfigError."""
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
    return Verifier(provider, IssuerKeys(one.issuer, fetch(name, one)))


def grant(one: configured.Grant) -> Grant:
    return Grant(
        provider=one.provider,
        resources=frozenset(one.resources),
        verbs=configured.verbs(one.verbs),
        max_ttl=one.max_ttl,
        groups=frozenset(one.groups),
        claims=dict(one.claims),
        ticket=one.ticket,
    )


def _agent(name: str, agent: configured.Agent) -> Agent:
    return Agent(
        name=name,
        purpose=agent.purpose,
        resources=frozenset(agent.resources),
        verbs=configured.verbs(agent.verbs),
        until=agent.ends,
    )
