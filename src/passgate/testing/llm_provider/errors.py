"""Errors in each provider's own shape."""

from typing import Any

from passgate.testing.llm_provider import ids
from passgate.testing.llm_provider.script import Failure

_ANTHROPIC = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}
_OPENAI = {
    401: ("invalid_request_error", "invalid_api_key"),
    404: ("invalid_request_error", "model_not_found"),
    429: ("rate_limit_error", "rate_limit_exceeded"),
}


def anthropic(failure: Failure, *, request_id: str = "") -> dict[str, Any]:
    """``{"type": "error", "error": {"type", "message"}, "request_id"}``."""
    type_ = failure.type or _ANTHROPIC.get(failure.status, "api_error")
    error = {"type": type_, "message": failure.message}
    return {"type": "error", "error": error, "request_id": request_id or ids.base62("req_011C", 20)}


def openai(failure: Failure) -> dict[str, Any]:
    """``{"error": {"message", "type", "param", "code"}}``."""
    known = "server_error" if failure.status >= 500 else "invalid_request_error"
    type_, code = _OPENAI.get(failure.status, (known, None))
    error = {"message": failure.message, "type": failure.type or type_, "param": None, "code": failure.code or code}
    return {"error": error}
