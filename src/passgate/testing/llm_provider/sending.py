"""How an answer goes out: headers, pieces, pace, and what the script says goes wrong."""

import asyncio
import gzip
from collections.abc import Iterable, Mapping
from typing import Any

from aiohttp import web

from passgate.testing.llm_provider import errors, ids
from passgate.testing.llm_provider.script import Failure, Fault, Script
from passgate.testing.llm_provider.wire import Frame, dumps

_EVENTS = "text/event-stream; charset=utf-8"
_MIDWAY = Failure(status=529, message="The stand-in was told to fail midway.")


def own_headers(*, anthropic: bool) -> dict[str, str]:
    """What the provider tells about itself; the cookie is there because real ones set one, and nobody may pass it on."""
    cookie = {"set-cookie": "__cf_bm=stand-in; path=/; HttpOnly"}
    if anthropic:
        limits = {"anthropic-ratelimit-requests-remaining": "999", "anthropic-organization-id": "org-stand-in"}
        return {"request-id": ids.base62("req_011C", 20), **limits, **cookie}
    return {
        "x-request-id": ids.hexadecimal("req_", 32),
        "openai-organization": "org-stand-in",
        "openai-processing-ms": "7",
        "openai-version": "2020-10-01",
        "x-ratelimit-remaining-requests": "999",
        **cookie,
    }


def is_anthropic(request: web.Request) -> bool:
    return request.path.startswith("/v1/messages") or "anthropic-version" in request.headers


async def whole(
    request: web.Request, document: Mapping[str, Any], script: Script, *, anthropic: bool
) -> web.StreamResponse:
    """One JSON document, or what goes wrong in its place."""
    if script.fault is Fault.HANG:
        await asyncio.Event().wait()
    if script.fault is Fault.CUT:
        return _cut(request, web.StreamResponse())
    data = dumps(document, script.writing)
    return await _send(request, [data], script, 200, "application/json", own_headers(anthropic=anthropic))


async def failure(request: web.Request, failed: Failure, script: Script, *, anthropic: bool) -> web.StreamResponse:
    headers = own_headers(anthropic=anthropic)
    body = failed.body
    if body is None:
        shape = errors.anthropic(failed, request_id=headers["request-id"]) if anthropic else errors.openai(failed)
        body = dumps(shape, script.writing)
    return await _send(request, [body], script, failed.status, failed.content_type, headers)


async def events(
    request: web.Request, frames: Iterable[Frame], script: Script, *, anthropic: bool
) -> web.StreamResponse:
    """Server-sent events, each a write of its own or several."""
    response = web.StreamResponse(
        headers={
            "content-type": _EVENTS,
            "cache-control": "no-cache",
            **own_headers(anthropic=anthropic),
            **script.headers,
        }
    )
    await response.prepare(request)
    for number, frame in enumerate(frames):
        if script.fault is not Fault.NONE and number == script.faultless:
            return await _go_wrong(request, response, script, anthropic=anthropic)
        if script.pace:
            await asyncio.sleep(script.pace)
        for piece in script.frame.data(frame.write(script.writing)):
            await response.write(piece)
            if script.frame.size:
                await asyncio.sleep(0)  # a write each, not one for all
    await response.write_eof()
    return response


async def raw(
    request: web.Request, data: bytes, script: Script, content_type: str, *, anthropic: bool
) -> web.StreamResponse:
    return await _send(request, [data], script, 200, content_type, own_headers(anthropic=anthropic))


async def _go_wrong(
    request: web.Request, response: web.StreamResponse, script: Script, *, anthropic: bool
) -> web.StreamResponse:
    if script.fault is Fault.HANG:
        await asyncio.Event().wait()
    if script.fault is Fault.CUT:
        return _cut(request, response)
    if anthropic:
        frame = Frame(event="error", data=errors.anthropic(_MIDWAY))
    elif request.path.endswith("/responses"):
        body = {"type": "error", "code": "server_error", "message": _MIDWAY.message, "param": None}
        frame = Frame(event="error", data={**body, "sequence_number": script.faultless})
    else:
        frame = Frame(data=errors.openai(_MIDWAY))
    await response.write(frame.write(script.writing))
    await response.write_eof()
    return response


async def _send(
    request: web.Request, pieces: list[bytes], script: Script, status: int, content_type: str, headers: dict[str, str]
) -> web.StreamResponse:
    if script.gzip:
        pieces = [gzip.compress(b"".join(pieces), mtime=0)]
        headers["content-encoding"] = "gzip"
    response = web.StreamResponse(status=status, headers={"content-type": content_type, **headers, **script.headers})
    if not script.frame.size:
        response.content_length = sum(map(len, pieces))
    await response.prepare(request)
    for whole_piece in pieces:
        for piece in script.frame.data(whole_piece):
            await response.write(piece)
            if script.frame.size:
                await asyncio.sleep(0)
    await response.write_eof()
    return response


def _cut(request: web.Request, response: web.StreamResponse) -> web.StreamResponse:
    """What was written still goes out, its end never does: the server finds the connection closed when it writes that."""
    if request.transport is not None:
        request.transport.close()
    return response
