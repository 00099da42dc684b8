"""How often somebody may call: a token bucket for each caller and each address."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable

from passgate.endpoints.control.problem import Code, ProblemError

_KEPT = 4096
"""Buckets remembered; past that the one unused longest is forgotten, which is a full one more often than not."""


class Rate:
    """``per_minute`` calls, at once or spread; then one more as often as that makes."""

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._burst = float(per_minute)
        self._per_second = per_minute / 60
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> None:
        """Raises ProblemError (429) with the seconds to wait."""
        now = self._clock()
        level, at = self._buckets.pop(name, (self._burst, now))
        level = min(level + (now - at) * self._per_second, self._burst)
        enough = level >= 1
        self._buckets[name] = (level - 1 if enough else level, now)
        if len(self._buckets) > _KEPT:
            self._buckets.popitem(last=False)
        if not enough:
            wait = math.ceil((1 - level) / self._per_second)
            raise ProblemError(
                Code.TOO_MANY, f"Wait {wait} s and call again.", headers={"Retry-After": str(max(wait, 1))}
            )
