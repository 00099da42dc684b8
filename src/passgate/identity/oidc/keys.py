"""The keys of one issuer, read when needed and read again when it has changed them."""

import asyncio
import time
from collections.abc import Callable

from joserfc.jwk import KeySet

from passgate.core.errors import IssuerUnavailableError
from passgate.identity.oidc.documents import Fetch, discovery_url, keys_of, keys_url

FRESH_SECONDS = 600.0
"""How long keys are taken as they were read: a withdrawn key is refused after that at the latest."""

GRACE_SECONDS = 3600.0
"""How long the keys read last still count while the issuer does not answer."""

AGAIN_SECONDS = 10.0
"""Not sooner is an issuer asked again because of a key that nobody knows: tokens are made up faster than that."""


class IssuerKeys:
    """Safe for many tasks of one loop: whoever finds the keys stale reads them for all."""

    def __init__(self, issuer: str, fetch: Fetch, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._fetch = fetch
        self._clock = clock
        self._keys: KeySet | None = None
        self._read = self._tried = float("-inf")
        self._turn = asyncio.Lock()

    async def get(self, kid: str | None) -> KeySet:
        """The keys, read anew if they are old or know no key of this id. Raises IssuerUnavailableError."""
        async with self._turn:
            now = self._clock()
            known = self._keys is not None and (kid is None or any(key.kid == kid for key in self._keys))
            if not known or now - self._read > FRESH_SECONDS:
                await self._refresh(now)
            if self._keys is None or now - self._read > GRACE_SECONDS:
                raise IssuerUnavailableError(f"the keys of {self._issuer} cannot be read")
            return self._keys

    async def _refresh(self, now: float) -> None:
        if now - self._tried < AGAIN_SECONDS:
            return
        self._tried = now
        try:
            url = keys_url(self._issuer, await self._fetch(discovery_url(self._issuer)))
            keys = keys_of(await self._fetch(url))
        except IssuerUnavailableError:
            if self._keys is None:
                raise
        else:
            self._keys, self._read = keys, now
