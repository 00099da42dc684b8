"""What a recorder gives for an event."""

import asyncio
from typing import Final, final


@final
class Receipt:
    """``durable`` is done once the event is safe on disk; it carries LedgerUnavailableError if it never will be.

    Whoever does not need to know leaves it alone: an event that nobody waits for may ride along with the next commit.
    """

    __slots__ = ("durable", "event_id")

    def __init__(self, *, event_id: str, durable: "asyncio.Future[None]") -> None:
        self.event_id: Final = event_id
        self.durable: Final = durable


def both(first: "asyncio.Future[None]", second: "asyncio.Future[None]") -> "asyncio.Future[None]":
    """Done when both are; failed as soon as one is. Neither is cancelled with it."""
    joined: asyncio.Future[None] = first.get_loop().create_future()

    left = 2

    def look(ended: "asyncio.Future[None]") -> None:
        nonlocal left
        left -= 1
        if joined.done():
            return
        if ended.cancelled():
            joined.cancel()
        elif (error := ended.exception()) is not None:
            joined.set_exception(error)
        elif not left:
            joined.set_result(None)

    first.add_done_callback(look)
    second.add_done_callback(look)
    joined.add_done_callback(looked_at)  # nobody may wait for a read's; what failed refuses the next by itself
    return joined


def looked_at(future: "asyncio.Future[None]") -> None:
    """A done-callback: nobody waits for this one, so its failure is not to be reported as one that nobody noticed.

    A ledger that failed to take it refuses the next intent by itself.
    """
    if not future.cancelled():
        future.exception()
