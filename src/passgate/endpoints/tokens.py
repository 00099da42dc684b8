"""Where a token of the identity provider becomes a pass: an OAuth token endpoint (RFC 8693, RFC 6749 section 5).

The pass comes back as an access token: the key that clients of models send, whose two halves are user and password for databases.
"""

import contextlib
import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Protocol
from urllib.parse import parse_qs

import orjson
from aiohttp import web

from passgate.core.action import VerbClass
from passgate.core.errors import (
    IssuerUnavailableError,
    LedgerUnavailableError,
    PassRequestError,
    StoreError,
    TokenRefusedError,
)
from passgate.core.event import Event, EventType
from passgate.pipeline.exchange import Exchange, Exchanged, ExchangeRequest, SignIn
from passgate.pipeline.protocols import Recorder

TOKEN_PATH = "/oauth/token"
METADATA_PATH = "/.well-known/oauth-authorization-server"

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
PASS = "urn:passgate:token-type:pass"
SUBJECT_TYPES = frozenset(f"urn:ietf:params:oauth:token-type:{name}" for name in ("id_token", "jwt", "access_token"))

_MAX_BODY = 64 * 1024
_FIELDS = frozenset(
    {
        "grant_type",
        "subject_token",
        "subject_token_type",
        "requested_token_type",
        "audience",
        "scope",
        "purpose",
        "ticket",
        "ttl",
        "agent",
        "task",
    }
)


class Attempts(Protocol):
    """Slows down who guesses. ``peer`` is an address without port; so is ``name`` here."""

    def allow(self, peer: str, name: str, /) -> bool: ...

    def failed(self, peer: str, name: str, /) -> None: ...


class _RefusedError(Exception):
    """An error of RFC 6749, section 5.2."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class TokenEndpoint:
    """``sign_in``: where people sign in, told to whoever asks."""

    def __init__(
        self,
        *,
        exchange: Exchange,
        sign_in: Sequence[SignIn],
        attempts: Attempts,
        recorder: Recorder,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._exchange = exchange
        self._sign_in = tuple(sign_in)
        self._attempts = attempts
        self._recorder = recorder
        self._now = now

    async def serve(self, request: web.BaseRequest) -> web.Response | None:
        """None: the path is nobody's here."""
        path = request.rel_url.raw_path
        if path == METADATA_PATH and request.method in ("GET", "HEAD"):
            return self._metadata(request)
        if path != TOKEN_PATH:
            return None
        if request.method != "POST":
            return _error(_RefusedError(405, "invalid_request", "POST a form to this path"))
        peer = request.remote or ""
        try:
            _check_safe(request)
            self._check_rate(peer)
            exchanged = await self._exchange.exchange(await _asked(request))
        except _RefusedError as error:
            return self._refused(error, peer)
        except TokenRefusedError as error:
            self._attempts.failed(peer, peer)
            return self._refused(_RefusedError(400, "invalid_grant", str(error)), peer)
        except PassRequestError as error:
            return self._refused(_RefusedError(400, "invalid_scope", str(error)), peer)
        except (IssuerUnavailableError, StoreError) as error:
            return self._refused(
                _RefusedError(503, "temporarily_unavailable", type(error).__doc__ or ""), peer, str(error)
            )
        return _answer(200, self._issued(exchanged))

    def _check_rate(self, peer: str) -> None:
        """By address alone: there is nothing else that a guesser could not choose."""
        if not self._attempts.allow(peer, peer):
            raise _RefusedError(429, "slow_down", "too many tokens from this address were refused")

    def _issued(self, exchanged: Exchanged) -> dict[str, object]:
        pass_ = exchanged.pass_
        return {
            "access_token": f"{pass_.id}.{exchanged.secret}",
            "issued_token_type": PASS,
            "token_type": "Bearer",
            "expires_in": max(int((pass_.expires - self._now()).total_seconds()), 0),
            "scope": " ".join(sorted(verb.value for verb in pass_.verbs)),
            "pass": pass_.id,
            "secret": exchanged.secret,
            "resources": sorted(pass_.resources),
            "task": pass_.task,
            "principal": str(pass_.principal),
        }

    def _metadata(self, request: web.BaseRequest) -> web.Response:
        """RFC 8414, with the providers that people sign in at besides."""
        origin = f"{request.url.scheme}://{request.url.authority}"
        return _answer(
            200,
            {
                "issuer": origin,
                "token_endpoint": origin + TOKEN_PATH,
                "grant_types_supported": [GRANT],
                "token_endpoint_auth_methods_supported": ["none"],
                "response_types_supported": [],
                "scopes_supported": sorted(verb.value for verb in VerbClass),
                "passgate_sign_in": [asdict(one) for one in self._sign_in],
            },
        )

    def _refused(self, error: _RefusedError, peer: str, why: str = "") -> web.Response:
        event = Event(
            type=EventType.TOKEN_REFUSED, detail={"peer": peer, "code": error.code, "reason": why or str(error)}
        )
        with contextlib.suppress(LedgerUnavailableError):  # refused is refused
            self._recorder.append(event)
        return _error(error)


def _check_safe(request: web.BaseRequest) -> None:
    """A token in clear on a network is anybody's. Raises _RefusedError."""
    if request.scheme == "https":
        return
    try:
        local = ipaddress.ip_address(request.remote or "").is_loopback
    except ValueError:
        local = False
    if not local:
        raise _RefusedError(400, "invalid_request", "tokens are taken over https only")


async def _asked(request: web.BaseRequest) -> ExchangeRequest:
    """Raises _RefusedError."""
    if request.content_type != "application/x-www-form-urlencoded":
        raise _RefusedError(400, "invalid_request", "send a form (application/x-www-form-urlencoded)")
    if (request.content_length or 0) > _MAX_BODY:
        raise _RefusedError(413, "invalid_request", f"a form has at most {_MAX_BODY} bytes")
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > _MAX_BODY:
            raise _RefusedError(413, "invalid_request", f"a form has at most {_MAX_BODY} bytes")
    try:
        form = parse_qs(body.decode("ascii"), strict_parsing=True, errors="strict", max_num_fields=100)
    except ValueError as error:
        raise _RefusedError(400, "invalid_request", "this is no form") from error
    return _request(form)


def _request(form: dict[str, list[str]]) -> ExchangeRequest:
    unknown = sorted(set(form) - _FIELDS)
    if unknown:
        raise _RefusedError(400, "invalid_request", f"there is no parameter {unknown[0][:40]!r}")
    for name, values in form.items():
        if len(values) > 1 and name != "audience":
            raise _RefusedError(400, "invalid_request", f"{name} is given twice")
    if form.get("grant_type") != [GRANT]:
        raise _RefusedError(400, "unsupported_grant_type", f"the grant type is {GRANT}")
    if not set(form.get("subject_token_type", [])) <= SUBJECT_TYPES or "subject_token_type" not in form:
        raise _RefusedError(400, "invalid_request", f"subject_token_type is one of {', '.join(sorted(SUBJECT_TYPES))}")
    if form.get("requested_token_type", [PASS]) != [PASS]:
        raise _RefusedError(400, "invalid_request", f"what comes back is {PASS}")
    verbs = _one(form, "scope", "read").replace(",", " ").split()
    known = {verb.value for verb in VerbClass}
    wrong = [verb for verb in verbs if verb not in known]
    if wrong:
        raise _RefusedError(400, "invalid_scope", f"{wrong[0][:40]!r} is no verb; there are {', '.join(sorted(known))}")
    return ExchangeRequest(
        token=_one(form, "subject_token"),
        resources=frozenset(form.get("audience", [])),
        verbs=frozenset(VerbClass(verb) for verb in verbs),
        purpose=_one(form, "purpose"),
        ticket=_one(form, "ticket", "") or None,
        ttl=_seconds(_one(form, "ttl", "")),
        agent=_one(form, "agent", "") or None,
        task=_one(form, "task", "") or None,
    )


def _one(form: dict[str, list[str]], name: str, default: str | None = None) -> str:
    values = form.get(name, [] if default is None else [default])
    if not values:
        raise _RefusedError(400, "invalid_request", f"{name} is missing")
    return values[0]


def _seconds(text: str) -> timedelta | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise _RefusedError(400, "invalid_request", "ttl is a number of seconds")
    return timedelta(seconds=int(text))


def _error(error: _RefusedError) -> web.Response:
    return _answer(error.status, {"error": error.code, "error_description": str(error)})


def _answer(status: int, body: dict[str, object]) -> web.Response:
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    return web.Response(status=status, body=orjson.dumps(body), content_type="application/json", headers=headers)
