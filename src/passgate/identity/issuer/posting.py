"""Posts forms to a provider's token endpoint: bounded, following nothing, with no proxy of the environment in between."""

import ssl
from collections.abc import Mapping
from pathlib import Path

import aiohttp
import orjson

from passgate.core.errors import IssuerUnavailableError
from passgate.identity.oidc.documents import Document, is_safe

_MAX_BYTES = 256 * 1024
_SECONDS = 10.0


class HttpsPost:
    """``ca``: the authority to trust instead of the system's."""

    def __init__(self, *, ca: Path | None = None) -> None:
        """Raises OSError if the file cannot be read."""
        self._tls = ssl.create_default_context(cafile=None if ca is None else str(ca))

    async def __call__(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> tuple[int, Document]:
        """Status and body; the body of an error may be nothing. Raises IssuerUnavailableError."""
        if not is_safe(url):
            raise IssuerUnavailableError("an issuer is asked over https only")
        try:
            timeout = aiohttp.ClientTimeout(total=_SECONDS)
            async with (
                aiohttp.ClientSession(timeout=timeout, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as client,
                client.post(
                    url,
                    data=dict(form),
                    ssl=self._tls,
                    allow_redirects=False,
                    headers={"Accept": "application/json", **headers},
                ) as answer,
            ):
                status = answer.status
                body = await _bounded(answer.content)
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            raise IssuerUnavailableError(f"the issuer cannot be reached: {type(error).__name__}") from error
        try:
            document = orjson.loads(body)
        except orjson.JSONDecodeError:
            document = None
        if isinstance(document, dict):
            return status, document
        if status != 200:
            return status, {}
        raise IssuerUnavailableError("the issuer's answer is not a JSON object")


async def _bounded(content: aiohttp.StreamReader) -> bytes:
    body = b""
    while not content.at_eof():
        body += await content.read(_MAX_BYTES + 1 - len(body))
        if len(body) > _MAX_BYTES:
            raise IssuerUnavailableError("the issuer's answer is too large")
    return body
