"""People who sign in for a client: sent to the provider, asked for their consent, sent back with a code."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from passgate.core.authorization import Authorization, DeviceState
from passgate.core.errors import OAuthError, PassRequestError, TokenRefusedError
from passgate.core.event import Event, EventType
from passgate.core.principal import PrincipalKind
from passgate.identity.exchange import TokenExchange
from passgate.identity.issuer.asked import Asked, asked_by_browser, check_state, read_asked, scope, targets
from passgate.identity.issuer.authorizations import AuthorizationStore
from passgate.identity.issuer.clients import Client, Clients
from passgate.identity.issuer.devices import Devices
from passgate.identity.issuer.issuer import Issuer, identity_of, request_of
from passgate.identity.issuer.one_time import OneTimeCodes, OneTimeStore, digest, same
from passgate.identity.issuer.redirects import is_registered, with_answer
from passgate.identity.issuer.relying_party import RelyingParty, challenge
from passgate.identity.oidc.token import Identity
from passgate.pipeline.exchange import ExchangeRequest
from passgate.pipeline.issuing import AuthorizationQuery, Consent, Device, ProviderAnswer, Tokens
from passgate.pipeline.protocols import Recorder

_AT_THE_PROVIDER = timedelta(minutes=10)
_TO_CONSENT = timedelta(minutes=10)
_TO_REDEEM = timedelta(minutes=1)
_BYTES = 32

_ANY_TICKET = "asked for later"
"""Whether a ticket is needed is asked on the page of consent, not before it."""


class SignIns:
    """Implements ``pipeline.issuing.SignIns``."""

    def __init__(
        self,
        *,
        issuer: Issuer,
        exchange: TokenExchange,
        clients: Clients,
        provider: RelyingParty,
        authorizations: AuthorizationStore,
        codes: OneTimeStore,
        devices: Devices,
        recorder: Recorder,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._issuer = issuer
        self._exchange = exchange
        self._clients = clients
        self._provider = provider
        self._authorizations = authorizations
        self._devices = devices
        self._recorder = recorder
        self._now = now
        self._states = OneTimeCodes(codes, kind="state", lifetime=_AT_THE_PROVIDER, now=now)
        self._consents = OneTimeCodes(codes, kind="consent", lifetime=_TO_CONSENT, now=now)
        self._codes = OneTimeCodes(codes, kind="code", lifetime=_TO_REDEEM, now=now)

    # -- to the provider -------------------------------------------------------------------------------------------

    async def begin(self, query: AuthorizationQuery, *, browser: str) -> str:
        client = await self._clients.find(query.client_id)
        if not is_registered(
            query.redirect_uri, client.redirect_uris
        ):  # so nobody is sent there, not even with an error
            raise OAuthError("invalid_request", "the redirect_uri is not one that this client has registered")
        check_state(query.state)
        try:
            asked = asked_by_browser(query, url=self._issuer.url, known=self._issuer.resources)
        except OAuthError as error:
            return self._refused(query.redirect_uri, query.state, error)
        return await self._to_provider(asked, browser)

    async def begin_device(self, *, client_id: str, scope: str, resources: Sequence[str]) -> Device:
        await self._clients.find(client_id)
        return self._devices.begin(self._asked_by_device(client_id, scope, resources))

    async def enter_code(self, user_code: str, *, browser: str) -> str:
        return await self._to_provider(self._devices.waiting(user_code), browser)

    async def _to_provider(self, asked: Asked, browser: str) -> str:
        nonce, verifier = secrets.token_urlsafe(_BYTES), secrets.token_urlsafe(_BYTES)
        kept = {"nonce": nonce, "verifier": verifier, "browser": digest(browser)}
        state = self._states.make({**asked.written(), **kept})
        return await self._provider.authorization_url(state=state, nonce=challenge(nonce), verifier=verifier)

    def _asked_by_device(self, client_id: str, words: str, resources: Sequence[str]) -> Asked:
        api, named = targets(resources, url=self._issuer.url, known=self._issuer.resources)
        return Asked(client_id=client_id, verbs=scope(words, api=api), resources=named, api=api)

    # -- and back ----------------------------------------------------------------------------------------------------

    async def come_back(self, answer: ProviderAnswer, *, browser: str) -> Consent | str:
        kept = _of_this_browser(self._states.fresh(answer.state), browser)
        asked = read_asked(kept)
        await self._provider.check_issuer(answer.issuer)
        if answer.error or not answer.code:
            return self._ended(asked, OAuthError("access_denied", "the provider signed nobody in"))
        identity = await self._identify(answer.code, kept)
        client = await self._clients.find(asked.client_id)
        try:
            request = self._request(asked, client, identity)
        except PassRequestError as error:
            return self._ended(asked, OAuthError("access_denied", str(error)))
        authorization = self._issuer.open(identity, client_id=client.id, request=request, consented=False)
        kept_for_consent = {**asked.written(), "authorization": authorization.id, "browser": digest(browser)}
        return Consent(
            id=self._consents.make(kept_for_consent),
            client=client.name,
            client_id=client.id,
            person=str(identity.principal),
            agent=authorization.agent,
            resources=sorted(authorization.resources),
            verbs=sorted(verb.value for verb in authorization.verbs),
            purpose=_purpose(client),
            returns_to=asked.redirect_uri,
            user_code=asked.user_code,
        )

    async def _identify(self, code: str, kept: Mapping[str, str]) -> Identity:
        """Raises TokenRefusedError, IssuerUnavailableError."""
        token = await self._provider.id_token(code, verifier=kept["verifier"])
        presented = await self._exchange.identify(token)
        identity = presented.identity
        if identity.provider != self._provider.provider:
            raise TokenRefusedError("the token is another issuer's")
        if not same(identity.principal.claims.get("nonce", ""), challenge(kept["nonce"])):
            raise TokenRefusedError("the token belongs to another sign-in: its nonce is not the one that was sent")
        if identity.principal.kind is not PrincipalKind.HUMAN:
            raise TokenRefusedError("only people sign in with a browser")
        self._exchange.use_up(presented)
        return identity

    def _request(self, asked: Asked, client: Client, identity: Identity) -> ExchangeRequest | None:
        """What of it this person may have; None for the control API. Raises PassRequestError."""
        if asked.api:
            return None
        wanted = asked.resources or frozenset(
            name for name in self._issuer.resources if self._may(asked, client, identity, name)
        )
        if not wanted:
            raise PassRequestError(
                f"{identity.principal} may not ask for {', '.join(sorted(asked.verbs))} on any model"
            )
        request = _asking(asked, client, wanted)
        self._exchange.check(identity, request)
        return request

    def _may(self, asked: Asked, client: Client, identity: Identity, name: str) -> bool:
        try:
            self._exchange.check(identity, _asking(asked, client, frozenset({name})))
        except PassRequestError:
            return False
        return True

    # -- the person's answer -----------------------------------------------------------------------------------------

    async def decide(
        self, consent: str, *, allowed: bool, purpose: str, ticket: str | None, browser: str
    ) -> str | None:
        kept = _of_this_browser(self._consents.fresh(consent), browser)
        asked = read_asked(kept)
        authorization = self._authorizations.find(kept["authorization"])
        if authorization is None:
            raise OAuthError("invalid_request", "the sign-in is over: begin again")
        if not allowed:
            self._authorizations.revoke(authorization.id, at=self._now())
            await self._record(EventType.CONSENT_DENIED, authorization)
            return self._ended(asked, OAuthError("access_denied", "the person did not allow it"))
        try:
            await self._consented(authorization, purpose, ticket)
        except PassRequestError as error:
            return self._ended(asked, OAuthError("access_denied", str(error)))
        if asked.user_code:
            self._devices.decide(asked.user_code, DeviceState.ALLOWED, authorization=authorization.id)
            return None
        code = self._codes.make({**asked.written(), "authorization": authorization.id})
        return self._back(asked.redirect_uri, asked.state, {"code": code})

    async def _consented(self, authorization: Authorization, purpose: str, ticket: str | None) -> None:
        """Raises PassRequestError, OAuthError."""
        if not authorization.for_api:
            said = request_of(authorization)
            self._exchange.check(
                identity_of(authorization),
                ExchangeRequest(
                    token="",
                    resources=said.resources,
                    verbs=said.verbs,
                    purpose=purpose,
                    ticket=ticket,
                    agent=said.agent,
                ),
            )
        await self._record(EventType.CONSENT_GIVEN, authorization)
        if not self._authorizations.consent(authorization.id, purpose=purpose, ticket=ticket, at=self._now()):
            raise OAuthError("invalid_request", "the sign-in is over: begin again")

    # -- tokens for it -----------------------------------------------------------------------------------------------

    async def redeem_code(self, code: str, *, client_id: str, redirect_uri: str, verifier: str) -> Tokens:
        taken = self._codes.take(code)
        if taken is None:
            raise OAuthError("invalid_grant", "there is no such code: sign in again")
        asked = read_asked(taken.content)
        authorization = self._authorizations.find(taken.content["authorization"])
        if taken.used:  # somebody else has it, and tokens perhaps (RFC 6749, section 4.1.2)
            if authorization is not None:
                await self._issuer.end(authorization, actor="issuer")
            raise OAuthError("invalid_grant", "the code was used before, so everything of its sign-in has ended")
        if authorization is None or self._now() >= taken.expires:
            raise OAuthError("invalid_grant", "the code has expired: sign in again")
        if client_id != asked.client_id or redirect_uri != asked.redirect_uri:
            raise OAuthError("invalid_grant", "the code was given to another client, or for another redirect_uri")
        if not same(challenge(verifier), asked.challenge):
            raise OAuthError("invalid_grant", "the code_verifier is not the one of this sign-in")
        return await self._issuer.tokens(authorization)

    async def redeem_device(self, device_code: str, *, client_id: str) -> Tokens:
        authorization = self._authorizations.find(self._devices.redeem(device_code, client_id=client_id))
        if authorization is None:
            raise OAuthError("expired_token", "the sign-in is over: begin again")
        return await self._issuer.tokens(authorization)

    # -- inside ------------------------------------------------------------------------------------------------------

    def _ended(self, asked: Asked, error: OAuthError) -> str:
        """The client is told. Raises OAuthError where it is a device, which asks by itself."""
        if asked.user_code:
            self._devices.decide(asked.user_code, DeviceState.DENIED, authorization=None)
            raise error
        return self._refused(asked.redirect_uri, asked.state, error)

    def _refused(self, redirect_uri: str, state: str, error: OAuthError) -> str:
        return self._back(redirect_uri, state, {"error": error.code, "error_description": _plain(str(error))})

    def _back(self, redirect_uri: str, state: str, answer: Mapping[str, str]) -> str:
        """With who answers (RFC 9207)."""
        said = {**answer, "iss": self._issuer.url}
        return with_answer(redirect_uri, {**said, "state": state} if state else said)

    async def _record(self, type_: EventType, authorization: Authorization) -> None:
        event = Event(
            type=type_,
            actor=str(authorization.principal),
            detail={
                "authorization": authorization.id,
                "client": authorization.client_id,
                "resources": " ".join(sorted(authorization.resources)),
                "verbs": " ".join(sorted(verb.value for verb in authorization.verbs)),
            },
        )
        await self._recorder.append(event).durable


def _of_this_browser(kept: Mapping[str, str] | None, browser: str) -> Mapping[str, str]:
    """Raises OAuthError: it was begun elsewhere, and whoever sends a person here wants them signed in as somebody else."""
    if kept is None or not same(digest(browser), kept["browser"]):
        raise OAuthError("invalid_request", "this sign-in was not begun in this browser, or is over: begin again")
    return kept


def _asking(asked: Asked, client: Client, resources: frozenset[str]) -> ExchangeRequest:
    return ExchangeRequest(
        token="",
        resources=resources,
        verbs=asked.verbs,
        purpose=_purpose(client),
        ticket=_ANY_TICKET,
        agent=client.agent,
    )


def _purpose(client: Client) -> str:
    return f"signed in for {client.name}"


def _plain(text: str) -> str:
    """RFC 6749, section 4.1.2.1: printable ASCII without quotes and backslashes."""
    return "".join(c if " " <= c <= "~" and c not in '"\\' else "'" for c in text)[:500]
