"""The keys that the gate signs its own tokens with: made when needed, followed by new ones, published as long as they count."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Protocol

from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from passgate.core.errors import StoreError
from passgate.core.signing_key import SigningKey

ALGORITHM = "ES256"

LEAD = timedelta(minutes=10)
"""How long a new key is published before it signs, so that whoever keeps the key set for a while knows it in time."""

KEEP = timedelta(hours=2)
"""How long a key is published after the next one has begun to sign: longer than any token lives."""

_RELOAD = timedelta(seconds=10)
"""How soon a process notices that another one has made a key."""


class SigningKeyStore(Protocol):
    """Raises StoreError throughout."""

    def keys(self) -> Sequence[SigningKey]:
        """Oldest first."""

    def follow(self, key: SigningKey, *, newest: str | None) -> None:
        """Keep ``key`` as the newest one, unless another process was sooner: ``newest`` is then no longer the newest."""

    def drop(self, kid: str) -> None: ...


class SigningKeys:
    """``rotation``: how old the newest key grows before another one is made. Raises StoreError throughout."""

    def __init__(
        self,
        store: SigningKeyStore,
        *,
        rotation: timedelta,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._rotation = rotation
        self._now = now
        self._known: tuple[SigningKey, ...] = ()
        self._read: Mapping[str, ECKey] = {}
        self._loaded: datetime | None = None

    def signer(self) -> ECKey:
        """The newest that has been published for long enough; the only one, if there is but one."""
        now = self._current()
        told = [key for key in self._known if key.created + LEAD <= now]
        return self._read[(told or self._known)[-1 if told else 0].kid]

    def verifier(self, kid: str) -> ECKey | None:
        """None for a key that is not, or no longer, the gate's."""
        self._current()
        if kid not in self._read:
            self._load()  # another process may have made the first one a moment ago
        return self._read.get(kid)

    def published(self) -> Mapping[str, object]:
        """RFC 7517, section 5: the public halves."""
        self._current()
        keys = [self._read[key.kid].as_dict(private=False) for key in self._known]
        return {"keys": [{**key, "use": "sig", "alg": ALGORITHM} for key in keys]}

    def _current(self) -> datetime:
        now = self._now()
        if self._loaded is None or not timedelta() <= now - self._loaded < _RELOAD:
            self._load()
        newest = self._known[-1] if self._known else None
        if newest is None or now - newest.created >= self._rotation:
            self._store.follow(_made(now), newest=newest.kid if newest is not None else None)
            self._load()
        for key, following in zip(self._known, self._known[1:], strict=False):
            if now - following.created >= LEAD + KEEP:
                self._store.drop(key.kid)
                self._loaded = None
        if self._loaded is None:
            self._load()
        return now

    def _load(self) -> None:
        self._known = tuple(self._store.keys())
        self._read = {key.kid: self._read.get(key.kid) or _key(key) for key in self._known}
        self._loaded = self._now()


def _made(now: datetime) -> SigningKey:
    key = ECKey.generate_key("P-256", private=True)
    return SigningKey(kid=key.thumbprint(), private=json.dumps(key.as_dict(private=True)), created=now)


def _key(stored: SigningKey) -> ECKey:
    try:
        return ECKey.import_key({**json.loads(stored.private), "kid": stored.kid})
    except (JoseError, ValueError, TypeError) as error:
        raise StoreError(f"The stored signing key {stored.kid} cannot be read: {type(error).__name__}") from None
