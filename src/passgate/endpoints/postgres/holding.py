"""A statement that waits for people: what its client is told meanwhile, and how it is called off."""

import asyncio

from passgate.codecs.postgres.refusal import notice
from passgate.endpoints.postgres.line import Line
from passgate.pipeline.gate import Verdict
from passgate.pipeline.protocols import Previewer, Waiting

REMINDER_SECONDS = 15.0
"""How often a waiting client hears that it waits, so that nothing between takes the connection for dead."""


class Holding:
    """One at a time: while a statement waits, nothing more of its client is looked at."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._called_off: asyncio.Future[Verdict] | None = None  # never gets a result: done is called off
        self._reminder: asyncio.TimerHandle | None = None

    def call_off(self) -> bool:
        """The client has asked to cancel what it is waiting for; False if nothing waits."""
        if self._called_off is None or self._called_off.done():
            return False
        self._called_off.cancel()
        return True

    async def approve(self, verdict: Verdict, preview: Previewer) -> Verdict | None:
        """What people say; None if the client called it off. The request stays where people see it, and can be answered later.

        ``preview``: how it is tried out before they are asked.
        """
        loop = asyncio.get_running_loop()
        self._called_off = loop.create_future()
        asking = loop.create_task(self._line.gated.approve(verdict, self._told, preview=preview))
        try:
            await asyncio.wait({asking, self._called_off}, return_when=asyncio.FIRST_COMPLETED)
            return asking.result() if asking.done() else None
        finally:
            asking.cancel()
            self._called_off = None
            if self._reminder is not None:
                self._reminder.cancel()
                self._reminder = None

    def _told(self, waiting: Waiting) -> None:
        if self._line.conversation.quiet:  # else rows of an earlier statement may be half written
            self._line.outlet.put(
                notice(
                    f"this waits for the approval of {waiting.count} of {waiting.group}",
                    detail=f"request {waiting.request}, until {waiting.expires:%H:%M:%S} UTC",
                ).encode()
            )
            self._line.outlet.flush()
        self._reminder = asyncio.get_running_loop().call_later(REMINDER_SECONDS, self._told, waiting)
