"""A client's call: who asks, what for, which resource; and an answer of the gate's own where there is no other."""

import asyncio
import contextlib
import re
from collections.abc import Mapping
from functools import partial

from aiohttp import web
from multidict import CIMultiDict

from passgate.codecs.llm.call import Call
from passgate.codecs.llm.fields import read_call
from passgate.codecs.llm.headers import is_utf8
from passgate.codecs.llm.operation import Dialect, Operation, RequestBody
from passgate.codecs.llm.operations import allowed_methods, candidates, dialect_of
from passgate.codecs.llm.refusal import Cause, refusal_body, refusal_headers
from passgate.core.action import VerbClass
from passgate.core.errors import (
    AccessDeniedError,
    DetectorError,
    LedgerUnavailableError,
    LocalProtocolError,
    PassgateError,
    RemoteProtocolError,
    SecretUnavailableError,
    StoreError,
    TargetUnavailableError,
)
from passgate.core.event import Event, EventType
from passgate.core.passes import Pass
from passgate.endpoints.llm import bodies, routing
from passgate.endpoints.llm.admission import Key, Token, presented
from passgate.endpoints.llm.attempt import Attempt
from passgate.endpoints.llm.refused import RefusedError
from passgate.endpoints.llm.services import Services
from passgate.endpoints.llm.sessions import LlmSession
from passgate.endpoints.llm.settings import LlmTarget
from passgate.endpoints.llm.upstream import UpstreamCutError, UpstreamTimeoutError
from passgate.pipeline.live import EndReason
from passgate.pipeline.receipt import looked_at

SERVER = {"Server": "passgate"}
"""Which software answers is said by its name only."""

_PLAIN_PATH = re.compile(r"[A-Za-z0-9/_.-]{1,100}", re.ASCII)
_WORD = re.compile(r"(?:[a-z][a-z_-]{0,31}|v[0-9])?", re.ASCII)
_EVENTS = {
    Cause.TOO_LARGE: EventType.BOUND_HIT,
    Cause.BAD_REQUEST: EventType.PROTOCOL_ERROR,
    Cause.ENCODING: EventType.PROTOCOL_ERROR,
}
_FAILURES = frozenset({Cause.UPSTREAM_BROKEN, Cause.UPSTREAM_TIMEOUT, Cause.UPSTREAM_UNREACHABLE, Cause.UNAVAILABLE})
_CLOSING = frozenset({Cause.TOO_LARGE, Cause.WEBSOCKET})
"""What is left of such a request is not read. Nor does anybody keep a connection whom no key has let in: there are so many. Nor one
on which nobody knows whether a body comes next or another request: its client asked before it sends, and the answer was no."""


class LlmCall:
    """From a request's head to its recorded outcome. Implements ``InFlight``."""

    def __init__(self, services: Services, request: web.BaseRequest) -> None:
        self._services = services
        self._request = request
        self._task = asyncio.current_task()
        self._ended: EndReason | None = None
        self._dialect = nearest(request)
        self._pass_id = self._name = ""
        self._admitted = False
        self._attempt: Attempt | None = None
        self._session: LlmSession | None = None

    def end(self, reason: EndReason) -> None:
        """Answer what can be answered and go; whoever does not take it in time is cut off."""
        if self._ended is not None or self._task is None:
            return
        self._ended = reason
        self._task.cancel()
        if self._request.transport is not None:
            asyncio.get_running_loop().call_later(self._services.limits.end, self._request.transport.abort)

    @property
    def call_id(self) -> str:
        return self._attempt.call_id if self._attempt is not None else ""

    async def respond(self) -> web.StreamResponse:
        """Raises ConnectionError, CancelledError: the client is gone, and that is recorded."""
        try:
            return await self._respond()
        except asyncio.CancelledError:
            if self._ended is None or self._task is None:
                self._settle("cancelled", code="client_gone")
                raise
            self._task.uncancel()
            cause = Cause.POLICY if self._ended is EndReason.RULES else Cause.PASS_ENDED
            ended = RefusedError(cause, f"The call was ended: {self._ended.value}.", why=self._ended.value)
            return await self._turn_down(ended)
        except ConnectionError:
            self._settle("cancelled", code="client_gone")
            raise
        except PassgateError as error:
            return await self._turn_down(refused_for(error))
        finally:
            self._settle("error", code="gate_failed")  # unless it is settled: what nobody foresaw has an outcome too
            self._leave()

    # -- who asks, and what for ------------------------------------------------------------------------------------

    async def _respond(self) -> web.StreamResponse:
        request, services = self._request, self._services
        limit = services.limits.headers  # of each, the parser has seen to it
        if sum(len(name) + len(value) for name, value in request.raw_headers) > limit:
            raise RefusedError(Cause.TOO_LARGE, f"The headers are larger than {limit} bytes.")
        if _upgrades(request):
            raise RefusedError(Cause.WEBSOCKET, "WebSockets are not served here: use the HTTP API.")
        name, path = routing.named(request.rel_url.raw_path, services.targets)
        self._name = name
        operation = self._operation(path, name)
        self._dialect = operation.dialect
        credential = presented(request.headers)
        await self._admit(credential)
        self._admitted = True
        call = await self._read(operation, path)
        pass_ = await self._admit(credential)  # again: a body takes as long as its client likes
        target = routing.chosen(services.targets, pass_, operation.dialect, name, (call.model, *call.models))
        query = request.rel_url.raw_query_string
        return await self._served(pass_, target, call, f"{path}?{query}" if query else path)

    async def _admit(self, credential: Key | Token) -> Pass:
        """Raises RefusedError, StoreError."""
        admission, peer = self._services.admission, self._request.remote or ""
        if isinstance(credential, Key):
            self._pass_id = credential.pass_id
            return admission.admit(credential, peer)
        pass_ = await admission.admit_token(credential, peer, name=self._name)
        self._pass_id = pass_.id
        return pass_

    def _operation(self, path: str, name: str) -> Operation:
        """Raises RefusedError for what is not governed."""
        found = candidates(self._request.method, path)
        target = self._services.targets.get(name)
        if target is not None:
            found = tuple(one for one in found if one.dialect is target.dialect)
        operation = dialect_of(found, {header.lower(): "" for header in self._request.headers})
        if operation is None and target is not None and found:
            operation = found[0]
        if operation is not None:
            return operation
        methods = allowed_methods(path)
        if methods and not found:
            method = self._request.method[:20]
            raise RefusedError(Cause.METHOD, f"This path cannot be asked for with {method}.", allow=methods)
        raise RefusedError(Cause.UNKNOWN_PATH, "This path is not governed here, so it is not served." + _meant(path))

    async def _read(self, operation: Operation, path: str) -> Call:
        """Raises RefusedError, RemoteProtocolError."""
        body = b""
        if operation.request is RequestBody.JSON:
            if not is_utf8(self._request.headers.get("Content-Type", "")):
                raise RefusedError(Cause.ENCODING, "A body is read in UTF-8 here, and in nothing else.")
            limits = self._services.limits
            limit = limits.batch if operation.verb == "create_batch" else limits.body
            body = await bodies.whole(self._request, limit=limit, seconds=limits.send)
        elif operation.request is RequestBody.NONE and self._request.can_read_body:
            raise RefusedError(Cause.BAD_REQUEST, "This path takes no body.")
        reading = partial(
            read_call, operation, body, self._request.headers, self._request.rel_url.raw_query_string, path
        )
        try:
            return await self._services.aside.run(self._pass_id, len(body), reading)
        except RemoteProtocolError as error:
            said = str(error) if str(error).startswith(("not ", "for ")) else f"not as it has to be: {error}"
            raise RefusedError(Cause.BAD_REQUEST, f"The request is {said}.") from error

    # -- where -----------------------------------------------------------------------------------------------------

    async def _served(self, pass_: Pass, target: LlmTarget, call: Call, path: str) -> web.StreamResponse:
        """By the resource, or by the first that can stand in for it. What writes, or names what one provider keeps, stays."""
        targets = [target]
        if call.operation.verb_class is VerbClass.READ and call.operation.request is RequestBody.JSON:
            targets += routing.fallbacks(self._services.targets, pass_, target, (call.model, *call.models))
        for one in targets:
            self._session = await self._services.sessions.enter(pass_, one, self._request.remote or "", self)
            self._attempt = Attempt(
                services=self._services,
                request=self._request,
                gated=self._session.gated,
                bodies=self._session.bodies,
                target=one,
                call=call,
                path=path,
            )
            response = await self._attempt.run(last=one is targets[-1])
            if response is not None:
                return response
            self._leave()
        raise TargetUnavailableError(f"{target.name} cannot be reached")

    def _leave(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            session.leave(self)

    # -- an answer of the gate's own ---------------------------------------------------------------------------------

    def _settle(self, status: str, *, code: str) -> None:
        """Nobody waits for it any more; where it cannot be recorded the next boot finds an intent without an outcome."""
        if self._attempt is not None:
            with contextlib.suppress(LedgerUnavailableError):
                durable = self._attempt.settle(status, code=code)
                if durable is not None:
                    durable.add_done_callback(looked_at)

    async def _turn_down(self, error: RefusedError) -> web.StreamResponse:
        attempt, refusal = self._attempt, error.refusal
        if attempt is not None and attempt.begun:
            try:
                return await attempt.broken(error)
            finally:
                self._conclude(error)
        body = refusal_body(refusal, self._dialect, request_id=attempt.call_id if attempt is not None else "")
        where = self._services.admission.resource_metadata(self._name)
        headers = [*refusal_headers(refusal, resource_metadata=where), *SERVER.items()]
        if attempt is not None:
            headers += attempt.headers.items()
            attempt.told(refusal.status, body)
        self._conclude(error)
        response = web.Response(status=refusal.status, headers=CIMultiDict(headers), body=body)
        unsure = self._request.headers.get("Expect") and not self._request.content.is_eof()
        if self._ended is not None or refusal.cause in _CLOSING or not self._admitted or unsure:
            response.force_close()
        return response

    def _conclude(self, error: RefusedError) -> None:
        """The ledger is told, unless the verdict has told it: as an outcome where the call was let through."""
        attempt, cause = self._attempt, error.refusal.cause
        with contextlib.suppress(LedgerUnavailableError):  # refused is refused
            if attempt is not None and attempt.call_id:
                self._settle("error" if cause in _FAILURES else "cancelled", code=cause.value)
                return
            session = self._session.session if self._session is not None else None
            event = Event(
                type=_EVENTS.get(cause, EventType.SESSION_REFUSED if session is None else EventType.ACTION_REFUSED),
                session=session,
                actor=self._pass_id,
                detail={
                    "peer": self._request.remote or "",
                    "method": self._request.method[:20],
                    "path": plain_path(self._request.rel_url.raw_path),
                    "code": cause.value,
                    "reason": error.why,
                },
            )
            self._services.steps.recorder.append(event).durable.add_done_callback(looked_at)


def _upgrades(request: web.BaseRequest) -> bool:
    """To a WebSocket. Any other upgrade is only offered, HTTP/2 by clients of Java above all, and need not be taken (RFC 9110,
    section 7.8)."""
    return any("websocket" in offered.lower() for offered in request.headers.getall("Upgrade", ()))


def _meant(path: str) -> str:
    """What is wrong with a base URL, where that is all. SDKs put what they want behind it: OpenAI's without a version."""
    if allowed_methods(f"/v1{path}"):
        return " The base URL has to end in /v1 for this client."
    if path.startswith("/v1/") and allowed_methods(path.removeprefix("/v1")):
        return " The base URL must not end in /v1 for this client, which adds it."
    if allowed_methods(re.sub("/+", "/", path).rstrip("/")):
        return " It has a slash too many."
    return ""


def plain_path(path: str) -> str:
    """A path that was refused, as the ledger may know it: words only, ``*`` for what may be anything else."""
    if _PLAIN_PATH.fullmatch(path) is None:
        return "(withheld)"
    return "/".join(part if _WORD.fullmatch(part) else "*" for part in path.split("/"))


def nearest(request: web.BaseRequest) -> Dialect:
    """Whose errors a client understands that has not said what it wants."""
    anthropic = "anthropic-version" in request.headers or "/v1/messages" in request.rel_url.raw_path
    return Dialect.ANTHROPIC if anthropic else Dialect.OPENAI


def refused_for(error: PassgateError) -> RefusedError:
    """What a client is told of an error. Its own words are for the ledger."""
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, AccessDeniedError):  # a lock, which says what it may say
        return RefusedError(Cause.SCOPE, str(error))
    cause, message = _TOLD.get(type(error), (Cause.UNAVAILABLE, "The gate could not serve this call."))
    return RefusedError(cause, message, why=f"{type(error).__name__}: {error}")


_TOLD: Mapping[type[PassgateError], tuple[Cause, str]] = {
    DetectorError: (Cause.UNAVAILABLE, "The text could not be scanned, so it is not passed on."),
    LedgerUnavailableError: (Cause.UNAVAILABLE, "Nothing may happen that cannot be recorded: try again later."),
    StoreError: (Cause.UNAVAILABLE, "The gate cannot read its passes: try again later."),
    SecretUnavailableError: (Cause.UNAVAILABLE, "The provider's credential cannot be had: try again later."),
    TargetUnavailableError: (Cause.UPSTREAM_UNREACHABLE, "The provider cannot be reached."),
    UpstreamTimeoutError: (Cause.UPSTREAM_TIMEOUT, "The provider did not answer in time."),
    UpstreamCutError: (Cause.UPSTREAM_UNREACHABLE, "The provider's answer broke off."),
    RemoteProtocolError: (Cause.UPSTREAM_BROKEN, "The provider's answer could not be read, so it is not passed on."),
    LocalProtocolError: (Cause.UPSTREAM_BROKEN, "The provider answered in a form that was not asked for."),
}
