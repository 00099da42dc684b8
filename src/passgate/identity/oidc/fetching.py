"""Reads an issuer's documents over HTTPS: bounded, following nothing, with no proxy of the environment in between."""

import ssl
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
        if not is_safe(url):
            raise IssuerUnavailableError("an issuer is asked over https only")
        headers = {"Accept": "application/json"} | ({} if bearer is None else {"Authorization": f"Bearer {bearer}"})
        try:
            timeout = aiohttp.ClientTimeout(total=_SECONDS)
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as client,
                client.get(url, ssl=self._tls, allow_redirects=False, headers=headers) as answer,
            ):
                if answer.status != 200:
                    raise IssuerUnavailableError(f"the issuer answered {answer.status}")
                body = await answer.content.read(_MAX_BYTES + 1)
                while len(body) <= _MAX_BYTES and not answer.content.at_eof():
                    body += await answer.content.read(_MAX_BYTES + 1 - len(body))
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise IssuerUnavailableError(f"the issuer cannot be reached: {type(error).__name__}") from error
        if len(body) > _MAX_BYTES:
            raise IssuerUnavailableError("the issuer's document is too large")
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise IssuerUnavailableError("the issuer's document is not JSON") from error
        if not isinstance(document, dict):
            raise IssuerUnavailableError("the issuer's document is not an object")
        return document
