"""One exchange with a Vault: bounded in bytes, time and attempts, following nothing, with no proxy of the environment in between.

Vault's HTTP API, "Introduction": JSON under ``/v1/``, the token in ``X-Vault-Token``, the namespace in ``X-Vault-Namespace``.
"""

import asyncio
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import aiohttp
import orjson

from passgate.core.errors import SecretUnavailableError
from passgate.credentials.vault.errors import VaultRefusedError, VaultUnreachableError, refusal

Json = str | int | float | bool | None | Sequence["Json"] | Mapping[str, "Json"]
Document = Mapping[str, Json]

_MAX_BYTES = 1024 * 1024
_PAUSES = (0.1, 0.4)
"""Seconds before the second and the third attempt."""

_AGAIN = frozenset({412, 429, 502, 503, 504})
"""Refused before anything was done, so that it may be asked again. 412: a node that has not heard yet of a token just made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VaultServer:
    """``name``: the operator's own; ``address``: its origin; ``tls``: for https; ``seconds``: what one question may take in all."""

    name: str
    address: str
    namespace: str = ""
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    seconds: float = 10.0

    async def ask(
        self, method: str, path: str, *, token: str = "", body: Document | None = None, repeatable: bool = True
    ) -> Document:
        """``path``: below ``/v1/``. ``repeatable``: it does no harm to ask again where it is not known whether the first was heard.

        Raises SecretUnavailableError (VaultRefusedError, VaultUnreachableError); none holds anything that the server said.
        """
        if not (token.isascii() and token.isprintable()):
            raise SecretUnavailableError(f"the token for vault {self.name} holds what no HTTP header can")
        try:
            async with asyncio.timeout(self.seconds):
                return await self._ask_again(method, path, token=token, body=body, repeatable=repeatable)
        except TimeoutError as error:
            raise VaultUnreachableError(f"vault {self.name} gave no answer within {self.seconds:g} s") from error

    async def _ask_again(
        self, method: str, path: str, *, token: str, body: Document | None, repeatable: bool
    ) -> Document:
        for pause in _PAUSES:
            try:
                return await self._ask_once(method, path, token=token, body=body)
            except VaultRefusedError as error:
                if error.status not in _AGAIN or error.sealed:
                    raise
            except VaultUnreachableError as error:
                if not repeatable and error.heard:
                    raise
            await asyncio.sleep(pause)
        return await self._ask_once(method, path, token=token, body=body)

    async def _ask_once(self, method: str, path: str, *, token: str, body: Document | None) -> Document:
        headers = {"Accept": "application/json", "X-Vault-Request": "true"}
        if token:
            headers["X-Vault-Token"] = token
        if self.namespace:
            headers["X-Vault-Namespace"] = self.namespace
        data = None if body is None else orjson.dumps(body)
        try:
            async with (
                aiohttp.ClientSession(trust_env=False, cookie_jar=aiohttp.DummyCookieJar()) as client,
                client.request(
                    method,
                    f"{self.address}/v1/{path}",
                    data=data,
                    headers=headers,
                    ssl=self.tls or True,
                    allow_redirects=False,
                    middlewares=(_Once(),),
                ) as answer,
            ):
                said = await _bounded(answer)
                status = answer.status
        except aiohttp.ClientConnectorCertificateError as error:
            raise VaultUnreachableError(
                f"vault {self.name} shows a certificate that is not trusted: let `ca` name its authority", heard=False
            ) from error
        except aiohttp.ClientConnectorError as error:  # nothing was sent
            raise VaultUnreachableError(
                f"vault {self.name} cannot be reached: {type(error).__name__}", heard=False
            ) from error
        except (aiohttp.ClientError, OSError) as error:
            raise VaultUnreachableError(f"vault {self.name} cannot be reached: {type(error).__name__}") from error
        if status == 204:
            return {}
        if status != 200:
            raise refusal(self.name, f"{method} {path}", status, said)
        document = _json(said)
        if document is None:
            raise VaultUnreachableError(f"vault {self.name} does not answer as a Vault does: is `address` right?")
        return document


class _Once:
    """aiohttp sends a GET again by itself when its connection is lost. Whether to is decided above, and not for all of them."""

    def __init__(self) -> None:
        self._sent = False

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        if self._sent:
            raise aiohttp.ServerDisconnectedError
        self._sent = True
        return await handler(request)


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    """One byte more than is taken, where there is more."""
    said = await answer.content.read(_MAX_BYTES + 1)
    while len(said) <= _MAX_BYTES and not answer.content.at_eof():
        said += await answer.content.read(_MAX_BYTES + 1 - len(said))
    return said


def _json(said: bytes) -> Document | None:
    if len(said) > _MAX_BYTES:
        return None
    try:
        document = orjson.loads(said)
    except orjson.JSONDecodeError:
        return None
    return document if isinstance(document, dict) else None
