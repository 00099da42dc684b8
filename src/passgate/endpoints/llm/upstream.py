"""The way to the providers: one pool of connections, fixed hosts, nothing followed, nothing decoded behind our back."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from functools import partial

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.client_reqrep import ConnectionKey
from aiohttp.connector import Connection
from aiohttp.tracing import Trace
from multidict import CIMultiDict
from yarl import URL

from passgate.codecs.llm.headers import Provider, answer_headers, request_headers
from passgate.codecs.llm.own_credential import own_credential
from passgate.core.errors import PassgateError, RemoteProtocolError, SecretUnavailableError, TargetUnavailableError
from passgate.core.masker import Lane
from passgate.endpoints.llm.settings import Limits, LlmTarget

_DNS_SECONDS = 30
"""How long an address is believed."""

_IDLE_SECONDS = 20.0
"""Shorter than any provider keeps a connection, so that one which is closed just now is rarely used again."""

_TELLS_ITSELF = frozenset({"Accept", "Accept-Encoding", "Content-Type", "User-Agent"})
"""What aiohttp would add of its own."""

_ID = re.compile(r"[A-Za-z0-9_.:/=+-]{1,128}", re.ASCII)

_LINE = 16 * 1024
_SLICE = 256 * 1024


class UpstreamTimeoutError(PassgateError):
    """The provider did not answer in time."""


class UpstreamCutError(PassgateError):
    """The provider's answer broke off."""


Body = bytes | AsyncIterator[bytes] | None


class Answer:
    """An answer whose head has come. ``close`` lets go of its connection, and cancels what is still to come."""

    def __init__(self, target: LlmTarget, response: aiohttp.ClientResponse, credential: str | None) -> None:
        self.target = target
        self.status = response.status
        self.media = response.headers.get("Content-Type", "")
        self.coding = response.headers.get("Content-Encoding", "").strip().lower()
        self._response = response
        self.unsaid = b""
        self._own = own_credential(credential) if credential else None
        self._headers = answer_headers(response.headers.items(), credential=credential)

    @property
    def request_id(self) -> str:
        """The provider's own, empty where it does not look like one."""
        headers = dict(self._headers)
        said = headers.get("request-id") or headers.get("x-request-id") or ""
        return said if _ID.fullmatch(said) else ""

    def passed(self) -> list[tuple[str, str]]:
        """The headers that the caller is to see."""
        return self._headers

    async def read(self, limit: int) -> bytes:
        """All of it. Raises OverflowError past ``limit``, UpstreamCutError, UpstreamTimeoutError."""
        parts: list[bytes] = []
        size = 0
        while part := await self.next():
            size += len(part)
            if size > limit:
                raise OverflowError
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def told(self, data: bytes) -> bytes:
        """Decoded data without the gate's credential: a provider that refuses a key may repeat it, however written."""
        return data if self._own is None else self._own.taken_out(data)

    def lane(self, lane: Lane) -> Lane:
        """The same of one text of a stream, which may be spread over many events."""
        return lane if self._own is None else self._own.lane(lane)

    def told_so_far(self, data: bytes) -> bytes:
        """The same of a stream's next piece. What may be the beginning of the credential waits in ``unsaid`` for what follows."""
        if self._own is None:
            return data
        data = self._own.taken_out(self.unsaid + data)
        said = len(data) - self._own.unsettled(data)
        self.unsaid = data[said:]
        return data[:said]

    def ready(self) -> bytes:
        """What has come and waits, empty if that is nothing."""
        if self._response.content.exception() is not None:
            return b""  # ``next`` says why
        return self._response.content.read_nowait()

    async def next(self) -> bytes:
        """What has come since, empty at the end. Raises UpstreamCutError, UpstreamTimeoutError."""
        try:
            return await self._response.content.readany()
        except TimeoutError as error:  # aiohttp's own are of this kind too
            raise UpstreamTimeoutError from error
        except (aiohttp.ClientError, OSError) as error:
            raise UpstreamCutError(f"The provider's answer broke off: {type(error).__name__}") from error

    def close(self) -> None:
        """Back to the pool if it was read to its end, closed otherwise."""
        if self._response.content.at_eof():
            self._response.release()
        else:
            self._response.close()


class _Line(ResponseHandler):
    """A connection to a provider that knows when nobody has asked it anything."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.idle = False

    def data_received(self, data: bytes) -> None:
        if data and self.idle:  # aiohttp calls with nothing, too
            self.force_close()
        super().data_received(data)


class _Connector(aiohttp.TCPConnector):
    """What comes on a connection while nobody has asked anything (a second answer, the rest of one that was longer than it said)
    would be taken for the answer to the next question, which somebody else may ask: such a connection is not used again."""

    def __init__(self, *, limit_per_host: int) -> None:
        super().__init__(
            limit=0, limit_per_host=limit_per_host, ttl_dns_cache=_DNS_SECONDS, keepalive_timeout=_IDLE_SECONDS
        )
        self._factory = partial(_Line, loop=self._loop)  # type: ignore[assignment] # one of its own kind

    async def _get(self, key: ConnectionKey, traces: list[Trace]) -> Connection | None:
        while (connection := await super()._get(key, traces)) is not None:
            line = connection.protocol
            if isinstance(line, _Line) and not line.should_close:
                line.idle = False
                return connection
            connection.close()
        return None

    def _release(self, key: ConnectionKey, protocol: ResponseHandler, *, should_close: bool = False) -> None:
        if isinstance(protocol, _Line):
            protocol.idle = True
        super()._release(key, protocol, should_close=should_close)


class Upstreams:
    """One pool for all targets, from ``open`` to ``close``."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._client: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        connector = _Connector(limit_per_host=self._limits.upstream_connections)
        self._client = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=_TELLS_ITSELF,
            timeout=aiohttp.ClientTimeout(total=None, connect=self._limits.connect, sock_read=self._limits.read),
            max_line_size=_LINE,
            max_field_size=self._limits.headers,
        )

    async def close(self) -> None:
        if self._client is not None:
            await self._client.close()

    async def send(
        self, target: LlmTarget, *, method: str, path: str, headers: Iterable[tuple[str, str]], body: Body
    ) -> Answer:
        """``path``: with its query, as the caller sent it; ``headers``: the caller's. The credential is put in here, the last thing
        before it leaves. Raises TargetUnavailableError, UpstreamTimeoutError, SecretUnavailableError, RemoteProtocolError.
        """
        if self._client is None:
            raise TargetUnavailableError("the gate is not started")
        credential = await _credential(target)
        sent = request_headers(headers, provider=Provider(target.provider), credential=credential)
        if isinstance(body, bytes) and len(body) > _SLICE:
            sent.append(("content-length", str(len(body))))
            body = _slices(body)
        try:
            response = await self._client.request(
                method,
                URL(target.url + path, encoded=True),
                data=body,
                headers=CIMultiDict(sent),
                allow_redirects=False,
                ssl=target.tls if target.tls is not None else True,
            )
        except TimeoutError as error:
            raise UpstreamTimeoutError(f"{target.name} did not answer in time: {type(error).__name__}") from error
        except (aiohttp.ClientError, OSError) as error:
            raise TargetUnavailableError(f"{target.name} cannot be reached: {type(error).__name__}") from error
        if response.status == 401 and target.credential is not None:
            target.credential.forget()
        if not 200 <= response.status <= 599 or response.status == 206:
            response.close()
            raise RemoteProtocolError("the status of the answer is none, or that of a part which nobody asked for")
        return Answer(target, response, credential)


async def _credential(target: LlmTarget) -> str | None:
    """Raises SecretUnavailableError."""
    if target.credential is None:
        return None
    secret = await target.credential.obtain()
    if not secret.isascii() or not secret.isprintable():
        raise SecretUnavailableError(f"The credential of {target.name} holds characters that no header can")
    return secret


async def _slices(body: bytes) -> AsyncIterator[bytes]:
    """A large body at once would fill the socket's buffer beyond any bound."""
    view = memoryview(body)
    for at in range(0, len(body), _SLICE):
        yield bytes(view[at : at + _SLICE])


async def within(answer: Answer, seconds: float) -> bytes | None:
    """What comes next, None if that takes longer."""
    if waiting := answer.ready():
        return waiting
    try:
        async with asyncio.timeout(seconds):
            return await answer.next()
    except TimeoutError:
        return None
