"""What OAuth clients send, a form, and what they are told, JSON (RFC 6749, sections 4 and 5; appendix B)."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import parse_qs

import orjson
from aiohttp import web

_MAX_BODY = 64 * 1024
_MAX_FIELDS = 100
_REPEATABLE = frozenset({"audience", "resource"})
"""RFC 8693 and RFC 8707: what may be given more than once."""


class RefusedError(Exception):
    """An error of RFC 6749, section 5.2."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """Parameters by name; what is empty is not there (RFC 6749, section 3.2)."""

    values: Mapping[str, Sequence[str]] = field(repr=False)

    def one(self, name: str) -> str:
        """Raises RefusedError if it is missing."""
        values = self.values.get(name)
        if not values:
            raise RefusedError(400, "invalid_request", f"{name} is missing")
        return values[0]

    def perhaps(self, name: str) -> str | None:
        values = self.values.get(name)
        return values[0] if values else None

    def many(self, name: str) -> Sequence[str]:
        return self.values.get(name, ())

    def names(self) -> frozenset[str]:
        return frozenset(self.values)


async def read_form(request: web.BaseRequest) -> Form:
    """Raises RefusedError."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise RefusedError(400, "invalid_request", "send a form (application/x-www-form-urlencoded)")
    if (request.content_length or 0) > _MAX_BODY:
        raise RefusedError(413, "invalid_request", f"a form has at most {_MAX_BODY} bytes")
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > _MAX_BODY:
            raise RefusedError(413, "invalid_request", f"a form has at most {_MAX_BODY} bytes")
    try:
        return parsed(body.decode("ascii"), what="form")
    except UnicodeDecodeError as error:
        raise RefusedError(400, "invalid_request", "this is no form") from error


def parsed(text: str, *, what: str) -> Form:
    """Raises RefusedError. ``what`` it is: a form, or a query."""
    if not text:
        return Form(values={})
    try:
        values = parse_qs(
            text, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=_MAX_FIELDS
        )
    except ValueError as error:
        raise RefusedError(400, "invalid_request", f"this is no {what}") from error
    for name, given in values.items():
        if len(given) > 1 and name not in _REPEATABLE:
            raise RefusedError(400, "invalid_request", f"{name[:40]} is given twice")
    return Form(values={name: given for name, given in values.items() if any(given)})


def check_safe(request: web.BaseRequest) -> None:
    """A token in clear on a network is anybody's. Raises RefusedError."""
    if request.scheme == "https":
        return
    try:
        local = ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        local = False
    if not local:
        raise RefusedError(400, "invalid_request", "tokens are taken over https only")


def check_method(request: web.BaseRequest, *methods: str) -> None:
    """Raises RefusedError."""
    if request.method not in methods:
        raise RefusedError(405, "invalid_request", f"this path takes {' and '.join(methods)}")


def refusal(error: RefusedError) -> web.Response:
    return answer(error.status, {"error": error.code, "error_description": str(error)})


def answer(status: int, body: Mapping[str, object], *, keep_seconds: int = 0) -> web.Response:
    """``keep_seconds``: how long anybody may keep it; nothing that is a secret ever."""
    if keep_seconds:
        headers = {"Cache-Control": f"public, max-age={keep_seconds}"}
    else:
        headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json", headers=headers)
