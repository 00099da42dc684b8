"""Access tokens of the gate's own: signed, bound to an audience, an hour long at most (RFC 9068)."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from joserfc import jwt
from joserfc.errors import JoseError

from passgate.core.authorization import Authorization
from passgate.core.errors import TokenEndedError, TokenRefusedError
from passgate.core.passes import Pass, PassState
from passgate.core.principal import Principal
from passgate.identity.issuer.authorizations import AuthorizationStore
from passgate.identity.issuer.signing_keys import ALGORITHM, SigningKeys
from passgate.identity.oidc.token import peek
from passgate.pipeline.access import AccessToken

LONGEST = timedelta(hours=1)

_TYPE = "at+jwt"
_ID_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Minted:
    """``id``: its ``jti``."""

    id: str
    token: str = field(repr=False)
    expires: datetime


class AccessTokenIssuer:
    """Implements ``pipeline.access.AccessTokens``.

    ``url``: the issuer. ``find``: a pass by its id. ``admit``: who signed in, with the groups that they have now; raises
    TokenRefusedError for who has left. A token counts no longer than the authorization and the pass behind it, so that
    ending one of them ends every token of it: there is no list of revoked tokens.
    """

    def __init__(
        self,
        *,
        url: str,
        keys: SigningKeys,
        authorizations: AuthorizationStore,
        find: Callable[[str], Pass | None],
        admit: Callable[[Authorization], Principal] = lambda authorization: authorization.principal,
        lifetime: timedelta = LONGEST,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._url = url
        self._keys = keys
        self._authorizations = authorizations
        self._find = find
        self._admit = admit
        self._lifetime = min(lifetime, LONGEST)
        self._now = now

    def mint(self, authorization: Authorization, *, audience: Sequence[str], pass_: Pass | None) -> Minted:
        """For this very moment: it is the caller's to have checked that both are live. Raises StoreError."""
        now = self._now().replace(microsecond=0)  # NumericDate
        expires = min(now + self._lifetime, authorization.expires, *([pass_.expires] if pass_ is not None else []))
        expires = expires.replace(microsecond=0)
        principal = pass_.principal if pass_ is not None else authorization.principal
        key = self._keys.signer()
        identifier = secrets.token_urlsafe(_ID_BYTES)
        claims: dict[str, object] = {
            "iss": self._url,
            "aud": list(audience),
            "client_id": authorization.client_id,
            "iat": int(now.timestamp()),
            "exp": int(expires.timestamp()),
            "jti": identifier,
            "sid": authorization.id,
            **_chain(principal),
        }
        if pass_ is not None:
            claims |= {"pass": pass_.id, "scope": " ".join(sorted(verb.value for verb in pass_.verbs))}
        header = {"alg": ALGORITHM, "typ": _TYPE, "kid": key.kid}
        token = jwt.encode(header, claims, key, algorithms=[ALGORITHM], default_type=None)
        return Minted(id=identifier, token=token, expires=expires)

    async def verify(self, token: str, *, audience: str) -> AccessToken:
        """Raises TokenRefusedError, which repeats nothing of the token and is a TokenEndedError for one that was good once, and
        StoreError."""
        claims = self._signed(token)
        named = claims.get("aud")
        if audience not in (named if isinstance(named, list) else [named]):
            raise TokenRefusedError("the token is meant for something else")
        issued, expires = _time(claims, "iat"), _time(claims, "exp")
        now = self._now()
        if now >= expires:
            raise TokenEndedError("the token has expired: refresh it")
        authorization = self._authorizations.find(_text(claims, "sid"))
        if authorization is None or not authorization.live(now):
            raise TokenEndedError("what the token was issued for has ended: sign in again")
        person = self._admit(authorization)
        pass_ = self._pass(claims, authorization, now)
        return AccessToken(
            id=_text(claims, "jti"),
            principal=pass_.principal if pass_ is not None else person,
            audience=audience,
            scope=frozenset(_text(claims, "scope").split()) if pass_ is not None else frozenset(),
            pass_id=pass_.id if pass_ is not None else None,
            issued=issued,
            expires=expires,
        )

    def authorization(self, token: str) -> Authorization | None:
        """What a token hangs on, be it for whom it may and expired or not: for who brings it to revoke it. Raises
        TokenRefusedError, StoreError."""
        return self._authorizations.find(_text(self._signed(token), "sid"))

    def _signed(self, token: str) -> Mapping[str, object]:
        header = peek(token)[0]
        kid, kind = header.get("kid"), header.get("typ")
        # Not another JWT of the same keys, nor one that names its own key or algorithm (RFC 8725, sections 3.1 and 3.11).
        if header.get("alg") != ALGORITHM or not isinstance(kid, str):
            raise TokenRefusedError("the token is not signed as this gate signs")
        if not isinstance(kind, str) or kind.lower().removeprefix("application/") != _TYPE:
            raise TokenRefusedError("this is no access token (RFC 9068)")
        key = self._keys.verifier(kid)
        if key is None:
            raise TokenRefusedError("the token is not signed by this gate")
        try:
            claims = jwt.decode(token, key, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError, TypeError) as error:
            raise TokenRefusedError("the token's signature does not verify") from error
        if claims.get("iss") != self._url:
            raise TokenRefusedError("the token is another issuer's")
        return claims

    def _pass(self, claims: Mapping[str, object], authorization: Authorization, now: datetime) -> Pass | None:
        """None for the control API."""
        if authorization.for_api:
            return None
        pass_ = self._find(_text(claims, "pass"))
        if pass_ is None or pass_.id not in authorization.passes:
            raise TokenRefusedError("the pass that the token stands for is not there")
        state = pass_.state(now)
        if state is not PassState.LIVE:
            ended = "was revoked" if state is PassState.REVOKED else "has expired"
            raise TokenEndedError(f"the pass that the token stands for {ended}")
        return pass_


def _chain(principal: Principal) -> dict[str, object]:
    """Who it is for, and who acts for them (RFC 8693, section 4.1): the outermost ``act`` acts now, the ones within did before."""
    if principal.on_behalf_of is None:
        return {"sub": str(principal)}
    behind = _chain(principal.on_behalf_of)
    act: dict[str, object] = {"sub": str(principal)}
    if "act" in behind:
        act["act"] = behind["act"]
    return {"sub": behind["sub"], "act": act}


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str):
        raise TokenRefusedError(f"the token has no claim {name}")
    return value


def _time(claims: Mapping[str, object], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int):
        raise TokenRefusedError(f"the claim {name} is not a time")
    return datetime.fromtimestamp(value, UTC)
