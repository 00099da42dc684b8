"""What the command line asks of a gate and of a provider: JSON objects over HTTPS, bounded, following nothing."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import aiohttp
import orjson

from passgate.cli.reaching import trusting, why_not
from passgate.core.errors import SignInError

Answer = Mapping[str, object]

_SECONDS = 30.0
_MAX_BYTES = 1024 * 1024
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


async def get(url: str, ca: Path | None) -> Answer:
    """A JSON object. ``ca``: the authority to trust instead of the system's. Raises SignInError."""
    return await _send("GET", url, ca, None, errors=False)


async def post(url: str, form: Iterable[tuple[str, str]], ca: Path | None, *, errors: bool = False) -> Answer:
    """A JSON object; an OAuth error (RFC 6749, section 5.2) is one too if ``errors``. Raises SignInError."""
    return await _send("POST", url, ca, list(form), errors=errors)


def text(answer: Answer, name: str) -> str:
    """Raises SignInError if it is missing."""
    value = answer.get(name)
    if not isinstance(value, str) or not value:
        raise SignInError(f"the answer lacks {name}")
    return value


def check_safe(url: str) -> None:
    """HTTPS, or this very machine. Raises SignInError."""
    try:
        parts = urlsplit(url)
        safe = bool(parts.hostname) and (
            parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
        )
    except ValueError:
        safe = False
    if not safe or not url.isprintable():
        raise SignInError(f"{url[:200]!r} is no address that a sign-in may use: https only")


async def _send(method: str, url: str, ca: Path | None, form: list[tuple[str, str]] | None, *, errors: bool) -> Answer:
    check_safe(url)
    parts = urlsplit(url)
    where = f"{parts.scheme}://{parts.netloc}"
    headers = {"Accept": "application/json"}
    tls = trusting(ca)
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_SECONDS)) as client,
            client.request(method, url, data=form, ssl=tls, allow_redirects=False, headers=headers) as answer,
        ):
            body = bytearray()
            async for chunk in answer.content.iter_any():
                body += chunk
                if len(body) > _MAX_BYTES:
                    raise SignInError(f"{where} answered with more than {_MAX_BYTES} bytes")
            status = answer.status
    except (TimeoutError, aiohttp.ClientError, OSError) as error:
        raise SignInError(f"{where} cannot be reached: {why_not(error)}") from error
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict) or (status != 200 and not (errors and "error" in found)):
        raise SignInError(f"{where} answered {status}, and not as it should")
    return found
