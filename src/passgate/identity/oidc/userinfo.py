"""What a provider says of a person beyond what fits into a token (OpenID Connect Core, section 5.3)."""

from typing import Protocol

from passgate.core.errors import IssuerUnavailableError, TokenRefusedError
from passgate.identity.oidc.documents import Document, Fetch, check_issuer, discovery_url, is_safe_of

_MAX_TOKEN = 16 * 1024


class FetchAs(Fetch, Protocol):
    """Reads as somebody who is asked for a bearer token (RFC 6750), too."""

    async def __call__(self, url: str, *, bearer: str | None = None) -> Document:
        """Raises IssuerUnavailableError, which repeats nothing of the bearer token."""


class UserInfo:
    """Of one issuer."""

    def __init__(self, issuer: str, fetch: FetchAs) -> None:
        self._issuer = issuer
        self._fetch = fetch

    async def of(self, subject: str, access_token: str) -> Document:
        """The claims about ``subject``, the ``sub`` of an ID token that was verified before. An access token of somebody else would
        bring their groups along, so that the subjects must be the same (section 5.3.2).

        Raises TokenRefusedError, IssuerUnavailableError.
        """
        if not (0 < len(access_token) <= _MAX_TOKEN and access_token.isascii() and access_token.isprintable()):
            raise TokenRefusedError("the access token is no token")
        document = await self._fetch(discovery_url(self._issuer))
        check_issuer(self._issuer, document)
        url = document.get("userinfo_endpoint")
        if not isinstance(url, str) or not is_safe_of(self._issuer, url):
            raise IssuerUnavailableError(f"the discovery document of {self._issuer} names no userinfo behind https")
        claims = await self._fetch(url, bearer=access_token)
        found = claims.get("sub")
        if found != subject:
            raise TokenRefusedError("the access token is another person's than the ID token")
        return claims
