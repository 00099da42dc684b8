"""Somebody has signed out, or was signed out, at the provider (OpenID Connect Back-Channel Logout 1.0)."""

import contextlib
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from passgate.core.errors import LedgerUnavailableError, TokenRefusedError
from passgate.core.event import Event, EventType, Json
from passgate.core.passes import Pass
from passgate.core.principal import Principal
from passgate.identity.ending import Ending
from passgate.identity.oidc.token import Verifier, peek
from passgate.identity.spent_tokens import SpentTokens
from passgate.pipeline.protocols import Recorder

EVENT = "http://schemas.openid.net/event/backchannel-logout"

_MAX_TEXT = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Out:
    """Who is out: a subject, a session of the issuer's, or this subject's session. Empty: not said."""

    issuer: str
    sub: str
    sid: str

    def reaches(self, who: Principal) -> bool:
        """Where a token told no session, it may have been this one."""
        claims = who.claims
        if claims.get("iss") != self.issuer or (self.sub and claims.get("sub") != self.sub):
            return False
        if not self.sid:
            return True
        session = claims.get("sid")
        return bool(self.sub) if session is None else session == self.sid


class BackchannelLogout:
    """``verifiers``: by issuer. ``names``: of the issuers."""

    def __init__(
        self,
        *,
        verifiers: Mapping[str, Verifier],
        names: Mapping[str, str],
        ending: Ending,
        spent: SpentTokens,
        recorder: Recorder,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._verifiers = verifiers
        self._names = names
        self._ending = ending
        self._spent = spent
        self._recorder = recorder
        self._now = now

    async def logged_out(self, token: str) -> int:
        """Ends the passes that tokens of this subject or session bought; how many.

        Raises TokenRefusedError, IssuerUnavailableError, StoreError.
        """
        issuer = peek(token)[1].get("iss")
        verifier = self._verifiers.get(issuer) if isinstance(issuer, str) else None
        if verifier is None or not isinstance(issuer, str):
            raise TokenRefusedError("the token's issuer is not one that this gate trusts")
        claims, expires = await verifier.signed(token)
        out = _read(claims, issuer)
        digest = hashlib.sha256("\0".join(("logout", issuer, _text(claims, "jti"))).encode()).hexdigest()
        if not self._spent.spend(digest, expires=expires, now=self._now()):
            raise TokenRefusedError("the logout token was used before")
        name = self._names[issuer]

        def why(pass_: Pass) -> str | None:
            return f"signed out at {name}" if any(out.reaches(who) for who in pass_.principal.links()) else None

        self._ending.sign_out(out.reaches)
        ended = self._ending.end(why, actor=f"logout:{name}")
        detail: dict[str, Json] = {"provider": name, "passes": ended}
        with contextlib.suppress(
            LedgerUnavailableError
        ):  # out is out; the revocations wait in the store to be recorded
            self._recorder.append(Event(type=EventType.LOGOUT_RECEIVED, actor=f"logout:{name}", detail=detail))
        return ended


def _read(claims: Mapping[str, object], issuer: str) -> Out:
    """Section 2.6. Raises TokenRefusedError."""
    events = claims.get("events")
    if not isinstance(events, Mapping) or not isinstance(events.get(EVENT), Mapping):
        raise TokenRefusedError("the token is no logout token: it does not name the event")
    if "nonce" in claims:
        raise TokenRefusedError("a logout token has no nonce")
    out = Out(issuer=issuer, sub=_text(claims, "sub"), sid=_text(claims, "sid"))
    if not out.sub and not out.sid:
        raise TokenRefusedError("the logout token says neither who nor which session: sub or sid")
    if not _text(claims, "jti"):
        raise TokenRefusedError("the logout token has no jti")
    return out


def _text(claims: Mapping[str, object], name: str) -> str:
    """Empty where it is not there. Raises TokenRefusedError."""
    value = claims.get(name, "")
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise TokenRefusedError(f"the claim {name} is a text of at most {_MAX_TEXT} characters")
    return value
