"""What both ways back have in common: a bounded body, one use of each message, and a clear answer to whoever may not."""

import hashlib
from datetime import datetime, timedelta
from typing import Protocol

import orjson
from aiohttp import web

from passgate.endpoints.approvals.signatures import WINDOW_SECONDS

_MOST_BODY = 64 * 1024


class RefusedError(Exception):
    """Answered as problem details (RFC 9457)."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(detail)
        self.status = status


class Spent(Protocol):
    """Remembers what was used, for every process of this state folder."""

    def spend(self, digest: str, *, expires: datetime, now: datetime) -> bool:
        """False if it was spent before. Raises StoreError."""


async def body_of(request: web.BaseRequest, media: str) -> bytes:
    """Raises RefusedError."""
    if request.method != "POST":
        raise RefusedError(405, "POST to this path")
    if request.content_type != media:
        raise RefusedError(415, f"send {media}")
    body = bytearray()
    async for part in request.content.iter_any():
        body += part
        if len(body) > _MOST_BODY:
            raise RefusedError(413, f"a body has at most {_MOST_BODY} bytes")
    return bytes(body)


def spend_once(spent: Spent, channel: str, message: str, *, now: datetime) -> None:
    """Raises RefusedError where the message was used before, StoreError."""
    digest = hashlib.sha256(f"approvals\0{channel}\0{message}".encode()).hexdigest()
    if not spent.spend(digest, expires=now + timedelta(seconds=2 * WINDOW_SECONDS), now=now):
        raise RefusedError(409, "this message was used before: each has an id of its own")


def refused(error: RefusedError) -> web.Response:
    body = orjson.dumps({"title": "The vote was not counted", "status": error.status, "detail": str(error)})
    return web.Response(status=error.status, body=body, content_type="application/problem+json", headers=_HEADERS)


def answered(body: object) -> web.Response:
    return web.Response(body=orjson.dumps(body), content_type="application/json", headers=_HEADERS)


_HEADERS = {"Cache-Control": "no-store"}
