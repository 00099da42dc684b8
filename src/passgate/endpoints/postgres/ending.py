"""What an ending session was running is cancelled at the server: tried more than once, and known whether the server was told."""

import asyncio
from dataclasses import dataclass

from passgate.endpoints.postgres import upstream
from passgate.endpoints.postgres.settings import Upstream

_PAUSES = (0.1, 0.3, 0.9)
"""Seconds between tries, each of which takes two at the most: so it is over within ten. A server that is slow to accept for longer
than that has other troubles, and a gate that stops must not wait for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCancel:
    """``delivered``: the server has taken the request, and passed it on; whether the statement heeds it, it does not say."""

    delivered: bool
    tries: int


async def last_cancel(target: Upstream, process_id: int, key: bytes) -> LastCancel:
    """For a connection on which nothing is sent any more: a cancel that comes late, or twice, hits nothing else."""
    tries = 1
    while not await upstream.cancel(target, process_id, key):
        if tries > len(_PAUSES):
            return LastCancel(delivered=False, tries=tries)
        await asyncio.sleep(_PAUSES[tries - 1])
        tries += 1
    return LastCancel(delivered=True, tries=tries)
