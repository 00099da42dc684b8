"""What a session has sent lately, so that what a request repeats is not recorded again.

A conversation is sent anew with every turn, longer by one answer and one question: recorded whole, its recording would grow with
the square of its length.
"""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

MAX_BYTES = 1024 * 1024
"""Of all bodies that one session remembers."""

MAX_LINKS = 32
"""After so many bodies recorded in terms of one another one is recorded whole, so that a lost one does not lose all that follow."""

_WORTH_IT = 1024
_BLOCK = 16 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """A body begins with the first ``begin`` bytes of an earlier call's body, and ends with its last ``end`` bytes."""

    call: str
    begin: int
    end: int


class _Known(NamedTuple):
    """``links``: how many bodies before it this one was recorded in terms of."""

    body: bytes
    links: int


class EarlierBodies:
    """Of one session. Bodies as they were sent on: masked."""

    __slots__ = ("_bodies", "_bytes")

    def __init__(self) -> None:
        self._bodies: OrderedDict[str, _Known] = OrderedDict()
        self._bytes = 0

    def take(self, call: str, body: bytes) -> Likeness | None:
        """What of ``body`` is known already, None where that is little; it is remembered itself from now on."""
        found: Likeness | None = None
        for name, known in self._bodies.items():
            begin = _common_begin(known.body, body)
            if begin >= _WORTH_IT and (found is None or begin >= found.begin):
                found = Likeness(call=name, begin=begin, end=0)
        if found is None:
            self._keep(call, body, 0)
            return None
        known = self._bodies[found.call]
        self._forget(found.call)  # this body goes on with it: whoever repeats that one repeats this one too
        if known.links >= MAX_LINKS:
            self._keep(call, body, 0)
            return None
        self._keep(call, body, known.links + 1)
        end = _common_end(known.body, body, min(len(known.body), len(body)) - found.begin)
        return Likeness(call=found.call, begin=found.begin, end=end)

    def _keep(self, call: str, body: bytes, links: int) -> None:
        if not _WORTH_IT <= len(body) <= MAX_BYTES:
            return
        self._bodies[call] = _Known(body, links)
        self._bytes += len(body)
        while self._bytes > MAX_BYTES:
            self._forget(next(iter(self._bodies)))

    def _forget(self, call: str) -> None:
        self._bytes -= len(self._bodies.pop(call).body)


def _common_begin(one: bytes, other: bytes) -> int:
    """How many bytes both begin with, found by comparing blocks: bytes one by one would take longer than to mask them."""
    most = min(len(one), len(other))
    at = 0
    while at < most and one[at : at + _BLOCK] == other[at : at + _BLOCK]:
        at += _BLOCK
    at = min(at, most)
    return at + _halved(lambda size: one[at : at + size] == other[at : at + size], min(_BLOCK, most - at))


def _common_end(one: bytes, other: bytes, most: int) -> int:
    """The same for their ends, at most ``most`` bytes."""
    at = 0
    while (
        at + _BLOCK <= most
        and one[len(one) - at - _BLOCK : len(one) - at] == other[len(other) - at - _BLOCK : len(other) - at]
    ):
        at += _BLOCK
    return at + _halved(
        lambda size: one[len(one) - at - size : len(one) - at] == other[len(other) - at - size : len(other) - at],
        min(_BLOCK, most - at),
    )


def _halved(same: Callable[[int], bool], most: int) -> int:
    """The largest size up to ``most`` that is the same."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if same(middle):
            low = middle
        else:
            high = middle - 1
    return low
