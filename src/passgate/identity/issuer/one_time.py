"""What is good for one use: made at random, kept by its digest, taken once."""

import hashlib
import hmac
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Protocol

from passgate.core.authorization import OneTimeCode

_BYTES = 32


class OneTimeStore(Protocol):
    """Raises StoreError throughout."""

    def put(self, kind: str, digest: str, content: Mapping[str, str], *, expires: datetime, now: datetime) -> None:
        """What had expired some time before is dropped."""

    def take(self, kind: str, digest: str, *, now: datetime) -> OneTimeCode | None:
        """As it was before it was taken; from then on it is used. None if there is none of this kind."""


class OneTimeCodes:
    """Of one kind. Raises StoreError throughout."""

    def __init__(
        self,
        store: OneTimeStore,
        *,
        kind: str,
        lifetime: timedelta,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._kind = kind
        self._lifetime = lifetime
        self._now = now

    def make(self, content: Mapping[str, str]) -> str:
        code = secrets.token_urlsafe(_BYTES)
        now = self._now()
        self._store.put(self._kind, digest(code), content, expires=now + self._lifetime, now=now)
        return code

    def take(self, code: str) -> OneTimeCode | None:
        """Also one that was used before or has expired: the caller asks. None for one that never was."""
        return self._store.take(self._kind, digest(code), now=self._now())

    def fresh(self, code: str) -> Mapping[str, str] | None:
        """Its content, if it may still be used; it is used then."""
        taken = self.take(code)
        return taken.content if taken is not None and not taken.used and self._now() < taken.expires else None


def digest(text: str) -> str:
    """Of 256 random bits, which need no salt and no stretching."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def same(one: str, other: str) -> bool:
    """In constant time."""
    return hmac.compare_digest(one.encode("utf-8", "surrogatepass"), other.encode("utf-8", "surrogatepass"))
