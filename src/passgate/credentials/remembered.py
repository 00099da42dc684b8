"""A secret kept for a little while, so that a hundred new sessions do not start a hundred programs."""

import asyncio
import time
from collections.abc import Callable

from passgate.credentials.credential import Credential


class RememberedCredential:
    """The same answer for ``seconds``; failures are not kept. ``forget`` one that the target refuses: it may have been rotated."""

    def __init__(self, source: Credential, *, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._seconds = seconds
        self._clock = clock
        self._lock = asyncio.Lock()
        self._secret: str | None = None
        self._until = 0.0

    def __repr__(self) -> str:
        return f"RememberedCredential({self._source!r}, seconds={self._seconds:g})"

    async def obtain(self) -> str:
        """Raises SecretUnavailableError. Callers that come while it is being fetched wait for the same answer."""
        async with self._lock:
            if self._secret is None or self._clock() >= self._until:
                self._secret = await self._source.obtain()
                self._until = self._clock() + self._seconds
            return self._secret

    def forget(self) -> None:
        self._secret = None
        if isinstance(self._source, RememberedCredential):
            self._source.forget()
