"""The issuing of tokens, wired: the OAuth endpoints of a gate, and whoever knows the tokens of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from passgate.config import issuer as configured
from passgate.config.settings import Settings
from passgate.endpoints.beside import Beside
from passgate.endpoints.llm.settings import OwnTokens
from passgate.endpoints.oauth.grants import RefreshGrant
from passgate.endpoints.oauth.metadata import MetadataEndpoint
from passgate.endpoints.oauth.revocation import RevocationEndpoint
from passgate.endpoints.tokens import TokenEndpoint
from passgate.identity.exchange import TokenExchange
from passgate.identity.issuer.access_tokens import AccessTokenIssuer
from passgate.identity.issuer.issuer import Issuer
from passgate.identity.issuer.signing_keys import SigningKeys
from passgate.identity.login_limiter import LoginLimiter
from passgate.identity.registry import PassRegistry
from passgate.pipeline.access import AccessTokens
from passgate.pipeline.protocols import Recorder
from passgate.store.authorization_store import AuthorizationStore
from passgate.store.signing_key_store import SigningKeyStore
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring.identity import sign_ins, token_exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuing:
    """``beside``: what serves the paths. ``tokens``: who verifies the gate's own tokens, ``url`` their issuer; None without
    ``identity.issuer``."""

    beside: Sequence[Beside] = ()
    tokens: AccessTokens | None = None
    url: str | None = None

    @property
    def own(self) -> OwnTokens | None:
        """What the models' listeners take."""
        return OwnTokens(tokens=self.tokens, url=self.url) if self.tokens is not None and self.url is not None else None


def open_issuing(
    settings: Settings, *, registry: PassRegistry, database: SqliteDatabase, recorder: Recorder
) -> Issuing:
    """Nothing without a provider. Raises ConfigError."""
    identity = settings.identity
    if not identity.providers:
        return Issuing()
    exchange = token_exchange(settings, registry=registry, database=database)
    attempts = LoginLimiter()
    if identity.issuer is None:
        endpoint = TokenEndpoint(exchange=exchange, attempts=attempts, recorder=recorder)
        metadata = MetadataEndpoint(
            sign_in=sign_ins(settings), grant_types=endpoint.grant_types, issuer=None, paths={}, more={}
        )
        return Issuing(beside=(endpoint.serve, metadata.serve))
    access, issuer = _issuer(
        settings, identity.issuer, exchange=exchange, registry=registry, database=database, recorder=recorder
    )
    endpoint = TokenEndpoint(
        exchange=exchange,
        attempts=attempts,
        recorder=recorder,
        issuer=issuer,
        grants={"refresh_token": RefreshGrant(issuer)},
    )
    metadata = MetadataEndpoint(
        sign_in=sign_ins(settings), grant_types=endpoint.grant_types, issuer=issuer, paths={}, more={}
    )
    return Issuing(
        beside=(endpoint.serve, RevocationEndpoint(issuer).serve, metadata.serve), tokens=access, url=issuer.url
    )


def _issuer(
    settings: Settings,
    section: configured.Issuer,
    *,
    exchange: TokenExchange,
    registry: PassRegistry,
    database: SqliteDatabase,
    recorder: Recorder,
) -> tuple[AccessTokenIssuer, Issuer]:
    keys = SigningKeys(SigningKeyStore(database), rotation=section.key_rotation)
    authorizations = AuthorizationStore(database)
    access = AccessTokenIssuer(
        url=section.url,
        keys=keys,
        authorizations=authorizations,
        find=registry.find,
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
