"""From an authorization to tokens, again and again until it ends."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from passgate.core.authorization import Authorization
from passgate.core.errors import OAuthError, TokenRefusedError
from passgate.core.event import Event, EventType
from passgate.core.passes import Pass, PassState
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.exchange import Presented, TokenExchange, evidence_of
from passgate.identity.issuer.access_tokens import LONGEST, AccessTokenIssuer
from passgate.identity.issuer.authorizations import AuthorizationStore, new_id
from passgate.identity.issuer.one_time import digest
from passgate.identity.issuer.signing_keys import SigningKeys
from passgate.identity.oidc.token import Evidence, Identity
from passgate.identity.registry import PassRegistry
from passgate.pipeline.exchange import Exchanged, ExchangeRequest
from passgate.pipeline.issuing import API_PATH, Tokens
from passgate.pipeline.protocols import Recorder

REFRESH_PREFIX = "pgr_"
"""Lets secret scanners find a leaked one, and revocation tell the two kinds of token apart."""

_REFRESH_BYTES = 32
_ACTOR = "issuer"

REMEMBERED = timedelta(days=1)
"""How long an authorization is kept after it has ended: a refresh token of it that turns up meanwhile is known for what it is."""


class Issuer:
    """Implements ``pipeline.issuing.TokenIssuer``. ``session``: how long somebody who signed in may refresh.

    ``resources``: the names of those where access tokens are taken.
    """

    def __init__(
        self,
        *,
        url: str,
        resources: Sequence[str],
        exchange: TokenExchange,
        registry: PassRegistry,
        keys: SigningKeys,
        access: AccessTokenIssuer,
        authorizations: AuthorizationStore,
        session: timedelta,
        recorder: Recorder,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._url = url
        self._resources = tuple(resources)
        self._exchange = exchange
        self._registry = registry
        self._keys = keys
        self._access = access
        self._authorizations = authorizations
        self._session = session
        self._recorder = recorder
        self._now = now

    @property
    def url(self) -> str:
        return self._url

    @property
    def resources(self) -> Sequence[str]:
        return self._resources

    def key_set(self) -> Mapping[str, object]:
        return self._keys.published()

    # -- a token of a provider in, a token of our own out ----------------------------------------------------------

    async def exchange(self, request: ExchangeRequest, *, client_id: str) -> Tokens:
        presented = await self._exchange.identify(request.token, evidence_of(request))
        return await self.issue(presented.identity, request, client_id=client_id, using=presented)

    async def issue(
        self, identity: Identity, request: ExchangeRequest, *, client_id: str, using: Presented | None = None
    ) -> Tokens:
        """A pass for somebody who is known, and a token for it. Without a refresh token: they prove themselves again.

        Raises TokenRefusedError, PassRequestError, StoreError, LedgerUnavailableError.
        """
        exchanged = self._exchange.issue(identity, request, using=using)
        authorization = self._opened(identity, client_id=client_id, request=request, expires=exchanged.pass_.expires)
        return await self._tokens(self._with_pass(authorization, exchanged), exchanged.pass_, refresh=None)

    async def exchange_for_api(
        self, token: str, *, client_id: str, nonce_verifier: str | None = None, access_token: str | None = None
    ) -> Tokens:
        evidence = Evidence(nonce_verifier=nonce_verifier, access_token=access_token)
        presented = await self._exchange.identify(token, evidence)
        if presented.identity.principal.kind is not PrincipalKind.HUMAN:
            raise OAuthError("invalid_target", "the control API is for people: agents and services may not use it")
        self._exchange.use_up(presented)
        return await self.tokens(self.open(presented.identity, client_id=client_id))

    # -- an authorization ------------------------------------------------------------------------------------------

    def open(
        self, identity: Identity, *, client_id: str, request: ExchangeRequest | None = None, consented: bool = True
    ) -> Authorization:
        """Somebody who signed in allows a client to act for them, or is about to. ``request`` None: at the control API. Raises
        StoreError."""
        return self._opened(
            identity, client_id=client_id, request=request, expires=self._now() + self._session, consented=consented
        )

    async def tokens(self, authorization: Authorization) -> Tokens:
        """The first ones of it. Raises OAuthError, PassRequestError, StoreError, LedgerUnavailableError."""
        if not authorization.live(self._now()):
            raise OAuthError("invalid_grant", "the sign-in has ended, or nobody has consented: sign in again")
        refresh = _random()
        self._authorizations.add_refresh(digest(refresh), authorization_id=authorization.id, at=self._now())
        return await self._again(authorization, refresh)

    async def refresh(self, token: str, *, client_id: str) -> Tokens:
        kept = digest(token)
        known = self._authorizations.find_refresh(kept)
        authorization = self._authorizations.find(known.authorization) if known is not None else None
        if authorization is None or authorization.client_id != client_id:
            raise OAuthError("invalid_grant", "there is no such refresh token: sign in again")
        following, now = _random(), self._now()
        if not self._authorizations.rotate(kept, following=digest(following), at=now):
            await self._reused(authorization)
            raise OAuthError(
                "invalid_grant", "the refresh token was used before, so everything of its sign-in has ended"
            )
        if not authorization.live(now):
            raise OAuthError("invalid_grant", "the sign-in has ended: sign in again")
        return await self._again(authorization, following)

    async def revoke(self, token: str, *, client_id: str | None) -> None:
        authorization = self._authorization_of(token)
        if authorization is None:
            return  # RFC 7009, section 2.2: what does not count is as good as revoked
        if client_id is not None and client_id != authorization.client_id:
            raise OAuthError("unauthorized_client", "the token is another client's")
        await self.end(authorization, actor=str(authorization.principal))

    async def end(self, authorization: Authorization, *, actor: str) -> None:
        """With its passes, and so with their sessions. Raises StoreError, LedgerUnavailableError."""
        ended = self._authorizations.revoke(authorization.id, at=self._now())
        now_known = self._authorizations.find(authorization.id) or authorization  # from here on it gets no further pass
        for pass_id in now_known.passes:
            pass_ = self._registry.find(pass_id)
            if pass_ is not None and pass_.state(self._now()) is PassState.LIVE:
                self._registry.revoke(pass_id, actor=actor)
        if ended:
            await self._record(EventType.TOKEN_REVOKED, now_known, actor=actor)

    # -- inside ----------------------------------------------------------------------------------------------------

    def _opened(
        self,
        identity: Identity,
        *,
        client_id: str,
        request: ExchangeRequest | None,
        expires: datetime,
        consented: bool = True,
    ) -> Authorization:
        now = self._now()
        authorization = Authorization(
            id=new_id(),
            client_id=client_id,
            provider=identity.provider,
            principal=identity.principal,
            issued=now,
            expires=expires,
            resources=request.resources if request is not None else frozenset(),
            verbs=request.verbs if request is not None else frozenset(),
            purpose=request.purpose if request is not None else "",
            ticket=request.ticket if request is not None else None,
            agent=request.agent if request is not None else None,
            consented=now if consented else None,
        )
        self._authorizations.forget(before=now - REMEMBERED)
        self._authorizations.add(authorization)
        return authorization

    async def _again(self, authorization: Authorization, refresh: str) -> Tokens:
        """The pass is kept while it lives for as long as a token does; a new one is made as if it were asked for now."""
        if authorization.for_api:
            self._exchange.admit(identity_of(authorization))
            return await self._tokens(authorization, None, refresh=refresh)
        pass_ = self._registry.find(authorization.passes[-1]) if authorization.passes else None
        now = self._now()
        if pass_ is not None and pass_.state(now) is PassState.REVOKED:
            raise OAuthError("invalid_grant", "the pass was revoked: sign in again")
        if pass_ is None or pass_.expires - now < LONGEST / 2:
            exchanged = self._exchange.issue(identity_of(authorization), request_of(authorization))
            authorization, pass_ = self._with_pass(authorization, exchanged), exchanged.pass_
        return await self._tokens(authorization, pass_, refresh=refresh)

    def _with_pass(self, authorization: Authorization, exchanged: Exchanged) -> Authorization:
        pass_id = exchanged.pass_.id
        if not self._authorizations.add_pass(authorization.id, pass_id):  # revoked in this very moment
            self._registry.revoke(pass_id, actor=_ACTOR)
            raise OAuthError("invalid_grant", "the sign-in has ended: sign in again")
        return replace(authorization, passes=(*authorization.passes, pass_id))

    async def _tokens(self, authorization: Authorization, pass_: Pass | None, *, refresh: str | None) -> Tokens:
        minted = self._access.mint(authorization, audience=self._audience(pass_), pass_=pass_)
        pass_id = pass_.id if pass_ is not None else None
        await self._record(EventType.TOKEN_ISSUED, authorization, token=minted.id, pass_id=pass_id or "")
        return Tokens(
            access_token=minted.token,
            expires=minted.expires,
            scope=frozenset(verb.value for verb in pass_.verbs) if pass_ is not None else frozenset(),
            resources=pass_.resources if pass_ is not None else frozenset(),
            principal=pass_.principal if pass_ is not None else authorization.principal,
            pass_id=pass_id,
            refresh_token=refresh,
        )

    def _audience(self, pass_: Pass | None) -> Sequence[str]:
        """Of a pass the gate itself, where a path names no resource, and each resource by its own name (RFC 8707)."""
        if pass_ is None:
            return (self._url + API_PATH,)
        return (self._url, *(f"{self._url}/{name}" for name in sorted(pass_.resources)))

    async def _reused(self, authorization: Authorization) -> None:
        """Two have the token, and one of them stole it: nobody knows which (RFC 9700, section 4.14.2)."""
        await self.end(authorization, actor=_ACTOR)
        await self._record(EventType.TOKEN_REUSED, authorization, actor=_ACTOR)

    def _authorization_of(self, token: str) -> Authorization | None:
        if token.startswith(REFRESH_PREFIX):
            known = self._authorizations.find_refresh(digest(token))
            return self._authorizations.find(known.authorization) if known is not None else None
        try:
            return self._access.authorization(token)
        except TokenRefusedError:
            return None

    async def _record(self, type_: EventType, authorization: Authorization, *, actor: str = "", **detail: str) -> None:
        event = Event(
            type=type_,
            actor=actor or str(authorization.principal),
            detail={
                "authorization": authorization.id,
                "client": authorization.client_id,
                "principal": _names(authorization.principal),
                "passes": " ".join(authorization.passes),
                **detail,
            },
        )
        await self._recorder.append(event).durable


def _random() -> str:
    return REFRESH_PREFIX + secrets.token_urlsafe(_REFRESH_BYTES)


def identity_of(authorization: Authorization) -> Identity:
    return Identity(principal=authorization.principal, provider=authorization.provider, expires=authorization.expires)


def request_of(authorization: Authorization) -> ExchangeRequest:
    return ExchangeRequest(
        token="",
        resources=authorization.resources,
        verbs=authorization.verbs,
        purpose=authorization.purpose,
        ticket=authorization.ticket,
        agent=authorization.agent,
    )


def _names(principal: Principal) -> str:
    """The whole chain, the one who acts now first."""
    behind = principal.on_behalf_of
    return str(principal) if behind is None else f"{principal} for {_names(behind)}"
