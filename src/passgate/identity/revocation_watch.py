"""Sees to it that a revocation ends live sessions even if nobody tells the gate about it."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Protocol

from passgate.core.errors import StoreError

INTERVAL_SECONDS = 0.5
"""A quarter of the two seconds within which a revocation must have ended its sessions."""

GRACE_SECONDS = 1.5
"""How long the store may fail before sessions are ended unseen: with the interval it makes two seconds."""

_REMEMBER_SECONDS = 300
"""Longer than any log-in takes: a session that was logging in while its pass was revoked registers only afterwards."""


class RevocationFeed(Protocol):
    """What was revoked, in order. Both raise StoreError."""

    def cursor(self) -> int: ...

    def revoked_after(self, cursor: int) -> tuple[int, tuple[str, ...]]: ...


class RevocationWatch:
    """``end`` ends every live session under these passes and says how many there were; it may be told of a pass many times.

    ``blind`` is called with the reason when the feed has failed for the grace period, and at each look after it: the gate can then
    not know which passes are revoked, so it must end every session.
    """

    def __init__(
        self,
        *,
        feed: RevocationFeed,
        end: Callable[[frozenset[str]], int],
        blind: Callable[[StoreError], None],
        interval: float = INTERVAL_SECONDS,
        grace: float = GRACE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Raises StoreError: a gate that cannot see revocations must not start."""
        self._feed = feed
        self._end = end
        self._blind = blind
        self._interval = interval
        self._grace = grace
        self._clock = clock
        self._cursor = feed.cursor()
        self._recent: OrderedDict[str, float] = OrderedDict()
        self._seen = clock()

    def look(self) -> int:
        """One look, now; says how many sessions it ended. Raises StoreError."""
        self._cursor, revoked = self._feed.revoked_after(self._cursor)
        now = self._seen = self._clock()
        for pass_id in revoked:
            self._recent[pass_id] = now
        while self._recent and next(iter(self._recent.values())) < now - _REMEMBER_SECONDS:
            self._recent.popitem(last=False)
        return self._end(frozenset(self._recent)) if self._recent else 0

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                self.look()
            except StoreError as error:
                if self._clock() - self._seen >= self._grace:
                    self._blind(error)
            await asyncio.sleep(self._interval)
