"""A wait that a time or an event ends."""

import asyncio


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Whether it was set in that time; it is clear afterwards."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    event.clear()
    return True
