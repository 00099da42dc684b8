"""Where tokens are asked for: an OAuth token endpoint (RFC 6749, sections 3.2 and 5), with token exchange (RFC 8693).

A token of the identity provider becomes a pass: the key that clients of models send, whose two halves are user and password for
databases. Or it becomes a token of the gate's own, for the control API or for the models of a pass.
"""

import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

from aiohttp import web

from passgate.core.action import VerbClass
from passgate.core.errors import (
    AccessPendingError,
    IssuerUnavailableError,
    LedgerUnavailableError,
    OAuthError,
    PassRequestError,
    StepUpRequiredError,
    StoreError,
    TokenRefusedError,
)
from passgate.core.event import Event, EventType
from passgate.endpoints.attempts import Attempts
from passgate.endpoints.oauth import TOKEN_PATH
from passgate.endpoints.oauth.forms import Form, RefusedError, answer, check_method, check_safe, read_form, refusal
from passgate.pipeline.exchange import Exchange, Exchanged, ExchangeRequest
from passgate.pipeline.issuing import API_PATH, OWN_CLIENT, TokenIssuer, Tokens
from passgate.pipeline.protocols import Recorder

GRANT = "urn:ietf:params:oauth:grant-type:token-exchange"
PASS = "urn:passgate:token-type:pass"
ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
SUBJECT_TYPES = frozenset(
    {PASS, *(f"urn:ietf:params:oauth:token-type:{name}" for name in ("id_token", "jwt", "access_token"))}
)

_FIELDS = frozenset(
    {
        "grant_type",
        "client_id",
        "subject_token",
        "subject_token_type",
        "requested_token_type",
        "resource",
        "audience",
        "scope",
        "purpose",
        "ticket",
        "ttl",
        "agent",
        "nonce_verifier",
        "subject_access_token",
        "task",
    }
)
_ABOUT_PASSES = ("audience", "scope", "purpose", "ticket", "ttl", "agent", "task", "subject_refresh_token")
_REFRESH_TOKEN = "subject_refresh_token"
_UNHEARD = frozenset({"authorization_pending", "slow_down"})
"""Answers that come again and again while somebody is about to sign in: the ledger need not hold them."""

_GUESSES = frozenset({"invalid_grant", "invalid_client"})


Grant = Callable[[Form], Awaitable[Tokens | Exchanged]]
"""What one ``grant_type`` gives. Raises RefusedError, OAuthError and what ``TokenIssuer`` raises."""


class TokenEndpoint:
    """``issuer`` None: the gate issues passes and no tokens. ``grants``: further ones by their type. ``recheck``: people's refresh
    tokens are taken too, to ask again later whether they are still there."""

    def __init__(
        self,
        *,
        exchange: Exchange,
        attempts: Attempts,
        recorder: Recorder,
        issuer: TokenIssuer | None = None,
        grants: Mapping[str, Grant] = MappingProxyType({}),
        recheck: bool = False,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._fields = _FIELDS | {_REFRESH_TOKEN} if recheck else _FIELDS
        self._exchange = exchange
        self._attempts = attempts
        self._recorder = recorder
        self._issuer = issuer
        self._grants = grants
        self._fields = _FIELDS | {_REFRESH_TOKEN} if recheck else _FIELDS
        self._now = now

    @property
    def recheck(self) -> bool:
        return _REFRESH_TOKEN in self._fields

    @property
    def grant_types(self) -> Sequence[str]:
        return (GRANT, *self._grants)

    async def serve(self, request: web.BaseRequest) -> web.Response | None:
        """None: the path is nobody's here."""
        if request.rel_url.raw_path != TOKEN_PATH:
            return None
        peer = request.remote or ""
        try:
            check_method(request, "POST")
            check_safe(request)
            self._check_rate(peer)
            return answer(200, await self._granted(await read_form(request)))
        except RefusedError as error:
            return self._refused(error, peer)
        except OAuthError as error:
            if error.code in _GUESSES:
                self._attempts.failed(peer, peer)
            return self._refused(
                RefusedError(401 if error.code == "invalid_client" else 400, error.code, str(error)), peer
            )
        except TokenRefusedError as error:
            self._attempts.failed(peer, peer)
            return self._refused(RefusedError(400, "invalid_grant", str(error)), peer)
        except StepUpRequiredError as error:
            return self._refused(_step_up(error), peer)
        except AccessPendingError as error:
            return refusal(RefusedError(400, "authorization_pending", str(error), {"request": error.request}))
        except PassRequestError as error:
            return self._refused(RefusedError(400, "invalid_scope", str(error)), peer)
        except (IssuerUnavailableError, StoreError, LedgerUnavailableError) as error:
            return self._refused(
                RefusedError(503, "temporarily_unavailable", type(error).__doc__ or ""), peer, str(error)
            )

    def _check_rate(self, peer: str) -> None:
        """By address alone: there is nothing else that a guesser could not choose."""
        if not self._attempts.allow(peer, peer):
            raise RefusedError(429, "slow_down", "too many tokens from this address were refused")

    async def _granted(self, form: Form) -> dict[str, object]:
        kind = form.perhaps("grant_type")
        if kind == GRANT:
            return await self._exchanged(form)
        grant = self._grants.get(kind or "")
        if grant is None:
            raise RefusedError(400, "unsupported_grant_type", f"the grant type is one of {', '.join(self.grant_types)}")
        given = await grant(form)
        return self._issued(given) if isinstance(given, Exchanged) else self._tokens(given)

    # -- token exchange --------------------------------------------------------------------------------------------

    async def _exchanged(self, form: Form) -> dict[str, object]:
        unknown = sorted(form.names() - self._fields)
        if unknown:
            raise RefusedError(400, "invalid_request", f"there is no parameter {unknown[0][:40]!r}")
        if form.perhaps("subject_token_type") not in SUBJECT_TYPES:
            raise RefusedError(
                400, "invalid_request", f"subject_token_type is one of {', '.join(sorted(SUBJECT_TYPES))}"
            )
        wanted = form.perhaps("requested_token_type") or PASS
        if wanted == PASS:
            if form.names() & {"resource", "client_id"}:
                raise RefusedError(
                    400, "invalid_request", f"resource and client_id are for the token type {ACCESS_TOKEN}"
                )
            return self._issued(await self._exchange.exchange(pass_request(form, token="subject_token")))
        if wanted != ACCESS_TOKEN:
            raise RefusedError(400, "invalid_request", f"what comes back is {PASS} or {ACCESS_TOKEN}")
        return {**self._tokens(await self._own(form)), "issued_token_type": ACCESS_TOKEN}

    async def _own(self, form: Form) -> Tokens:
        """A token of the gate's own."""
        issuer = self._issuer
        if issuer is None:
            raise RefusedError(
                400, "invalid_request", "this gate issues no access tokens: its identity.issuer is not configured"
            )
        client_id = form.perhaps("client_id") or OWN_CLIENT
        if client_id != OWN_CLIENT:
            raise RefusedError(400, "unauthorized_client", f"tokens are exchanged by the client {OWN_CLIENT} only")
        if not form.many("resource"):
            return await issuer.exchange(pass_request(form, token="subject_token"), client_id=client_id)
        api = issuer.url + API_PATH
        if list(form.many("resource")) != [api]:
            raise RefusedError(400, "invalid_target", f"the resource is {api}; name models and databases as audience")
        beside = [name for name in _ABOUT_PASSES if form.many(name)]
        if beside:
            raise RefusedError(
                400, "invalid_request", f"a token for the control API opens no resource: leave out {beside[0]}"
            )
        return await issuer.exchange_for_api(
            form.one("subject_token"),
            client_id=client_id,
            nonce_verifier=form.perhaps("nonce_verifier"),
            access_token=form.perhaps("subject_access_token"),
        )

    # -- what is answered ------------------------------------------------------------------------------------------

    def _issued(self, exchanged: Exchanged) -> dict[str, object]:
        pass_ = exchanged.pass_
        return {
            "access_token": f"{pass_.id}.{exchanged.secret}",
            "issued_token_type": PASS,
            "token_type": "Bearer",
            "expires_in": self._seconds_until(pass_.expires),
            "scope": " ".join(sorted(verb.value for verb in pass_.verbs)),
            "pass": pass_.id,
            "secret": exchanged.secret,
            "resources": sorted(pass_.resources),
            "task": pass_.task,
            "principal": str(pass_.principal),
            "chain": [str(link) for link in pass_.principal.links()],
        }

    def _tokens(self, tokens: Tokens) -> dict[str, object]:
        body: dict[str, object] = {
            "access_token": tokens.access_token,
            "token_type": "Bearer",
            "expires_in": self._seconds_until(tokens.expires),
            "scope": " ".join(sorted(tokens.scope)),
            "principal": str(tokens.principal),
        }
        if tokens.pass_id is not None:
            body |= {"pass": tokens.pass_id, "resources": sorted(tokens.resources)}
        if tokens.refresh_token is not None:
            body["refresh_token"] = tokens.refresh_token
        return body

    def _seconds_until(self, time: datetime) -> int:
        return max(int((time - self._now()).total_seconds()), 0)

    def _refused(self, error: RefusedError, peer: str, why: str = "") -> web.Response:
        if error.code not in _UNHEARD or error.status == 429:
            event = Event(
                type=EventType.TOKEN_REFUSED, detail={"peer": peer, "code": error.code, "reason": why or str(error)}
            )
            with contextlib.suppress(LedgerUnavailableError):  # refused is refused
                self._recorder.append(event)
        return refusal(error)


def verbs_of(form: Form) -> frozenset[VerbClass]:
    """Of ``scope``; to read, where there is none. Raises RefusedError."""
    verbs = (form.perhaps("scope") or "read").replace(",", " ").split()
    known = {verb.value for verb in VerbClass}
    wrong = [verb for verb in verbs if verb not in known]
    if wrong:
        raise RefusedError(400, "invalid_scope", f"{wrong[0][:40]!r} is no verb; there are {', '.join(sorted(known))}")
    return frozenset(VerbClass(verb) for verb in verbs)


def pass_request(form: Form, *, token: str) -> ExchangeRequest:
    """``token``: the parameter that holds it. Raises RefusedError."""
    return ExchangeRequest(
        token=form.one(token),
        resources=frozenset(form.many("audience")),
        verbs=verbs_of(form),
        purpose=form.one("purpose"),
        ticket=form.perhaps("ticket"),
        ttl=_seconds(form.perhaps("ttl")),
        agent=form.perhaps("agent"),
        task=form.perhaps("task"),
        nonce_verifier=form.perhaps("nonce_verifier"),
        access_token=form.perhaps("subject_access_token"),
        refresh_token=form.perhaps(_REFRESH_TOKEN),
        is_pass=form.perhaps("subject_token_type") == PASS,
    )


def _seconds(text: str | None) -> timedelta | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 9):
        raise RefusedError(400, "invalid_request", "ttl is a number of seconds")
    return timedelta(seconds=int(text))


def _step_up(error: StepUpRequiredError) -> RefusedError:
    """RFC 9470, section 3: what to ask the provider for."""
    wanted: dict[str, str | int] = {"acr_values": " ".join(error.acr_values)} if error.acr_values else {}
    if error.max_age is not None:
        wanted["max_age"] = error.max_age
    return RefusedError(401, "insufficient_user_authentication", str(error), wanted)
