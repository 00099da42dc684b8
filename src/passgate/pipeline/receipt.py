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
