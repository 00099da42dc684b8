"""How channels are told: one POST to a fixed address, nothing followed, little read of the answer."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from passgate.core.errors import ChannelError

_SECONDS = 10.0
_ANSWER_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    body: bytes = field(repr=False)


class Poster:
    """One pool of connections. ``tls`` None: the system's certificate authorities."""

    def __init__(self, *, tls: ssl.SSLContext | None = None, seconds: float = _SECONDS) -> None:
        self._tls = tls
        self._seconds = seconds
        self._client: aiohttp.ClientSession | None = None

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
        """Raises ChannelError where there is no answer, or it is a redirect: an address is what its operator wrote."""
        if self._client is None:
            self._client = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=self._seconds),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        try:
            async with self._client.post(
                URL(url, encoded=True),
                data=body,
                headers={"User-Agent": "passgate", **headers},
                allow_redirects=False,
                ssl=True if self._tls is None else self._tls,
            ) as response:
                if 300 <= response.status < 400:
                    raise ChannelError(f"it answers with a redirect ({response.status}), which is not followed")
                return Reply(status=response.status, body=await _bounded(response))
        except TimeoutError as error:
            raise ChannelError("it did not answer in time") from error
        except (aiohttp.ClientError, OSError) as error:
            raise ChannelError(f"it cannot be reached: {type(error).__name__}") from error

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None


async def _bounded(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for part in response.content.iter_chunked(8192):
        body += part
        if len(body) > _ANSWER_BYTES:
            raise ChannelError(f"its answer has more than {_ANSWER_BYTES} bytes")
    return bytes(body)
