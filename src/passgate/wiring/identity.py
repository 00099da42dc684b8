"""Identity as it is wired: providers, grants, agents."""

from passgate.config import identity as configured
from passgate.config.settings import Settings
from passgate.core.errors import ConfigError
from passgate.core.principal import PrincipalKind
from passgate.identity.access_desk import AccessDesk
from passgate.identity.access_exchange import AccessExchange
from passgate.identity.admission import Admission
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


def token_exchange(
    settings: Settings, *, registry: PassRegistry, database: SqliteDatabase, admission: Admission
) -> TokenExchange:
    """``admission``: who has a say beside the tokens. Raises ConfigError."""
    identity = settings.identity
    return TokenExchange(
        trusted={
            one.issuer: Trusted(verifier=verifier(identity, name), single_use=one.single_use)
            for name, one in identity.providers.items()
        },
        grants=[grant(one) for one in identity.grants],
        agents=agents(settings),
        registry=registry,
        rules=issuing_rules(settings),
        spent=SpentTokenStore(database),
        admission=admission,
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


def fetch(name: str, one: configured.Provider) -> HttpsFetch:
    """Raises ConfigError."""
    try:
        return HttpsFetch(ca=one.ca)
    except OSError as error:
        raise ConfigError(f"identity.providers.{name}.ca: {one.ca} is not usable: {error}") from error


def verifier(identity: configured.Identity, name: str, *, again: bool = False) -> Verifier:
    """``again``: of tokens that a provider gives when it is asked again, which carry no nonce. Raises ConfigError."""
    one = identity.providers[name]
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
        groups_required=_by_group(identity, name) if one.groups_required is None else one.groups_required,
        groups_from_userinfo=one.groups_from == "userinfo",
        acr=one.acr,
        nonce_required=one.require_nonce and not again,
    )
    read = fetch(name, one)
    return Verifier(provider, IssuerKeys(one.issuer, read), userinfo=UserInfo(one.issuer, read))


def grant(one: configured.Grant) -> Grant:
    return Grant(
        provider=one.provider,
        resources=frozenset(one.resources),
        verbs=configured.verbs(one.verbs),
        max_ttl=one.max_ttl,
        groups=frozenset(one.groups),
        claims=dict(one.claims),
        ticket=one.ticket,
        acr=one.acr,
        amr=frozenset(one.amr),
        max_auth_age=one.max_auth_age,
    )
