"""Event ids: ULIDs (26 characters of Crockford base 32) that grow within one source, made for a few hundred nanoseconds each."""

import secrets
import time

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)
_TIME_CHARACTERS = 10
_COUNTER_BITS = 40


def base32(value: int, characters: int) -> str:
    """``value`` in Crockford base 32, big endian."""
    return "".join(_ALPHABET[value >> 5 * place & 31] for place in reversed(range(characters)))


class EventIds:
    """One source, for one thread. 40 random bits tell sources apart; 40 bits count, from a random start."""

    __slots__ = ("_counter", "_millisecond", "_prefix", "_random")

    def __init__(self) -> None:
        self._random = base32(secrets.randbits(40), 8)
        self._counter = secrets.randbits(_COUNTER_BITS - 1)
        self._millisecond = -1
        self._prefix = ""

    def next(self, nanoseconds: int | None = None) -> str:
        """``nanoseconds``: the wall clock, if the caller has just read it. A clock that steps back does not step the ids back."""
        millisecond = (time.time_ns() if nanoseconds is None else nanoseconds) // 1_000_000
        if millisecond > self._millisecond:
            self._millisecond = millisecond
            self._prefix = base32(millisecond, _TIME_CHARACTERS) + self._random
        count = self._counter = self._counter + 1
        pairs = _PAIRS
        return (
            self._prefix
            + pairs[count >> 30 & 1023]
            + pairs[count >> 20 & 1023]
            + pairs[count >> 10 & 1023]
            + pairs[count & 1023]
        )
