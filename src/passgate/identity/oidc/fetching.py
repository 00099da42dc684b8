"""Reads an issuer's documents over HTTPS: bounded, following nothing, with no proxy of the environment in between."""

import ssl
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import orjson

from passgate.core.errors import IssuerUnavailableError
from passgate.identity.oidc.documents import Document, is_safe

_MAX_BYTES = 1024 * 1024
_SECONDS = 10.0


class HttpsFetch:
    """``ca``: the authority to trust instead of the system's."""

    def __init__(self, *, ca: Path | None = None) -> None:
        """Raises OSError if the file cannot be read."""
        self._tls = ssl.create_default_context(cafile=None if ca is None else str(ca))

    async def __call__(self, url: str, *, bearer: str | None = None) -> Document:
        """``bearer``: an access token to show. Raises IssuerUnavailableError."""
        status, body = await self._ask("GET", url, bearer=bearer)
        if status != 200:
            raise IssuerUnavailableError(f"the issuer answered {status}")
        return _document(body)

    async def post(self, url: str, form: Mapping[str, str]) -> tuple[int, Document]:
        """The status too, where the answer is one of OAuth's (RFC 6749, section 5). Raises IssuerUnavailableError."""
        status, body = await self._ask("POST", url, form)
        if status not in (200, 400, 401):
            raise IssuerUnavailableError(f"the issuer answered {status}")
        return status, _document(body)

    async def _ask(
        self, method: str, url: str, form: Mapping[str, str] | None = None, *, bearer: str | None = None
    ) -> tuple[int, bytes]:
        if not is_safe(url):
            raise IssuerUnavailableError("an issuer is asked over https only")
        headers = {"Accept": "application/json"} | ({} if bearer is None else {"Authorization": f"Bearer {bearer}"})
        try:
            timeout = aiohttp.ClientTimeout(total=_SECONDS)
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as client,
                client.request(method, url, data=form, ssl=self._tls, allow_redirects=False, headers=headers) as answer,
            ):
                body = await answer.content.read(_MAX_BYTES + 1)
                while len(body) <= _MAX_BYTES and not answer.content.at_eof():
                    body += await answer.content.read(_MAX_BYTES + 1 - len(body))
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise IssuerUnavailableError(f"the issuer cannot be reached: {type(error).__name__}") from error
        if len(body) > _MAX_BYTES:
            raise IssuerUnavailableError("the issuer's document is too large")
        return answer.status, body


def _document(body: bytes) -> Document:
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise IssuerUnavailableError("the issuer's document is not JSON") from error
    if not isinstance(document, dict):
        raise IssuerUnavailableError("the issuer's document is not an object")
    return document
