"""Clients of models' APIs come in here: one listener for every dialect."""

import contextlib
import ssl
from collections.abc import Mapping

from aiohttp import web
from multidict import CIMultiDict

from passgate.codecs.llm.refusal import Cause, Refusal, refusal_body, refusal_headers
from passgate.core.errors import LedgerUnavailableError
from passgate.core.event import Event, EventType, Json
from passgate.endpoints.attempts import LoginLimits
from passgate.endpoints.beside import Beside
from passgate.endpoints.doorway import Doorway
from passgate.endpoints.llm.admission import Admission
from passgate.endpoints.llm.call import SERVER, LlmCall, nearest
from passgate.endpoints.llm.server import Server
from passgate.endpoints.llm.services import Services
from passgate.endpoints.llm.sessions import LlmSessions
from passgate.endpoints.llm.settings import LlmSettings, LlmTargets, OwnTokens
from passgate.endpoints.llm.upstream import Upstreams
from passgate.pipeline.gate import Steps
from passgate.pipeline.live import EndReason, LiveSessions
from passgate.pipeline.protocols import Budgets, Passes, Telemetry
from passgate.pipeline.receipt import looked_at

_BACKLOG = 1024

_GREETING = b"Passgate: a gate to models' APIs.\n"


class LlmEndpoint:
    """One listener. ``targets`` may be replaced as a whole by its owner; sessions keep what they began with."""

    def __init__(
        self,
        *,
        settings: LlmSettings,
        steps: Steps,
        passes: Passes,
        logins: LoginLimits,
        targets: LlmTargets,
        live: LiveSessions,
        tls: ssl.SSLContext | None,
        budgets: Budgets | None,
        telemetry: Telemetry,
        beside: Beside | None = None,
        own: OwnTokens | None = None,
    ) -> None:
        """``tls`` None: plain HTTP; ``budgets`` None: nobody has one; ``beside``: asked first, answers what is no model's; ``own``:
        the gate's own tokens, None where it issues none."""
        self._beside = beside
        limits = settings.limits
        sessions = LlmSessions(steps=steps, live=live, idle=limits.idle)
        self._services = Services(
            limits=limits,
            steps=steps,
            targets=targets,
            admission=Admission(passes=passes, logins=logins, known=sessions.known, now=steps.now, own=own),
            sessions=sessions,
            upstreams=Upstreams(limits),
            budgets=budgets,
            telemetry=telemetry,
        )
        self._tls = tls
        self._runner: web.ServerRunner | None = None

    @property
    def port(self) -> int:
        """Where it listens, once started."""
        if self._runner is None or not self._runner.addresses:
            raise ConnectionError("not started")
        port: int = self._runner.addresses[0][1]
        return port

    async def start(self, host: str, port: int, *, reuse_port: bool = False) -> None:
        """Raises OSError if the address cannot be had."""
        await self._services.upstreams.open()
        limits = self._services.limits
        door = Doorway(places=limits.connections, share=limits.login_share, note=self._crowd)
        server = Server(self._serve, self._malformed, limits, door)
        self._runner = web.ServerRunner(server, handle_signals=False, shutdown_timeout=self._services.limits.end)
        await self._runner.setup()
        site = web.TCPSite(
            self._runner, host, port, ssl_context=self._tls, backlog=_BACKLOG, reuse_port=reuse_port or None
        )
        await site.start()

    async def close(self) -> None:
        """Stop listening, end every session, wait until all of them are recorded."""
        if self._runner is not None:
            for site in tuple(self._runner.sites):
                await site.stop()
        await self._services.sessions.end_all(EndReason.SHUTDOWN)
        if self._runner is not None:
            await self._runner.cleanup()
        await self._services.upstreams.close()
        self._services.aside.close()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        if request.rel_url.raw_path == "/" and request.method in ("GET", "HEAD"):
            response: web.StreamResponse | None = web.Response(
                body=_GREETING, content_type="text/plain", headers=SERVER
            )
        else:
            response = await self._beside(request) if self._beside is not None else None
        if response is not None:
            response.force_close()  # as of everybody whom no key has let in
        else:
            response = await LlmCall(self._services, request).respond()
        response.headers.setdefault("Server", "passgate")
        return response

    def _crowd(self, detail: Mapping[str, Json]) -> None:
        with contextlib.suppress(LedgerUnavailableError):  # turned away is turned away
            event = Event(type=EventType.BOUND_HIT, detail=detail)
            self._services.steps.recorder.append(event).durable.add_done_callback(looked_at)

    def _malformed(self, request: web.BaseRequest, status: int) -> web.Response:
        """Of what came nothing can be trusted, not even its path."""
        cause = Cause.UNAVAILABLE if status >= 500 else Cause.BAD_REQUEST
        message = "The gate could not serve this call." if status >= 500 else "This is not a request of HTTP/1.1."
        refusal = Refusal(cause=cause, message=message)
        event = Event(
            type=EventType.PROTOCOL_ERROR,
            detail={"peer": request.remote or "", "code": cause.value, "reason": message},
        )
        with contextlib.suppress(LedgerUnavailableError):  # turned away is turned away
            self._services.steps.recorder.append(event).durable.add_done_callback(looked_at)
        return web.Response(
            status=refusal.status,
            headers=CIMultiDict([*refusal_headers(refusal), *SERVER.items()]),
            body=refusal_body(refusal, nearest(request)),
        )
