"""Is this token what it says it is? (OpenID Connect Core 3.1.3.7, RFC 7519, RFC 8725, RFC 9068)"""

import binascii
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TypeGuard

from joserfc import jwt
from joserfc.errors import JoseError

from passgate.core.errors import TokenRefusedError
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.oidc.groups import read_groups
from passgate.identity.oidc.keys import IssuerKeys
from passgate.identity.oidc.provider import Provider
from passgate.identity.oidc.userinfo import UserInfo

MAX_BYTES = 16 * 1024
"""Of a token: providers cut off groups long before."""

_MAX_SUBJECT = 256

_TYPES = frozenset({"jwt", "jose", "at+jwt"})
"""What tokens about somebody call themselves (RFC 7519, section 5.1; RFC 9068), where they do. Other JWTs of the same keys are
about something else: a logout (``logout+jwt``), an event (``secevent+jwt``), a proof (``dpop+jwt``); RFC 8725, section 3.11."""

LAST = datetime(9999, 1, 1, tzinfo=UTC)
"""Later times are none: a little added to the last of all is an error."""

_VERIFIED = (True, "true")
"""Some providers write it as a text (Amazon Cognito, Apple)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Authentication:
    """How somebody proved who they are (OpenID Connect Core, section 2): ``acr``, the contexts that it satisfies; ``amr``, the
    methods (RFC 8176); ``age``, how long ago, less the clock skew, None where the provider does not say."""

    acr: frozenset[str] = frozenset()
    amr: frozenset[str] = frozenset()
    age: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What is brought besides a token. ``nonce_verifier``: the token's nonce is the hash of it (S256, as in PKCE).
    ``access_token``: given together with it."""

    nonce_verifier: str | None = field(default=None, repr=False)
    access_token: str | None = field(default=None, repr=False)


NOTHING = Evidence()


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """``principal``: with verified claims only. ``expires``: when the token does. ``provider``: who says so."""

    principal: Principal
    provider: str
    expires: datetime
    authentication: Authentication = Authentication()


class Verifier:
    """Tokens of one provider. ``userinfo``: needed where groups are read there."""

    def __init__(
        self,
        provider: Provider,
        keys: IssuerKeys,
        *,
        userinfo: UserInfo | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        if provider.groups_from_userinfo and userinfo is None:
            raise ValueError("groups at userinfo cannot be read without it")
        self._provider = provider
        self._keys = keys
        self._userinfo = userinfo
        self._now = now

    async def verify(self, token: str, evidence: Evidence = NOTHING) -> Identity:
        """Raises TokenRefusedError, which repeats nothing of the token, and IssuerUnavailableError."""
        claims, expires = await self.signed(token)
        _check_kind(peek(token)[0], claims)
        return await self._read(claims, expires, evidence)

    async def signed(self, token: str) -> tuple[Mapping[str, object], datetime]:
        """What it says, if this provider signed it for somebody who counts here and its time is now; and until when.

        Raises as ``verify`` does.
        """
        provider = self._provider
        header = peek(token)[0]
        algorithm = header.get("alg")
        if not isinstance(algorithm, str) or algorithm not in provider.algorithms:
            raise TokenRefusedError("the token is not signed in a way that this provider's tokens are")
        kid = header.get("kid")
        keys = await self._keys.get(kid if isinstance(kid, str) else None)
        try:
            claims = jwt.decode(token, keys, algorithms=sorted(provider.algorithms)).claims
        except (JoseError, ValueError, TypeError) as error:
            raise TokenRefusedError("the token's signature does not verify") from error
        if claims.get("iss") != provider.issuer:
            raise TokenRefusedError("the token is another issuer's")
        self._check_audience(claims)
        return claims, self._check_times(claims)

    async def _read(self, claims: Mapping[str, object], expires: datetime, evidence: Evidence) -> Identity:
        provider = self._provider
        for name, wanted in provider.claims.items():
            if claims.get(name) != wanted:
                raise TokenRefusedError(f"the token does not say what the claim {name} must say")
        self._check_nonce(claims, evidence.nonce_verifier)
        return Identity(
            principal=Principal(
                kind=provider.kind,
                subject=self._subject(claims),
                groups=await self._groups(claims, evidence),
                on_behalf_of=self._owner(),
                claims=_plain(claims),
            ),
            provider=provider.name,
            expires=expires,
            authentication=self._authentication(claims),
        )

    def _subject(self, claims: Mapping[str, object]) -> str:
        provider = self._provider
        subject = claims.get(provider.subject)
        if not isinstance(subject, str) or not subject:
            raise TokenRefusedError(f"the token does not say who it is for: it has no claim {provider.subject}")
        if len(subject) > _MAX_SUBJECT or not subject.isprintable():
            raise TokenRefusedError("the token is for somebody whose name is too long, or cannot be printed")
        if provider.subject == "email" and claims.get("email_verified", True) not in _VERIFIED:
            raise TokenRefusedError("the provider has not verified this e-mail address")
        return subject

    def _owner(self) -> Principal | None:
        owner = self._provider.owner
        return Principal(kind=PrincipalKind.HUMAN, subject=owner) if owner else None

    def _check_audience(self, claims: Mapping[str, object]) -> None:
        audience = claims.get("aud")
        named = {audience} if isinstance(audience, str) else set(audience) if _is_texts(audience) else set()
        if not named & self._provider.audiences:
            raise TokenRefusedError("the token is meant for somebody else")
        party = claims.get("azp")
        if len(named) > 1 and party not in self._provider.audiences:
            raise TokenRefusedError("the token is meant for several, and was not given to one that counts here")

    def _check_times(self, claims: Mapping[str, object]) -> datetime:
        now, leeway = self._now(), self._provider.leeway
        expires, issued = _time(claims, "exp"), _time(claims, "iat")
        if expires is None or issued is None:
            raise TokenRefusedError("the token does not say when it was issued and when it expires")
        if now >= expires + leeway:
            raise TokenRefusedError("the token has expired")
        begins = _time(claims, "nbf")
        if issued > now + leeway or (begins is not None and begins > now + leeway):
            raise TokenRefusedError("the token is from the future: compare the clocks")
        if now - issued > self._provider.max_age + leeway:
            raise TokenRefusedError("the token is too old")
        return expires

    def _check_nonce(self, claims: Mapping[str, object], verifier: str | None) -> None:
        """Who shows the verifier asked for this very token; a token that was taken from somebody, or pushed into another's sign-in,
        comes without it. A nonce that was sent must be there (OpenID Connect Core, section 3.1.3.7)."""
        if verifier is None:
            if self._provider.nonce_required:
                raise TokenRefusedError(
                    "this provider's tokens count only from whoever asked for them: sign in with a browser (nonce_verifier)"
                )
            return
        nonce = claims.get("nonce")
        if not isinstance(nonce, str):
            raise TokenRefusedError("the token has no nonce, and one was sent")
        wanted = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=")
        if not hmac.compare_digest(nonce.encode("utf-8", "surrogatepass"), wanted):
            raise TokenRefusedError("the token belongs to another sign-in: its nonce is not the one that was sent")

    async def _groups(self, claims: Mapping[str, object], evidence: Evidence) -> frozenset[str]:
        provider = self._provider
        if self._userinfo is None or not provider.groups_from_userinfo:
            return read_groups(claims, name=provider.groups, required=provider.groups_required)
        if evidence.access_token is None:
            raise TokenRefusedError(
                "this provider's groups are read at its userinfo endpoint: bring the access token (subject_access_token)"
            )
        subject = claims.get("sub")
        if not isinstance(subject, str):
            raise TokenRefusedError("the token has no claim sub")
        said = await self._userinfo.of(subject, evidence.access_token)
        return read_groups(said, name=provider.groups, required=provider.groups_required)

    def _authentication(self, claims: Mapping[str, object]) -> Authentication:
        """What cannot be read proves nothing; a time in the future is refused like any other."""
        acr, amr, at = claims.get(self._provider.acr), claims.get("amr"), _time(claims, "auth_time")
        age = None if at is None else self._now() - at
        if age is not None and age < -self._provider.leeway:
            raise TokenRefusedError("the token is from the future: compare the clocks")
        return Authentication(
            acr=frozenset([acr] if isinstance(acr, str) else acr if _is_texts(acr) else ()),
            amr=frozenset(amr if _is_texts(amr) else ()),
            age=None if age is None else max(age - self._provider.leeway, timedelta()),
        )


def peek(token: str) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """Header and claims as they are written, believed by nobody: only to choose who verifies. Raises TokenRefusedError."""
    if len(token) > MAX_BYTES:
        raise TokenRefusedError(
            f"the token is longer than {MAX_BYTES} bytes: have the provider send fewer groups or claims in it"
        )
    parts = token.split(".")
    if len(parts) != 3:
        raise TokenRefusedError("this is no signed token (a JWT of three parts)")
    try:
        header, claims = (json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2])
    except (binascii.Error, ValueError, RecursionError) as error:
        raise TokenRefusedError("this is no signed token (a JWT of three parts)") from error
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise TokenRefusedError("this is no signed token (a JWT of three parts)")
    return header, claims


def _check_kind(header: Mapping[str, object], claims: Mapping[str, object]) -> None:
    """Raises TokenRefusedError for a token that was not given to somebody to show. Not all say so in their header, but what is
    about an event has the claim ``events`` (RFC 8417; OpenID Connect Back-Channel Logout, section 2.4)."""
    kind = header.get("typ", "JWT")
    if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in _TYPES or "events" in claims:
        raise TokenRefusedError("the token is of another kind: it does not say who signed in")


def read_time(value: object) -> datetime | None:
    """A NumericDate (RFC 7519, section 2); None for what is none."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < LAST.timestamp():
        return None
    return datetime.fromtimestamp(value, UTC)


def _time(claims: Mapping[str, object], name: str) -> datetime | None:
    """None where it is not said."""
    value = claims.get(name)
    if value is None:
        return None
    time = read_time(value)
    if time is None:
        raise TokenRefusedError(f"the claim {name} is not a time")
    return time


def _is_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _plain(claims: Mapping[str, object]) -> dict[str, str]:
    """What rules may ask for: texts, short ones that can be printed."""
    short = {name: value for name, value in claims.items() if isinstance(value, str) and len(value) <= 256}
    return {name: value for name, value in short.items() if value.isprintable() and name.isprintable()}
