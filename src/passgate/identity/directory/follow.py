"""Now and then everybody's standing is looked at: a process may have ended between a change and what it leads to."""

import asyncio
import logging

from passgate.core.errors import StoreError
from passgate.identity.directory.standing import Standing
from passgate.identity.ending import Ending

_LOG = logging.getLogger(__name__)

INTERVAL_SECONDS = 30.0


class DirectoryWatch:
    """``actor``: who ends what is ended here, as the ledger names it."""

    def __init__(self, *, standing: Standing, ending: Ending, actor: str, interval: float = INTERVAL_SECONDS) -> None:
        self._standing = standing
        self._ending = ending
        self._actor = actor
        self._interval = interval

    def look(self) -> int:
        """One look, now; says how many passes it ended. Raises StoreError."""
        self._ending.sign_out(self._standing.is_out())
        return self._ending.end(self._standing.why_not(), actor=self._actor)

    async def run(self) -> None:
        """Until cancelled. The first look is at once."""
        while True:
            try:
                self.look()
            except StoreError as error:
                _LOG.warning("the directory cannot be looked into: %s", error)
            await asyncio.sleep(self._interval)
