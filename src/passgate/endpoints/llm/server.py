"""HTTP as clients speak it: aiohttp's server without its router, with bounds and answers of our own."""

import asyncio
import logging
import traceback
from collections.abc import Awaitable, Callable

from aiohttp import StreamReader, web
from aiohttp.abc import AbstractStreamWriter
from aiohttp.http_parser import RawRequestMessage
from aiohttp.web_protocol import RequestHandler, _ErrInfo

from passgate.endpoints.doorway import Doorway, Knock, Standing
from passgate.endpoints.llm.settings import Limits

_LOG = logging.getLogger(__name__)

_SILENT = logging.getLogger(f"{__name__}.aiohttp")
"""aiohttp logs requests that it cannot read, word for word: they may hold keys."""
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False

_HEADERS = 256
_LINE = 16 * 1024

_WORDS = b"Too many connections from this address have sent no request yet. Try again in a few seconds.\n"
_CROWDED = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\nRetry-After: 5\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%s" % (len(_WORDS), _WORDS)
)

Handler = Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]
Malformed = Callable[[web.BaseRequest, int], web.Response]
"""What a request is answered that is not HTTP, or that the gate failed at: by its status."""


class Server(web.Server):
    """``malformed`` answers what never reaches ``handler``, and what it did not foresee."""

    def __init__(self, handler: Handler, malformed: Malformed, limits: Limits, door: Doorway | None = None) -> None:
        """``door`` None: no address is told from another."""
        super().__init__(
            handler,
            request_factory=self._heard,
            handler_cancellation=True,
            logger=_SILENT,
            access_log=None,
            auto_decompress=False,
            keepalive_timeout=limits.keepalive,
            max_line_size=_LINE,
            max_field_size=limits.headers,
            max_headers=_HEADERS,
        )
        self.malformed = malformed
        self._limits = limits
        self._silent: dict[RequestHandler, asyncio.TimerHandle] = {}
        self._door = door
        self._knocks: dict[RequestHandler, Knock] = {}

    def __call__(self) -> "Connection":
        return Connection(self, loop=self._loop, **self._kwargs)

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        if len(self._connections) > self._limits.connections:
            transport.abort()
            return
        if self._door is not None:
            peer = transport.get_extra_info("peername")
            address = peer[0] if isinstance(peer, tuple) else ""
            knock = self._door.knock(address, taken=len(self._connections) - 1)
            if knock.standing is not Standing.IN:
                knock.leave()
                transport.write(_CROWDED)
                transport.close()
                return
            self._knocks[handler] = knock
        self._silent[handler] = self._loop.call_later(self._limits.login, transport.abort)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        self.heard(handler)
        super().connection_lost(handler, exc)

    def _heard(
        self,
        message: RawRequestMessage,
        payload: StreamReader,
        protocol: RequestHandler,
        writer: AbstractStreamWriter,
        task: "asyncio.Task[None]",
    ) -> web.BaseRequest:
        self.heard(protocol)
        return self._make_request(message, payload, protocol, writer, task)

    def heard(self, handler: RequestHandler) -> None:
        """The first request of a connection is there."""
        knock = self._knocks.pop(handler, None)
        if knock is not None:
            knock.leave()
        timer = self._silent.pop(handler, None)
        if timer is not None:
            timer.cancel()


class Connection(RequestHandler):
    """One client's."""

    __slots__ = ("_server",)

    def __init__(self, server: Server, *, loop: asyncio.AbstractEventLoop, **settings: object) -> None:
        super().__init__(server, loop=loop, **settings)  # type: ignore[arg-type] # aiohttp's own, handed through
        self._server = server

    def data_received(self, data: bytes) -> None:
        """What is not HTTP in the middle of a body ends that body: its call would wait for the rest, which never comes."""
        super().data_received(data)
        if not self._messages or not isinstance(self._messages[-1][0], _ErrInfo):
            return
        current = self._current_request
        bodies = [payload for _, payload in self._messages] + ([current.content] if current is not None else [])
        for body in bodies:
            if not body.is_eof():
                body.set_exception(web.RequestPayloadError("not framed as HTTP frames bodies"))

    def eof_received(self) -> None:
        """A client that closes its half in the middle of a call has gone: nothing can be written any more, and what is written
        already need not be taken first, which may be never."""
        if self._current_request is not None and self.transport is not None:
            self.transport.abort()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 - it may repeat what the client sent
    ) -> web.StreamResponse:
        if isinstance(exc, ConnectionError):  # the client is gone: nobody to answer, nothing to mend
            raise exc
        if exc is not None and status >= 500:
            _LOG.error("a call failed: %s", _where(exc))
        if request.writer.output_size > 0:
            raise ConnectionError("an answer is on its way already")
        answer = self._server.malformed(request, status)
        answer.force_close()
        return answer


def _where(error: BaseException) -> str:
    """Which error, and the lines of code that led to it; never its message, which may hold what somebody sent."""
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return f"{type(error).__name__} at " + " < ".join(f"{f.name} ({f.filename}:{f.lineno})" for f in reversed(frames))
