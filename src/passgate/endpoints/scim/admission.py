"""Who may speak for the directory: whoever holds its bearer token (RFC 6750)."""

import hmac
from typing import Protocol

from aiohttp import web

from passgate.codecs.scim.problem import ScimError
from passgate.core.errors import SecretUnavailableError
from passgate.endpoints.attempts import Attempts
from passgate.endpoints.safe_transport import is_safe

_MAX_TOKEN = 4096


class Secret(Protocol):
    async def obtain(self) -> str:
        """Raises SecretUnavailableError."""


class Admission:
    """``secret``: the token as it is configured."""

    def __init__(self, *, secret: Secret, attempts: Attempts) -> None:
        self._secret = secret
        self._attempts = attempts

    async def check(self, request: web.BaseRequest) -> None:
        """Raises ScimError."""
        if not is_safe(request):
            raise ScimError(403, "the directory's token is taken over https only")
        peer = request.remote or ""
        if not self._attempts.allow(peer, peer):
            raise ScimError(429, "too many wrong tokens came from this address: wait a minute")
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            raise ScimError(401, "send Authorization: Bearer and the directory's token")
        try:
            expected = await self._secret.obtain()
        except SecretUnavailableError as error:
            raise ScimError(
                503, "the directory's token is not to be had on this side: look into the gate's log"
            ) from error
        if len(token) > _MAX_TOKEN or not hmac.compare_digest(
            token.strip().encode("utf-8", "surrogateescape"), expected.encode("utf-8", "surrogateescape")
        ):
            self._attempts.failed(peer, peer)
            raise ScimError(401, "the token is not the directory's")
