"""Who is at the door and not in yet: no address may fill it, so that nobody who only opens connections keeps all others out."""

import time
from collections.abc import Callable, Mapping
from enum import Enum

from passgate.core.address import place_of
from passgate.core.event import Json

_LEAST = 10
"""At the door from one address, however little room there is: a pool opens as many at once."""

_TOLD = 8
"""Clients of an address beyond its share that are still heard, so that they can be told why they are sent away."""

_EVERY_SECONDS = 60.0
_MOST_EVENTS = 10
"""What is written down: each address once a minute, and so many addresses. Whoever opens connections must not fill the ledger."""


class Standing(Enum):
    IN = "in"
    CROWDED = "crowded"
    OUT = "out"


class Knock:
    """One client at the door. ``leave`` once it is in, or gone; a second time does nothing."""

    def __init__(self, door: "Doorway", place: str, standing: Standing) -> None:
        self.standing = standing
        self._door = door
        self._place = place
        self._left = standing is Standing.OUT

    def leave(self) -> None:
        if not self._left:
            self._left = True
            self._door.left(self._place)


class Doorway:
    """An address may have so much of the room that others leave it: ``share`` in a hundred, of what neither sessions nor other
    addresses take. So with a half, one has half of a gate that is idle, and there is always room for the next.

    Who has logged in is at the door no more: a thousand sessions of one address, as behind a proxy, are no crowd.
    Not for use by several threads. ``note`` is given what the ledger shall hold.
    """

    def __init__(
        self,
        *,
        places: int,
        share: int,
        note: Callable[[Mapping[str, Json]], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._places = places
        self._share = share
        self._note = note
        self._clock = clock
        self._waiting: dict[str, int] = {}
        self._noted: dict[tuple[str, str], float] = {}
        self._refused: dict[str, int] = {}

    def knock(self, address: str, *, taken: int) -> Knock:
        """``taken``: places that are taken by now, at the door or in. A full gate answers for itself, and hears cancel requests."""
        place = place_of(address)
        mine = self._waiting.get(place, 0)
        room = self._places - (taken - mine)
        most = max(_LEAST, room * self._share // 100)
        standing = Standing.IN
        if mine >= most and taken < self._places:
            standing = Standing.CROWDED if mine < most + _TOLD else Standing.OUT
            self._say("login_share", place, most)
        if standing is not Standing.OUT:
            self._waiting[place] = mine + 1
        return Knock(self, place, standing)

    def silent(self, address: str, seconds: float) -> None:
        """A client has not even said who it is, for as long as it may take to log in."""
        self._say("login_timeout", place_of(address), int(seconds))

    def left(self, place: str) -> None:
        waiting = self._waiting[place] - 1
        if waiting:
            self._waiting[place] = waiting
        else:
            del self._waiting[place]  # or every address that ever came would be remembered

    def _say(self, bound: str, place: str, limit: int) -> None:
        self._refused[bound] = self._refused.get(bound, 0) + 1
        now = self._clock()
        self._noted = {known: at for known, at in self._noted.items() if now - at < _EVERY_SECONDS}
        if (bound, place) in self._noted or len(self._noted) >= _MOST_EVENTS:
            return
        self._noted[bound, place] = now
        self._note({"bound": bound, "limit": limit, "peer": place, "refused": self._refused.pop(bound)})
