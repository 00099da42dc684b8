"""Refusals in the words of each dialect: as an answer before the first byte, as an event after it.

Both providers' SDKs try again by themselves after 408, 409, 429 and 5xx, unless ``x-should-retry`` says no; what trying again
cannot change says so. No message repeats what was found.
"""

from dataclasses import dataclass
from enum import StrEnum

import orjson

from passgate.codecs.llm.operation import Dialect, Operation
from passgate.core.errors import LocalProtocolError


class Cause(StrEnum):
    """Why a request is refused; the word is the ``code`` of OpenAI's errors."""

    POLICY = "policy_denied"
    HELD = "approval_required"
    SCOPE = "pass_scope"
    UNKNOWN_PATH = "unknown_path"
    METHOD = "method_not_allowed"
    MODEL = "model_not_found"
    BAD_REQUEST = "invalid_request"
    TOO_LARGE = "request_too_large"
    ENCODING = "unsupported_encoding"
    CREDENTIAL = "invalid_api_key"
    PASS_ENDED = "pass_ended"
    RATE = "rate_limit_exceeded"  # waiting helps
    BUDGET = "budget_spent"  # waiting does not
    UNAVAILABLE = "gate_unavailable"  # ledger, store or detectors
    UPSTREAM_UNREACHABLE = "upstream_unreachable"
    UPSTREAM_TIMEOUT = "upstream_timeout"
    UPSTREAM_BROKEN = "upstream_broken"
    WEBSOCKET = "websocket_unsupported"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    status: int
    openai: str
    anthropic: str
    final: bool = True


_FORMS = {
    Cause.POLICY: _Form(status=403, openai="permission_error", anthropic="permission_error"),
    Cause.HELD: _Form(status=403, openai="permission_error", anthropic="permission_error"),
    Cause.SCOPE: _Form(status=403, openai="permission_error", anthropic="permission_error"),
    Cause.UNKNOWN_PATH: _Form(status=404, openai="invalid_request_error", anthropic="not_found_error"),
    Cause.MODEL: _Form(status=404, openai="invalid_request_error", anthropic="not_found_error"),
    Cause.METHOD: _Form(status=405, openai="invalid_request_error", anthropic="invalid_request_error"),
    Cause.BAD_REQUEST: _Form(status=400, openai="invalid_request_error", anthropic="invalid_request_error"),
    Cause.TOO_LARGE: _Form(status=413, openai="invalid_request_error", anthropic="request_too_large"),
    Cause.ENCODING: _Form(status=415, openai="invalid_request_error", anthropic="invalid_request_error"),
    Cause.CREDENTIAL: _Form(status=401, openai="authentication_error", anthropic="authentication_error"),
    Cause.PASS_ENDED: _Form(status=401, openai="authentication_error", anthropic="authentication_error"),
    Cause.RATE: _Form(status=429, openai="rate_limit_error", anthropic="rate_limit_error", final=False),
    Cause.BUDGET: _Form(status=403, openai="insufficient_quota", anthropic="permission_error"),
    Cause.UNAVAILABLE: _Form(status=503, openai="server_error", anthropic="api_error", final=False),
    Cause.UPSTREAM_UNREACHABLE: _Form(status=502, openai="server_error", anthropic="api_error", final=False),
    Cause.UPSTREAM_TIMEOUT: _Form(status=504, openai="server_error", anthropic="timeout_error", final=False),
    Cause.UPSTREAM_BROKEN: _Form(status=502, openai="server_error", anthropic="api_error"),
    Cause.WEBSOCKET: _Form(status=426, openai="invalid_request_error", anthropic="invalid_request_error"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """``message``: for the person or the agent who asked. ``retry_after``: seconds, where waiting helps. ``param``: the
    pointer of the part that is wrong. ``allow``: the methods that the path has."""

    cause: Cause
    message: str
    retry_after: int | None = None
    param: str | None = None
    allow: tuple[str, ...] = ()

    @property
    def status(self) -> int:
        return _FORMS[self.cause].status


def refusal_body(refusal: Refusal, dialect: Dialect, *, request_id: str = "") -> bytes:
    """JSON. ``request_id``: the gate's own id of the call."""
    return orjson.dumps(_anthropic(refusal, request_id) if dialect is Dialect.ANTHROPIC else _openai(refusal))


def refusal_headers(refusal: Refusal, *, resource_metadata: str = "") -> list[tuple[str, str]]:
    """``resource_metadata``: where a client that has no token learns who gives one (RFC 9728, section 5.1)."""
    headers = [("content-type", "application/json")]
    if _FORMS[refusal.cause].final:
        headers.append(("x-should-retry", "false"))
    if refusal.retry_after is not None:
        headers.append(("retry-after", str(refusal.retry_after)))
    if refusal.cause is Cause.METHOD:
        headers.append(("allow", ", ".join(refusal.allow)))
    if refusal.cause is Cause.CREDENTIAL or refusal.cause is Cause.PASS_ENDED:
        where = f' resource_metadata="{resource_metadata}"' if resource_metadata else ""
        headers.append(("www-authenticate", f"Bearer{where}"))
    return headers


def refusal_event(refusal: Refusal, operation: Operation, *, sequence_number: int = 0, request_id: str = "") -> bytes:
    """The last server-sent event of an answer that has begun. ``sequence_number``: the next one of a Responses stream.

    Raises LocalProtocolError for an operation whose answer is no stream of events.
    """
    if operation.name in ("openai.chat", "openai.completions"):
        return b"data: " + orjson.dumps(_openai(refusal)) + b"\n\n"
    if operation.name in ("openai.responses", "openai.responses.read"):
        event = {
            "type": "error",
            "code": refusal.cause,
            "message": refusal.message,
            "param": refusal.param,
            "sequence_number": sequence_number,
        }
        return b"event: error\ndata: " + orjson.dumps(event) + b"\n\n"
    if operation.name == "anthropic.messages":
        return b"event: error\ndata: " + orjson.dumps(_anthropic(refusal, request_id)) + b"\n\n"
    raise LocalProtocolError(f"{operation.name} does not answer with events")


def _openai(refusal: Refusal) -> dict[str, object]:
    form = _FORMS[refusal.cause]
    error = {"message": refusal.message, "type": form.openai, "param": refusal.param, "code": refusal.cause}
    return {"error": error}


def _anthropic(refusal: Refusal, request_id: str) -> dict[str, object]:
    form = _FORMS[refusal.cause]
    error = {"type": form.anthropic, "message": refusal.message}
    return {"type": "error", "error": error, "request_id": request_id or None}
