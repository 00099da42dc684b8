"""Where a provider says that somebody has signed out (OpenID Connect Back-Channel Logout 1.0, section 2.5)."""

import contextlib
import logging
from urllib.parse import parse_qs

import orjson
from aiohttp import web

from passgate.core.errors import IssuerUnavailableError, LedgerUnavailableError, StoreError, TokenRefusedError
from passgate.core.event import Event, EventType
from passgate.endpoints.attempts import Attempts
from passgate.endpoints.bounded_body import read_bounded
from passgate.endpoints.safe_transport import is_safe
from passgate.pipeline.directory import Logout
from passgate.pipeline.protocols import Recorder

LOGOUT_PATH = "/oidc/backchannel-logout"

_MAX_BODY = 64 * 1024
_LOG = logging.getLogger(__name__)


class LogoutEndpoint:
    def __init__(self, *, logout: Logout, attempts: Attempts, recorder: Recorder) -> None:
        self._logout = logout
        self._attempts = attempts
        self._recorder = recorder

    async def serve(self, request: web.BaseRequest) -> web.Response | None:
        """None: the path is nobody's here."""
        if request.rel_url.raw_path != LOGOUT_PATH:
            return None
        if request.method != "POST":
            return _answer(405, "POST a form to this path")
        peer = request.remote or ""
        if not self._attempts.allow(peer, peer):
            return self._refused(429, "too many tokens from this address were refused", peer)
        try:
            await self._logout.logged_out(await _token(request))
        except TokenRefusedError as error:
            self._attempts.failed(peer, peer)
            return self._refused(400, str(error), peer)
        except (IssuerUnavailableError, StoreError) as error:
            _LOG.error("a logout failed: %s", error)
            return self._refused(400, type(error).__doc__ or "", peer)
        return web.Response(status=200, headers={"Cache-Control": "no-store"})

    def _refused(self, status: int, reason: str, peer: str) -> web.Response:
        event = Event(type=EventType.LOGOUT_REFUSED, detail={"peer": peer, "reason": reason})
        with contextlib.suppress(LedgerUnavailableError):  # refused is refused
            self._recorder.append(event)
        return _answer(status, reason)


async def _token(request: web.BaseRequest) -> str:
    """Raises TokenRefusedError."""
    if not is_safe(request):
        raise TokenRefusedError("tokens are taken over https only")
    if request.content_type != "application/x-www-form-urlencoded":
        raise TokenRefusedError("send a form (application/x-www-form-urlencoded)")
    body = await read_bounded(request, _MAX_BODY)
    if body is None:
        raise TokenRefusedError(f"a form has at most {_MAX_BODY} bytes")
    try:
        form = parse_qs(body.decode("ascii"), strict_parsing=True, errors="strict", max_num_fields=100)
    except ValueError as error:
        raise TokenRefusedError("this is no form") from error
    tokens = form.get("logout_token", [])
    if len(tokens) != 1:
        raise TokenRefusedError("the form has one logout_token")
    return tokens[0]


def _answer(status: int, reason: str) -> web.Response:
    """Section 2.8."""
    body = orjson.dumps({"error": "invalid_request", "error_description": reason})
    return web.Response(
        status=status, body=body, content_type="application/json", headers={"Cache-Control": "no-store"}
    )
