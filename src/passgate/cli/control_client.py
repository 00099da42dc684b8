"""The command line's end of the control API. Blocking, for short-lived programs."""

import asyncio
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
import orjson

from passgate.cli.reaching import trusting, why_not
from passgate.core.errors import ConfigError, PassgateError

_SECONDS = 60.0
_MAX_BYTES = 64 * 2**20
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class ControlApiError(PassgateError):
    """The control API did not do it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlClient:
    """``gate``: its origin. ``ca``: authorities to trust instead of the system's."""

    gate: str
    token: str = field(repr=False)
    ca: Path | None = None

    def get(self, *path: str, **query: str | int | bool | None) -> Any:  # noqa: ANN401 - JSON
        return asyncio.run(self._call("GET", path, query=query))

    def post(self, *path: str, body: Mapping[str, object] | None = None) -> Any:  # noqa: ANN401 - JSON
        """With a key of its own, so that a call whose answer is lost on the way has one effect however often it is sent."""
        return asyncio.run(self._call("POST", path, body=body))

    def delete(self, *path: str) -> Any:  # noqa: ANN401 - JSON
        return asyncio.run(self._call("DELETE", path))

    async def _call(
        self,
        method: str,
        path: tuple[str, ...],
        *,
        query: Mapping[str, str | int | bool | None] | None = None,
        body: Mapping[str, object] | None = None,
    ) -> Any:  # noqa: ANN401 - JSON
        """Raises ControlApiError with what the gate said."""
        url = "/".join([f"{self.gate}/api/v1", *(quote(part, safe="@:+") for part in path)])
        headers = {"Authorization": f"Bearer {self.token}"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        sent = {name: _text(value) for name, value in (query or {}).items() if value is not None}
        timeout = aiohttp.ClientTimeout(total=_SECONDS)
        tls = trusting(self.ca)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.request(
                    method, url, params=sent, json=body, headers=headers, ssl=tls, allow_redirects=False
                ) as answer,
            ):
                return _understood(self.gate, answer.status, await _bounded(answer))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise ControlApiError(f"{self.gate} cannot be reached: {why_not(error)}") from error


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    """To its end, in however many pieces it comes. Raises ControlApiError."""
    body = bytearray()
    async for part in answer.content.iter_any():
        body += part
        if len(body) > _MAX_BYTES:
            raise ControlApiError(f"The answer has more than {_MAX_BYTES} bytes: ask for less (--limit)")
    return bytes(body)


def origin(gate: str) -> str:
    """Raises ConfigError for what is no address of a gate, or one that a token must not be sent to."""
    try:
        parts = urlsplit(gate.rstrip("/"))
        host = parts.hostname
    except ValueError:
        raise ConfigError("--gate is an address as in https://gate.example.com") from None
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in _LOOPBACK)
    if not safe or not host or parts.path or parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigError("--gate is an https address without a path, as in https://gate.example.com")
    return f"{parts.scheme}://{parts.netloc}"


def _understood(gate: str, status: int, data: bytes) -> Any:  # noqa: ANN401 - JSON
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError:
        raise ControlApiError(f"{gate} has no control API (status {status}, and no JSON)") from None
    if status in (200, 201):
        return body
    said = body.get("detail") if isinstance(body, dict) else None
    more = body.get("errors", []) if isinstance(body, dict) else []
    wrong = "".join(f"\n{one.get('where')}: {one.get('what')}" for one in more if isinstance(one, dict))
    raise ControlApiError(f"{said or f'{gate} answered with status {status}'}{wrong}")


def _text(value: str | int | bool | None) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
