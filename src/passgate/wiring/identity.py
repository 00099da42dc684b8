"""Identity as it is wired: providers, grants, agents, and the endpoint where tokens become passes."""

from passgate.config import identity as configured
from passgate.config.settings import Settings
from passgate.core.errors import ConfigError
from passgate.core.principal import PrincipalKind
from passgate.endpoints.tokens import TokenEndpoint
from passgate.identity.access_desk import AccessDesk
from passgate.identity.access_exchange import AccessExchange
from passgate.identity.exchange import TokenExchange, Trusted
from passgate.identity.grants import Grant
from passgate.identity.login_limiter import LoginLimiter
from passgate.identity.oidc.fetching import HttpsFetch
from passgate.identity.oidc.keys import IssuerKeys
from passgate.identity.oidc.provider import Provider
from passgate.identity.oidc.token import Verifier
from passgate.identity.pass_exchange import PassExchange
from passgate.identity.registry import PassRegistry
from passgate.pipeline.exchange import SignIn
from passgate.pipeline.protocols import Recorder
from passgate.store.spent_tokens import SpentTokenStore
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring.delegation import agents, delegation, issuing_rules


def token_endpoint(
    settings: Settings, *, registry: PassRegistry, database: SqliteDatabase, recorder: Recorder, access: AccessDesk
) -> TokenEndpoint | None:
    """None where there is neither a provider nor an agent. Raises ConfigError."""
    identity = settings.identity
    if not identity.providers and not identity.agents:
        return None
    tokens = TokenExchange(
        trusted={one.issuer: _trusted(name, one) for name, one in identity.providers.items()},
        grants=[_grant(grant) for grant in identity.grants],
        agents=agents(settings),
        registry=registry,
        rules=issuing_rules(settings),
        spent=SpentTokenStore(database),
    )
    by_request = AccessExchange(tokens, desk=access, default_ttl=settings.passes.default_ttl)
    exchange = PassExchange(
        by_request, registry=registry, delegation=delegation(settings, registry=registry, database=database)
    )
    sign_in = [
        SignIn(name=name, issuer=one.issuer, client_id=one.sign_in.client_id, scopes=one.sign_in.scopes)
        for name, one in identity.providers.items()
        if one.sign_in is not None
    ]
    return TokenEndpoint(exchange=exchange, sign_in=sign_in, attempts=LoginLimiter(), recorder=recorder)


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
