"""Identity as it is wired: providers, grants, agents."""

from passgate.config import identity as configured
from passgate.config.settings import Settings
from passgate.core.errors import ConfigError
from passgate.core.principal import PrincipalKind
from passgate.identity.access_desk import AccessDesk
from passgate.identity.access_exchange import AccessExchange
from passgate.identity.exchange import TokenExchange, Trusted
from passgate.identity.grants import Grant
from passgate.identity.oidc.fetching import HttpsFetch
from passgate.identity.oidc.keys import IssuerKeys
from passgate.identity.oidc.provider import Provider
from passgate.identity.oidc.token import Verifier
from passgate.identity.oidc.userinfo import UserInfo
from passgate.identity.pass_exchange import PassExchange
from passgate.identity.registry import PassRegistry
from passgate.pipeline.exchange import SignIn
from passgate.store.spent_tokens import SpentTokenStore
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring.delegation import agents, delegation, issuing_rules


def token_exchange(settings: Settings, *, registry: PassRegistry, database: SqliteDatabase) -> TokenExchange:
    """Raises ConfigError."""
    identity = settings.identity
    return TokenExchange(
        trusted={
            one.issuer: _trusted(name, one, _by_group(identity, name)) for name, one in identity.providers.items()
        },
        grants=[_grant(grant) for grant in identity.grants],
        agents=agents(settings),
        registry=registry,
        rules=issuing_rules(settings),
        spent=SpentTokenStore(database),
    )


def pass_exchange(
    settings: Settings,
    tokens: TokenExchange,
    *,
    registry: PassRegistry,
    database: SqliteDatabase,
    access: AccessDesk,
) -> PassExchange:
    """What the token endpoint asks: a provider's token or a pass, for what grants give or people approve."""
    by_request = AccessExchange(tokens, desk=access, default_ttl=settings.passes.default_ttl)
    return PassExchange(
        by_request, registry=registry, delegation=delegation(settings, registry=registry, database=database)
    )


def sign_ins(settings: Settings) -> list[SignIn]:
    return [
        SignIn(
            name=name,
            issuer=one.issuer,
            client_id=one.sign_in.client_id,
            scopes=one.sign_in.scopes,
            redirect_uri=one.sign_in.redirect_uri,
            prompt=one.sign_in.prompt,
            access_token=one.groups_from == "userinfo",
        )
        for name, one in settings.identity.providers.items()
        if one.sign_in is not None
    ]


def _by_group(identity: configured.Identity, provider: str) -> bool:
    """Whether what people of this provider may ask for depends on their groups: then a token that names none is no answer."""
    return any(grant.groups for grant in identity.grants if grant.provider == provider)


def _trusted(name: str, one: configured.Provider, by_group: bool) -> Trusted:
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
        groups_required=by_group if one.groups_required is None else one.groups_required,
        groups_from_userinfo=one.groups_from == "userinfo",
        acr=one.acr,
        nonce_required=one.require_nonce,
    )
    verifier = Verifier(provider, IssuerKeys(one.issuer, fetch), userinfo=UserInfo(one.issuer, fetch))
    return Trusted(verifier=verifier, single_use=one.single_use)


def _grant(grant: configured.Grant) -> Grant:
    return Grant(
        provider=grant.provider,
        resources=frozenset(grant.resources),
        verbs=configured.verbs(grant.verbs),
        max_ttl=grant.max_ttl,
        groups=frozenset(grant.groups),
        claims=dict(grant.claims),
        ticket=grant.ticket,
        acr=grant.acr,
        amr=frozenset(grant.amr),
        max_auth_age=grant.max_auth_age,
    )
