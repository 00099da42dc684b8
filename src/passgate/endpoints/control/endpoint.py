"""The control API on an HTTP listener: who asks, whether they may, what is written down, and only then what is done."""

import asyncio
import hashlib
import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from passgate.core.address import place_of
from passgate.core.errors import LedgerCorruptError, LedgerUnavailableError, StoreError
from passgate.core.event import Event, EventType, Json
from passgate.endpoints.control.callers import Callers
from passgate.endpoints.control.document import document, keeps_answer
from passgate.endpoints.control.idempotency import begin, used_key
from passgate.endpoints.control.problem import MEDIA_TYPE, Code, Fault, ProblemError, faults
from passgate.endpoints.control.rates import Rate
from passgate.endpoints.control.route import PREFIX, AnyRoute, Call, Effect, Route, Routes
from passgate.endpoints.control.schema import Answer, Body, NoBody, NoQuery, Query
from passgate.pipeline.control import Caller, IdempotencyKeys, KeptAnswer, Role, UsedKey
from passgate.pipeline.protocols import Recorder
from passgate.pipeline.receipt import looked_at

MAX_BODY = 1024 * 1024
"""Larger than any bundle and its cases."""

_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
}
"""An answer is for a program: no browser shows, keeps or shares it. There is no CORS, and no cookie is ever looked at."""


class OpenApi(Answer):
    """The document itself."""

    model_config = ConfigDict(extra="allow", frozen=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sent:
    """What the client is given."""

    status: int
    body: bytes
    media_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class ControlEndpoint:
    """``routes`` without the document's own, which is added here. Raises ConfigError for a table that leaves something open."""

    def __init__(
        self,
        *,
        routes: Sequence[AnyRoute],
        callers: Callers,
        keys: IdempotencyKeys,
        recorder: Recorder,
        public_url: str,
        version: str,
        per_caller: Rate,
        per_address: Rate,
    ) -> None:
        own: AnyRoute = Route(
            method="GET", path="/openapi.json", name="getDocument", about="This document (OpenAPI 3.1).",
            roles=frozenset(Role), query=NoQuery, body=NoBody, answer=OpenApi, handler=self._document,
        )  # fmt: skip
        self.routes = Routes([own, *routes])
        self.document = document(self.routes.all, server=public_url, version=version)
        self._callers = callers
        self._keys = keys
        self._recorder = recorder
        self._per_caller = per_caller
        self._per_address = per_address
        self._changing: set[asyncio.Task[_Sent]] = set()

    async def serve(self, request: web.BaseRequest) -> web.Response | None:
        """None: the path is nobody's here."""
        path = request.rel_url.raw_path
        if path != PREFIX and not path.startswith(PREFIX + "/"):
            return None
        sent = await self._answer(request, path)
        headers = [*_HEADERS.items(), *sent.headers]
        return web.Response(status=sent.status, body=sent.body, headers=headers, content_type=sent.media_type)

    async def _document(self, _call: Call[NoQuery, NoBody]) -> OpenApi:
        return OpenApi.model_validate(self.document)

    # -- one call --------------------------------------------------------------------------------------------------

    async def _answer(self, request: web.BaseRequest, path: str) -> _Sent:
        peer = request.remote or ""
        caller: Caller | None = None
        try:
            self._per_address.take(place_of(peer))
            _check_safe(request)
            caller = await self._callers.identify(request.headers.getall("Authorization", []), peer=peer)
            self._per_caller.take(caller.name)
            return await self._called(request, path, caller)
        except ProblemError as error:
            if error.code in (Code.UNAUTHENTICATED, Code.FORBIDDEN):
                self._refused(request.method, path, error, caller, peer)
            return _problem(error)
        except (StoreError, LedgerUnavailableError, LedgerCorruptError) as error:
            # The class alone: a message may name files of this machine.
            return _problem(ProblemError(Code.UNAVAILABLE, f"{type(error).__doc__} Nothing more was done; try again."))

    async def _called(self, request: web.BaseRequest, path: str, caller: Caller) -> _Sent:
        found = self.routes.find(request.method, path.removeprefix(PREFIX))
        route = found.route
        if route is None:
            allowed = ", ".join(found.allowed)
            raise ProblemError(Code.METHOD_NOT_ALLOWED, f"This path takes {allowed}.", headers={"Allow": allowed})
        if not caller.roles & route.roles:
            wanted = ", ".join(sorted(role.value for role in route.roles))
            raise ProblemError(
                Code.FORBIDDEN, f"{route.name} is for the roles {wanted}; {caller.name} has none of them."
            )
        query = _query(request, route)
        raw = await _read(request, route)
        call = Call(caller=caller, path=found.path, query=query, body=_body(raw, route))
        if route.effect is not Effect.CHANGES:
            return await self._read_back(route, call)
        used = None
        if keeps_answer(route):
            digest = hashlib.sha256(b"\n".join([path.encode(), raw])).hexdigest()
            used = used_key(request.headers.getall("Idempotency-Key", []), caller, route, digest)
        # A client that goes away does not leave a change half done.
        task = asyncio.get_running_loop().create_task(self._change(route, call, used))
        self._changing.add(task)
        task.add_done_callback(self._changing.discard)
        return await asyncio.shield(task)

    async def _read_back(self, route: AnyRoute, call: Call[Any, Any]) -> _Sent:
        """That somebody looks at the record is on record before they see it."""
        if route.effect is Effect.VIEWS:
            detail = {"command": f"api {route.name}", "peer": call.caller.peer, **call.path}
            await self._record(EventType.AUDIT_VIEWED, call.caller, detail)
        return _Sent(status=route.status, body=_json(await route.handler(call)))

    async def _change(self, route: AnyRoute, call: Call[Any, Any], used: UsedKey | None) -> _Sent:
        """The event first, then the effect, then what became of it, then the answer.

        A key is free again where nothing can have come of it; after any other failure nobody may try it anew unknowingly.
        """
        if used is not None:
            kept = begin(self._keys, used)
            if kept is not None:
                return _Sent(status=kept.status, body=kept.body, headers=(("Idempotency-Replayed", "true"),))
        begun = await self._begun(route, call, used)
        ended: dict[str, Json] = {"call": begun, "operation": route.name}
        try:
            answer = await route.handler(call)
        except ProblemError as error:
            if used is not None:
                self._keys.forget(used)
            await self._record(EventType.CONTROL_ANSWERED, call.caller, {**ended, "status": error.code.status})
            raise
        await self._record(EventType.CONTROL_ANSWERED, call.caller, {**ended, "status": route.status})
        if used is not None:
            kept_answer = answer.kept()
            status = route.status if kept_answer is answer else 200
            self._keys.finish(used, KeptAnswer(status=status, body=_json(kept_answer)))
        return _Sent(status=route.status, body=_json(answer))

    async def _begun(self, route: AnyRoute, call: Call[Any, Any], used: UsedKey | None) -> str:
        """The id of the event. Raises LedgerUnavailableError."""
        detail: dict[str, Json] = {"operation": route.name, "peer": call.caller.peer, **call.path}
        try:
            return await self._record(EventType.CONTROL_CALLED, call.caller, detail)
        except LedgerUnavailableError:
            if used is not None:
                self._keys.forget(used)
            raise

    # -- the ledger ------------------------------------------------------------------------------------------------

    async def _record(self, type_: EventType, caller: Caller, detail: Mapping[str, Json]) -> str:
        """Its id, once it is durable. Raises LedgerUnavailableError."""
        receipt = self._recorder.append(Event(type=type_, actor=caller.name, detail=detail))
        await asyncio.shield(receipt.durable)
        return receipt.event_id

    def _refused(self, method: str, path: str, error: ProblemError, caller: Caller | None, peer: str) -> None:
        """Best effort: refused is refused. Bounded by the rate of calls from an address."""
        detail: dict[str, Json] = {
            "peer": peer,
            "status": error.code.status,
            "method": method[:20],
            "path": path[:200],
            "reason": str(error)[:300],
        }
        event = Event(type=EventType.CONTROL_REFUSED, actor="" if caller is None else caller.name, detail=detail)
        try:
            self._recorder.append(event).durable.add_done_callback(looked_at)
        except LedgerUnavailableError:
            return


def _check_safe(request: web.BaseRequest) -> None:
    """A token in clear on a network is anybody's. Raises ProblemError."""
    if request.scheme == "https":
        return
    try:
        local = ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        local = False
    if not local:
        raise ProblemError(Code.FORBIDDEN, "The control API is served over https only.")


def _query(request: web.BaseRequest, route: AnyRoute) -> Query:
    given = request.query
    twice = sorted({name for name in given if len(given.getall(name)) > 1})
    if twice:
        what = [Fault(where=f"query.{name[:100]}", what="stands there more than once") for name in twice[:20]]
        raise ProblemError(Code.MALFORMED, "A parameter is given more than once.", faults=what)
    try:
        model: Query = route.query.model_validate(dict(given))
    except ValidationError as error:
        raise ProblemError(
            Code.MALFORMED, "The query is not as the document says: see errors.", faults=faults("query", error)
        ) from None
    return model


async def _read(request: web.BaseRequest, route: AnyRoute) -> bytes:
    """Raises ProblemError. Of an operation without a body nothing is read."""
    if not route.has_body:
        if request.content_length or "Transfer-Encoding" in request.headers:
            raise ProblemError(Code.MALFORMED, f"{route.name} takes no body.")
        return b""
    if request.content_type != "application/json" or (request.charset or "utf-8").lower() != "utf-8":
        raise ProblemError(Code.MEDIA_TYPE, "Send Content-Type: application/json, in UTF-8.")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise ProblemError(Code.MEDIA_TYPE, "Send the body as it is, without a Content-Encoding.")
    too_large = ProblemError(Code.TOO_LARGE, f"A body has at most {MAX_BODY} bytes.")
    if (request.content_length or 0) > MAX_BODY:
        raise too_large
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY:
            raise too_large
    return bytes(body)


def _body(raw: bytes, route: AnyRoute) -> Body:
    if not route.has_body:
        return NoBody()
    try:
        orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise ProblemError(Code.MALFORMED, "The body is not JSON (RFC 8259).") from None
    try:
        model: Body = route.body.model_validate_json(raw)
    except ValidationError as error:
        raise ProblemError(
            Code.NOT_ACCEPTED, "The body is not as the document says: see errors.", faults=faults("body", error)
        ) from None
    return model


def _json(answer: BaseModel) -> bytes:
    return answer.model_dump_json(by_alias=True).encode()


def _problem(error: ProblemError) -> _Sent:
    problem = error.problem()
    body = problem.model_dump_json().encode()
    return _Sent(status=problem.status, body=body, media_type=MEDIA_TYPE, headers=tuple(error.headers.items()))
