"""Keeps out whoever is locked: at the door, and those who are in already."""

import asyncio
import logging
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Protocol

from passgate.core.errors import StoreError
from passgate.core.lock import Lock
from passgate.core.passes import Pass

_LOG = logging.getLogger(__name__)

INTERVAL_SECONDS = 0.5
"""A quarter of the two seconds within which a lock must have ended the sessions it reaches."""


class LockFeed(Protocol):
    def holding(self, now: datetime) -> tuple[Lock, ...]:
        """Raises StoreError."""


class LockWatch:
    """``end`` ends every live session for which it is given True, and says how many there were.

    A store that cannot be read is the revocation watch's to act upon: it is the same store. The locks known last stay.
    """

    def __init__(
        self,
        *,
        feed: LockFeed,
        end: Callable[[Callable[[Pass, str], bool]], int],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        """Raises StoreError: a gate that cannot see locks must not start."""
        self._feed = feed
        self._end = end
        self._now = now
        self._interval = interval
        self._locks = feed.holding(now())

    def locked(self, pass_: Pass, resource: str) -> str | None:
        """Why this pass is kept out of the resource, None if it is not."""
        now = self._now()
        for lock in self._locks:
            if lock.holds(now) and lock.reaches(pass_, resource):
                return f"{lock.kind} {lock.target} is locked: {lock.reason}"
        return None

    def look(self) -> int:
        """One look, now; says how many sessions it ended. Raises StoreError."""
        self._locks = self._feed.holding(self._now())
        if not self._locks:
            return 0
        return self._end(lambda pass_, resource: self.locked(pass_, resource) is not None)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                self.look()
            except StoreError as error:
                _LOG.warning("locks cannot be read: %s", error)
            await asyncio.sleep(self._interval)
