"""Passgate as a client of the company's provider: it sends people there and reads what they come back with (OpenID Connect Core,
section 3.1)."""

import base64
import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote_plus, urlencode

from passgate.core.errors import IssuerUnavailableError, OAuthError, TokenRefusedError
from passgate.identity.oidc.documents import Document, Fetch, discovery_url, is_safe_of

_FRESH_SECONDS = 600.0


class Post(Protocol):
    """Posts a form over HTTPS and reads one JSON object, bounded in size and time, following nothing."""

    async def __call__(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, Document]:
        """Status and body. Raises IssuerUnavailableError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What the provider knows Passgate by. ``secret`` None: a public client. ``redirect_uri``: registered there."""

    provider: str
    issuer: str
    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    secret: Callable[[], Awaitable[str]] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Redeemed:
    """What the provider gave for a code, unverified."""

    id_token: str = field(repr=False)
    access_token: str | None = field(default=None, repr=False)


class RelyingParty:
    def __init__(
        self, registration: Registration, *, fetch: Fetch, post: Post, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._own = registration
        self._fetch = fetch
        self._post = post
        self._clock = clock
        self._document: Document = {}
        self._read = float("-inf")

    @property
    def provider(self) -> str:
        return self._own.provider

    async def authorization_url(self, *, state: str, nonce: str, verifier: str) -> str:
        """Where the person signs in. Raises IssuerUnavailableError."""
        query = {
            "response_type": "code",
            "client_id": self._own.client_id,
            "redirect_uri": self._own.redirect_uri,
            "scope": " ".join(self._own.scopes),
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
        }
        endpoint = await self._endpoint("authorization_endpoint")
        return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(query)}"

    async def check_issuer(self, issuer: str) -> None:
        """RFC 9207, section 2.4: an answer of another provider (a mix-up). Raises OAuthError, IssuerUnavailableError."""
        promised = (await self._discovery()).get("authorization_response_iss_parameter_supported") is True
        if issuer != self._own.issuer and (issuer or promised):
            raise OAuthError("invalid_request", "the answer is not the provider's that this sign-in was begun at")

    async def redeem(self, code: str, *, verifier: str) -> Redeemed:
        """Raises TokenRefusedError for a code that is not good, IssuerUnavailableError."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._own.redirect_uri,
            "code_verifier": verifier,
            "client_id": self._own.client_id,
        }
        headers: dict[str, str] = {}
        if self._own.secret is not None:
            headers["Authorization"] = _basic(self._own.client_id, await self._own.secret())
        status, said = await self._post(await self._endpoint("token_endpoint"), form, headers)
        token = said.get("id_token")
        if status >= 500:
            raise IssuerUnavailableError(f"the issuer answered {status}")
        if status != 200 or not isinstance(token, str):
            raise TokenRefusedError("the provider gave no ID token for this sign-in: begin again")
        access = said.get("access_token")
        return Redeemed(id_token=token, access_token=access if isinstance(access, str) else None)

    async def _endpoint(self, name: str) -> str:
        endpoint = (await self._discovery()).get(name)
        if not isinstance(endpoint, str) or not is_safe_of(self._own.issuer, endpoint):
            raise IssuerUnavailableError(f"the discovery document of {self._own.issuer} names no {name} behind https")
        return endpoint

    async def _discovery(self) -> Document:
        now = self._clock()
        if now - self._read > _FRESH_SECONDS:
            document = await self._fetch(discovery_url(self._own.issuer))
            if document.get("issuer") != self._own.issuer:
                raise IssuerUnavailableError(f"the discovery document at {self._own.issuer} is another issuer's")
            self._document, self._read = document, now
        return self._document


def challenge(verifier: str) -> str:
    """S256 (RFC 7636, section 4.2)."""
    digest = hashlib.sha256(verifier.encode("utf-8", "surrogatepass")).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def _basic(client_id: str, secret: str) -> str:
    """RFC 6749, section 2.3.1: both are form-encoded first."""
    pair = f"{quote_plus(client_id)}:{quote_plus(secret)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()
