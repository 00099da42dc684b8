"""Asks a provider for a new ID token (OpenID Connect Core 1.0, section 12; RFC 6749, section 6), as the public client it knows."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from passgate.core.errors import IssuerUnavailableError, TokenRefusedError
from passgate.identity.oidc.documents import Document, discovery_url, is_safe_of


class Ask(Protocol):
    """Reads over HTTPS, bounded, following nothing. Both raise IssuerUnavailableError."""

    async def __call__(self, url: str) -> Document: ...

    async def post(self, url: str, form: Mapping[str, str]) -> tuple[int, Document]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """``refresh_token``: the next one, empty where the old one stays. The others are empty where the provider gave none."""

    id_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    access_token: str = field(default="", repr=False)


class Refreshing:
    """One provider's."""

    def __init__(self, *, issuer: str, client_id: str, ask: Ask) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._ask = ask

    async def reach(self) -> None:
        """Is it there? Raises IssuerUnavailableError."""
        await self._token_endpoint()

    async def refresh(self, token: str) -> Refreshed:
        """Raises TokenRefusedError where the provider says that the token is good no more (``invalid_grant``), and
        IssuerUnavailableError where it says nothing that can be understood."""
        form = {"grant_type": "refresh_token", "refresh_token": token, "client_id": self._client_id}
        status, said = await self._ask.post(await self._token_endpoint(), form)
        if status != 200:
            if said.get("error") == "invalid_grant":
                raise TokenRefusedError("the provider does not vouch for the person any more")
            raise IssuerUnavailableError("the provider refuses the client, not the person: is its client_id right?")
        id_token, refresh_token = said.get("id_token", ""), said.get("refresh_token", "")
        if not isinstance(id_token, str) or not isinstance(refresh_token, str):
            raise IssuerUnavailableError("the provider's answer is not one of OpenID Connect")
        access = said.get("access_token")
        return Refreshed(
            id_token=id_token, refresh_token=refresh_token, access_token=access if isinstance(access, str) else ""
        )

    async def _token_endpoint(self) -> str:
        document = await self._ask(discovery_url(self._issuer))
        url = document.get("token_endpoint")
        if document.get("issuer") != self._issuer or not isinstance(url, str) or not is_safe_of(self._issuer, url):
            raise IssuerUnavailableError(
                f"the discovery document of {self._issuer} names no token endpoint behind https"
            )
        return url
