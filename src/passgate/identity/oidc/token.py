"""Is this token what it says it is? (OpenID Connect Core 3.1.3.7, RFC 7519, RFC 8725, RFC 9068)"""

import binascii
import json
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeGuard

from joserfc import jwt
from joserfc.errors import JoseError

from passgate.core.errors import TokenRefusedError
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.oidc.keys import IssuerKeys
from passgate.identity.oidc.provider import Provider

MAX_BYTES = 16 * 1024
"""Of a token: providers cut off groups long before."""

_MAX_GROUPS = 1000

_MAX_SUBJECT = 256

_VERIFIED = (True, "true")
"""Some providers write it as a text (Amazon Cognito, Apple)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """``principal``: with verified claims only. ``expires``: when the token does. ``provider``: who says so."""

    principal: Principal
    provider: str
    expires: datetime


class Verifier:
    """Tokens of one provider."""

    def __init__(
        self, provider: Provider, keys: IssuerKeys, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._provider = provider
        self._keys = keys
        self._now = now

    async def verify(self, token: str) -> Identity:
        """Raises TokenRefusedError, which repeats nothing of the token, and IssuerUnavailableError."""
        claims, expires = await self.signed(token)
        return self._read(claims, expires)

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

    def _read(self, claims: Mapping[str, object], expires: datetime) -> Identity:
        provider = self._provider
        for name, wanted in provider.claims.items():
            if claims.get(name) != wanted:
                raise TokenRefusedError(f"the token does not say what the claim {name} must say")
        subject = claims.get(provider.subject)
        if not isinstance(subject, str) or not subject:
            raise TokenRefusedError(f"the token does not say who it is for: it has no claim {provider.subject}")
        if len(subject) > _MAX_SUBJECT or not subject.isprintable():
            raise TokenRefusedError("the token is for somebody whose name is too long, or cannot be printed")
        if provider.subject == "email" and claims.get("email_verified", True) not in _VERIFIED:
            raise TokenRefusedError("the provider has not verified this e-mail address")
        return Identity(
            principal=Principal(
                kind=provider.kind,
                subject=subject,
                groups=self._groups(claims),
                on_behalf_of=self._owner(),
                claims=_plain(claims),
            ),
            provider=provider.name,
            expires=expires,
        )

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

    def _groups(self, claims: Mapping[str, object]) -> frozenset[str]:
        """Too many groups for a token are told by a pointer to them (Entra's overage): then nobody knows, and that is said."""
        name = self._provider.groups
        elsewhere = claims.get("_claim_names")
        if claims.get("hasgroups") is True or (isinstance(elsewhere, Mapping) and name in elsewhere):
            raise TokenRefusedError(
                f"the token leaves out the claim {name}, because there are too many: have the provider send fewer"
            )
        groups = claims.get(name, [])
        if not _is_texts(groups):
            raise TokenRefusedError(f"the claim {name} is not a list of texts")
        if len(groups) > _MAX_GROUPS:
            raise TokenRefusedError(f"the claim {name} holds more than {_MAX_GROUPS} groups")
        return frozenset(groups)


def peek(token: str) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """Header and claims as they are written, believed by nobody: only to choose who verifies. Raises TokenRefusedError."""
    if len(token) > MAX_BYTES:
        raise TokenRefusedError(f"the token is longer than {MAX_BYTES} bytes")
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


def _time(claims: Mapping[str, object], name: str) -> datetime | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TokenRefusedError(f"the claim {name} is not a time")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise TokenRefusedError(f"the claim {name} is not a time") from error


def _is_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _plain(claims: Mapping[str, object]) -> dict[str, str]:
    """What rules may ask for: texts, short ones."""
    return {name: value for name, value in claims.items() if isinstance(value, str) and len(value) <= 256}
