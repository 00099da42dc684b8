"""The issuing of tokens, wired: the OAuth endpoints of a gate, and whoever knows the tokens of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from passgate.config import issuer as configured
from passgate.config.settings import Settings
from passgate.core.errors import ConfigError
from passgate.endpoints.attempts import Attempts
from passgate.endpoints.beside import Beside
from passgate.endpoints.oauth import (
    ASSERTION_GRANT,
    AUTHORIZE_PATH,
    CALLBACK_PATH,
    CODE_GRANT,
    CREDENTIALS_GRANT,
    DEVICE_AUTHORIZATION_PATH,
    DEVICE_GRANT,
    REFRESH_GRANT,
    TOKEN_PATH,
)
from passgate.endpoints.oauth.authorize import AuthorizeEndpoint
from passgate.endpoints.oauth.browser import Browsers
from passgate.endpoints.oauth.device import DeviceEndpoint
from passgate.endpoints.oauth.grants import AgentGrant, CodeGrant, DeviceGrant, RefreshGrant
from passgate.endpoints.oauth.metadata import MetadataEndpoint
from passgate.endpoints.oauth.revocation import RevocationEndpoint
from passgate.endpoints.tokens import Grant, TokenEndpoint
from passgate.identity.access_desk import AccessDesk
from passgate.identity.admission import Admission
from passgate.identity.exchange import TokenExchange
from passgate.identity.issuer.access_tokens import AccessTokenIssuer
from passgate.identity.issuer.agent_keys import AgentSignIns
from passgate.identity.issuer.client_documents import ClientDocuments
from passgate.identity.issuer.clients import Client, RegisteredClients
from passgate.identity.issuer.devices import Devices
from passgate.identity.issuer.document_fetch import DocumentFetch
from passgate.identity.issuer.issuer import Issuer, identity_of
from passgate.identity.issuer.posting import HttpsPost
from passgate.identity.issuer.relying_party import Registration, RelyingParty
from passgate.identity.issuer.sign_ins import SignIns
from passgate.identity.issuer.signing_keys import SigningKeys
from passgate.identity.login_limiter import LoginLimiter, Rate
from passgate.identity.oidc.fetching import HttpsFetch
from passgate.identity.oidc.provider import ASYMMETRIC
from passgate.identity.registry import PassRegistry
from passgate.pipeline.protocols import Recorder
from passgate.store.authorization_store import AuthorizationStore
from passgate.store.device_store import DeviceStore
from passgate.store.one_time_store import OneTimeStore
from passgate.store.signing_key_store import SigningKeyStore
from passgate.store.spent_tokens import SpentTokenStore
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring.agent_keys import keyed_agents
from passgate.wiring.identity import pass_exchange, sign_ins, token_exchange
from passgate.wiring.issuing import Issuing
from passgate.wiring.sources import Sources

_KEY = "token-signing-keys"

_BEGUN = Rate(burst=60, seconds=1)
"""Sign-ins that one address may begin: a whole office may share it."""


def issuing(
    settings: Settings,
    *,
    registry: PassRegistry,
    database: SqliteDatabase,
    recorder: Recorder,
    desk: AccessDesk,
    admission: Admission,
    sources: Sources,
    shared_key: Callable[[str], bytes],
) -> Issuing:
    """Raises ConfigError."""
    identity = settings.identity
    exchange = token_exchange(settings, registry=registry, database=database, admission=admission)
    for_passes = pass_exchange(settings, exchange, registry=registry, database=database, access=desk)
    attempts = LoginLimiter()
    recheck = any(one.recheck is not None for one in identity.providers.values())
    if identity.issuer is None:
        endpoint = TokenEndpoint(exchange=for_passes, attempts=attempts, recorder=recorder, recheck=recheck)
        metadata = MetadataEndpoint(
            sign_in=sign_ins(settings),
            grant_types=endpoint.grant_types,
            recheck=endpoint.recheck,
            issuer=None,
            paths={},
            more={},
        )
        return Issuing(beside=(endpoint.serve, metadata.serve))
    access, issuer = _issuer(
        settings,
        identity.issuer,
        exchange=exchange,
        registry=registry,
        database=database,
        recorder=recorder,
        shared_key=shared_key,
    )
    browser = _by_browser(
        settings,
        identity.issuer,
        issuer=issuer,
        exchange=exchange,
        database=database,
        recorder=recorder,
        sources=sources,
        guesses=attempts,
    )
    key = _by_key(settings, issuer=issuer, exchange=exchange, database=database)
    endpoint = TokenEndpoint(
        exchange=for_passes,
        attempts=attempts,
        recorder=recorder,
        recheck=recheck,
        issuer=issuer,
        grants={REFRESH_GRANT: RefreshGrant(issuer), **browser.grants, **key.grants},
    )
    metadata = MetadataEndpoint(
        sign_in=sign_ins(settings),
        grant_types=endpoint.grant_types,
        recheck=endpoint.recheck,
        issuer=issuer,
        paths=browser.paths,
        more={**browser.metadata, **key.metadata},
    )
    return Issuing(
        beside=(endpoint.serve, RevocationEndpoint(issuer).serve, *browser.pages, metadata.serve),
        tokens=access,
        url=issuer.url,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _WayIn:
    """What one way to sign in adds: grants of the token endpoint, pages, and what the metadata say of it (RFC 8414)."""

    grants: Mapping[str, Grant] = field(default_factory=dict)
    pages: Sequence[Beside] = ()
    paths: Mapping[str, str] = field(default_factory=dict)
    metadata: Mapping[str, object] = field(default_factory=dict)


def _by_browser(
    settings: Settings,
    section: configured.Issuer,
    *,
    issuer: Issuer,
    exchange: TokenExchange,
    database: SqliteDatabase,
    recorder: Recorder,
    sources: Sources,
    guesses: Attempts,
) -> _WayIn:
    """People, at the company's provider. Raises ConfigError."""
    if section.sign_in is None:
        return _WayIn()
    people = _sign_ins(
        settings,
        section,
        section.sign_in,
        issuer=issuer,
        exchange=exchange,
        database=database,
        recorder=recorder,
        sources=sources,
    )
    browsers, begun = Browsers(issuer.url), LoginLimiter(per_peer=_BEGUN, per_pass=_BEGUN)
    return _WayIn(
        grants={CODE_GRANT: CodeGrant(people), DEVICE_GRANT: DeviceGrant(people)},
        pages=(
            AuthorizeEndpoint(people, browsers=browsers, begun=begun).serve,
            DeviceEndpoint(people, url=issuer.url, browsers=browsers, begun=begun, guesses=guesses).serve,
        ),
        paths={"authorization_endpoint": AUTHORIZE_PATH, "device_authorization_endpoint": DEVICE_AUTHORIZATION_PATH},
        metadata={
            "response_types_supported": ["code"],
            "response_modes_supported": ["query"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": True,
            "client_id_metadata_document_supported": section.client_documents is not None,
            "gateway_protocol_version": 1,
        },
    )


def _by_key(settings: Settings, *, issuer: Issuer, exchange: TokenExchange, database: SqliteDatabase) -> _WayIn:
    """Agents that sign for themselves. Raises ConfigError."""
    agents = keyed_agents(settings.identity.agents)
    if not agents:
        return _WayIn()
    keyed = AgentSignIns(
        agents=agents,
        audiences=frozenset({issuer.url, issuer.url + TOKEN_PATH}),
        exchange=exchange,
        issuer=issuer,
        spent=SpentTokenStore(database),
    )
    return _WayIn(
        grants={
            CREDENTIALS_GRANT: AgentGrant(keyed, parameter="client_assertion"),
            ASSERTION_GRANT: AgentGrant(keyed, parameter="assertion"),
        },
        metadata={
            "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": sorted(ASYMMETRIC),
        },
    )


def _sign_ins(
    settings: Settings,
    section: configured.Issuer,
    sign_in: configured.BrowserSignIn,
    *,
    issuer: Issuer,
    exchange: TokenExchange,
    database: SqliteDatabase,
    recorder: Recorder,
    sources: Sources,
) -> SignIns:
    """Raises ConfigError."""
    provider = settings.identity.providers[sign_in.provider]
    secret = None if sign_in.secret is None else sources.credential(sign_in.secret)
    registration = Registration(
        provider=sign_in.provider,
        issuer=provider.issuer,
        client_id=sign_in.client_id,
        redirect_uri=section.url + CALLBACK_PATH,
        scopes=sign_in.scopes,
        secret=None if secret is None else secret.obtain,
    )
    try:
        party = RelyingParty(registration, fetch=HttpsFetch(ca=provider.ca), post=HttpsPost(ca=provider.ca))
    except OSError as error:
        raise ConfigError(f"identity.providers.{sign_in.provider}.ca: {provider.ca} is not usable: {error}") from error
    clients = {
        name: Client(id=name, name=one.name, redirect_uris=one.redirect_uris, agent=one.agent)
        for name, one in section.clients.items()
    }
    return SignIns(
        issuer=issuer,
        exchange=exchange,
        clients=RegisteredClients(clients, documents=_documents(section.client_documents)),
        provider=party,
        authorizations=AuthorizationStore(database),
        codes=OneTimeStore(database),
        devices=Devices(DeviceStore(database)),
        recorder=recorder,
    )


def _documents(section: configured.ClientDocuments | None) -> ClientDocuments | None:
    """Raises ConfigError."""
    if section is None:
        return None
    try:
        fetch = DocumentFetch(ca=section.ca, private=section.private_addresses)
    except OSError as error:
        raise ConfigError(f"identity.issuer.client_documents.ca: {section.ca} is not usable: {error}") from error
    return ClientDocuments(hosts=frozenset(section.hosts), fetch=fetch)


def _issuer(
    settings: Settings,
    section: configured.Issuer,
    *,
    exchange: TokenExchange,
    registry: PassRegistry,
    database: SqliteDatabase,
    recorder: Recorder,
    shared_key: Callable[[str], bytes],
) -> tuple[AccessTokenIssuer, Issuer]:
    keys = SigningKeys(SigningKeyStore(database, shared_key(_KEY)), rotation=section.key_rotation)
    authorizations = AuthorizationStore(database)
    access = AccessTokenIssuer(
        url=section.url,
        keys=keys,
        authorizations=authorizations,
        find=registry.find,
        admit=lambda authorization: exchange.admit(identity_of(authorization)).principal,
        lifetime=section.access_ttl,
    )
    issuer = Issuer(
        url=section.url,
        resources=tuple(settings.llm_resources),
        exchange=exchange,
        registry=registry,
        keys=keys,
        access=access,
        authorizations=authorizations,
        session=section.session,
        recorder=recorder,
    )
    return access, issuer
