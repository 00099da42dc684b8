"""How many log-ins may fail before the gate stops listening for a while."""

import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from passgate.core.address import place_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A token bucket: ``burst`` failures at once, one more every ``seconds``."""

    burst: int
    seconds: float


PER_PEER = Rate(burst=20, seconds=3)
"""Several clients may share an address, each with a stale secret in its settings."""

PER_PASS = Rate(burst=10, seconds=6)
"""One client retrying a revoked pass every few seconds stays under it."""

_ENTRIES = 4096
"""Addresses, passes and pairs remembered, each about 200 bytes; past that the one unused longest is forgotten."""


class LoginLimiter:
    """Failures cost, successes do not: a pool may open hundreds of connections at once, a guesser may not.

    A pass's public id is no secret, so anybody could use up its failures to lock its owner out. An address that has logged in
    with the pass is therefore judged by the address alone. Not for use by several threads. ``peer`` is an address without port;
    all addresses of one IPv6 network count as one.
    """

    def __init__(
        self,
        *,
        per_peer: Rate = PER_PEER,
        per_pass: Rate = PER_PASS,
        entries: int = _ENTRIES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._peers = _Buckets(per_peer, entries, clock)
        self._passes = _Buckets(per_pass, entries, clock)
        self._proven: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._entries = entries

    def allow(self, peer: str, pass_id: str) -> bool:
        """May this log-in be tried at all?"""
        peer = place_of(peer)
        if not self._peers.has_token(peer):
            return False
        return (peer, pass_id) in self._proven or self._passes.has_token(pass_id)

    def failed(self, peer: str, pass_id: str) -> None:
        peer = place_of(peer)
        self._peers.take(peer)
        if (peer, pass_id) not in self._proven:
            self._passes.take(pass_id)

    def succeeded(self, peer: str, pass_id: str) -> None:
        peer = place_of(peer)
        self._proven[peer, pass_id] = None
        self._proven.move_to_end((peer, pass_id))
        if len(self._proven) > self._entries:
            self._proven.popitem(last=False)


class _Buckets:
    """Only buckets that are not full are kept: a name that never failed, or long ago, takes no memory."""

    def __init__(self, rate: Rate, entries: int, clock: Callable[[], float]) -> None:
        self._rate = rate
        self._entries = entries
        self._clock = clock
        self._levels: OrderedDict[Hashable, tuple[float, float]] = OrderedDict()

    def has_token(self, name: Hashable) -> bool:
        return self._level(name) >= 1

    def take(self, name: Hashable) -> None:
        self._levels[name] = (max(self._level(name) - 1, 0), self._clock())
        self._levels.move_to_end(name)
        if len(self._levels) > self._entries:
            self._levels.popitem(last=False)

    def _level(self, name: Hashable) -> float:
        known = self._levels.get(name)
        if known is None:
            return self._rate.burst
        level, at = known
        level += (self._clock() - at) / self._rate.seconds
        if level >= self._rate.burst:
            del self._levels[name]
            return self._rate.burst
        return level
