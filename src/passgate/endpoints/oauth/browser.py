"""What is the same for every page: the cookie that ties a sign-in to one browser, and what is said when something is wrong."""

import re
import secrets

from aiohttp import web

from passgate.core.errors import (
    IssuerUnavailableError,
    LedgerUnavailableError,
    OAuthError,
    SecretUnavailableError,
    StoreError,
    TokenRefusedError,
)
from passgate.endpoints.oauth.forms import RefusedError
from passgate.endpoints.oauth.pages import error_page

_SECONDS = 3600
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)

TROUBLES = (
    RefusedError,
    OAuthError,
    TokenRefusedError,
    IssuerUnavailableError,
    SecretUnavailableError,
    StoreError,
    LedgerUnavailableError,
)
"""What a page may meet, and tell."""


class Browsers:
    """``url``: the issuer's. Over https the cookie is one that no other host can have set (``__Host-``)."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._secure = url.startswith("https:")
        self._name = "__Host-passgate" if self._secure else "passgate"

    def of(self, request: web.BaseRequest) -> str:
        """What it keeps; empty for a browser that was not here before."""
        value = request.cookies.get(self._name, "")
        return value if _VALUE.fullmatch(value) else ""

    def known(self, request: web.BaseRequest) -> str:
        """The same, or a new one, for ``send`` to hand out."""
        return self.of(request) or secrets.token_urlsafe(32)

    def send(self, url: str, browser: str) -> web.Response:
        """On to the provider."""
        response = redirect(url)
        response.set_cookie(
            self._name, browser, max_age=_SECONDS, path="/", secure=self._secure, httponly=True, samesite="Lax"
        )
        return response

    def check_origin(self, request: web.BaseRequest) -> None:
        """A form that another site's page has filled in. Raises RefusedError."""
        origin = request.headers.get("Origin", self._url)
        if origin != self._url or request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
            raise RefusedError(403, "invalid_request", "this form came from another site")


def redirect(url: str) -> web.Response:
    """303: whatever it was, the next is a GET, so a form's content goes nowhere else (RFC 9700, section 4.12)."""
    headers = {"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    return web.Response(status=303, headers=headers)


def told(error: Exception) -> web.Response:
    """One of ``TROUBLES``, for a person."""
    if isinstance(error, RefusedError):
        return error_page(error.status, f"{error}.")
    if isinstance(error, (OAuthError, TokenRefusedError)):
        return error_page(400, f"{error}.")
    return error_page(503, type(error).__doc__ or "")  # its own words are not for strangers
