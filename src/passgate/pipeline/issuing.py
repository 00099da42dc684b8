"""What the OAuth endpoints ask of whoever issues the gate's own tokens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from passgate.core.principal import Principal
from passgate.pipeline.exchange import Exchanged, ExchangeRequest

OWN_CLIENT = "passgate"
"""The client id of the command line, and of whoever exchanges a token without naming a client."""

API_PATH = "/api"
"""Of the control API, behind the issuer's URL: together they are the audience of a person's token for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a client is given (RFC 6749, section 5.1), together for this once.

    ``pass_id``: the pass that the access token stands for; None for a person's token for the control API, which opens no resource.
    ``refresh_token`` None: there is nothing to refresh.
    """

    access_token: str = field(repr=False)
    expires: datetime
    scope: frozenset[str]
    resources: frozenset[str]
    principal: Principal
    pass_id: str | None = None
    refresh_token: str | None = field(default=None, repr=False)


class TokenIssuer(Protocol):
    """``url``: the issuer's identifier, the public origin of the gate. Every method but it may raise StoreError."""

    @property
    def url(self) -> str: ...

    @property
    def resources(self) -> Sequence[str]:
        """The names of the resources that access tokens are taken at, as bearers of a pass."""

    def key_set(self) -> Mapping[str, object]:
        """The public keys that tokens verify with (RFC 7517)."""

    async def exchange(self, request: ExchangeRequest, *, client_id: str) -> Tokens:
        """A pass, and a token that stands for it.

        Raises TokenRefusedError, IssuerUnavailableError, PassRequestError, LedgerUnavailableError.
        """

    async def exchange_for_api(self, token: str, *, client_id: str) -> Tokens:
        """A person's token for the control API. Raises TokenRefusedError, IssuerUnavailableError, OAuthError,
        LedgerUnavailableError."""

    async def refresh(self, token: str, *, client_id: str) -> Tokens:
        """RFC 6749, section 6. Raises OAuthError, PassRequestError, LedgerUnavailableError."""

    async def revoke(self, token: str, *, client_id: str | None) -> None:
        """RFC 7009: with the token everything ends that came of the same authorization. Raises OAuthError for another client's."""


# -- sign-in by browser and by device ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationQuery:
    """What a client's browser brings (RFC 6749, section 4.1.1; RFC 7636; RFC 8707). Empty: not said."""

    response_type: str
    client_id: str
    redirect_uri: str
    state: str
    code_challenge: str
    code_challenge_method: str
    scope: str
    resources: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAnswer:
    """With what the browser comes back from the provider (RFC 6749, section 4.1.2; RFC 9207). Empty: not said."""

    state: str = field(repr=False)
    code: str = field(repr=False)
    issuer: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What somebody who has signed in is asked. ``id``: good for one answer, from the same browser.

    ``client``: as it calls itself; ``client_id``: as it is known. ``returns_to``: where the browser is sent, a URL; empty for a
    device, whose ``user_code`` must be the one that it shows. ``resources`` empty: for the control API.
    """

    id: str = field(repr=False)
    client: str
    client_id: str
    person: str
    agent: str | None
    resources: Sequence[str]
    verbs: Sequence[str]
    purpose: str
    returns_to: str
    user_code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """RFC 8628, section 3.2. Times in seconds."""

    device_code: str = field(repr=False)
    user_code: str
    expires_in: int
    interval: int


class SignIns(Protocol):
    """Each method may raise StoreError, and OAuthError for what is to be told to the person, or the client, that asks.

    ``browser``: what the browser keeps in a cookie; it must be the same from the first page to the last. A URL that is returned is
    where the browser goes next.
    """

    async def begin(self, query: AuthorizationQuery, *, browser: str) -> str:
        """The provider's URL; the client's, if it asked for what it cannot have. Raises IssuerUnavailableError."""

    async def begin_device(self, *, client_id: str, scope: str, resources: Sequence[str]) -> Device: ...

    async def enter_code(self, user_code: str, *, browser: str) -> str:
        """The provider's URL. Raises IssuerUnavailableError."""

    async def come_back(self, answer: ProviderAnswer, *, browser: str) -> Consent | str:
        """Raises TokenRefusedError, IssuerUnavailableError."""

    async def decide(
        self, consent: str, *, allowed: bool, purpose: str, ticket: str | None, browser: str
    ) -> str | None:
        """None: the device may go on. Raises LedgerUnavailableError."""

    async def redeem_code(self, code: str, *, client_id: str, redirect_uri: str, verifier: str) -> Tokens:
        """Raises PassRequestError, LedgerUnavailableError."""

    async def redeem_device(self, device_code: str, *, client_id: str) -> Tokens:
        """Raises PassRequestError, LedgerUnavailableError."""


# -- agents with keys of their own -------------------------------------------------------------------------------------


class AgentSignIns(Protocol):
    """``request.token`` is the agent's assertion (RFC 7523); ``client_id``, where it is said, must be the agent's name.

    Both raise OAuthError, PassRequestError, StoreError.
    """

    async def give_pass(self, request: ExchangeRequest, *, client_id: str | None) -> Exchanged: ...

    async def give_tokens(self, request: ExchangeRequest, *, client_id: str | None) -> Tokens:
        """Raises LedgerUnavailableError."""
