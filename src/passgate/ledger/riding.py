"""The future of an event that rides along with the next commit. Not compiled: it inherits from asyncio's own."""

import asyncio
from collections.abc import Callable, Generator
from contextvars import Context
from typing import Any, Self


class RidingFuture(asyncio.Future[None]):
    """Tells the writer, by ``awaited``, when somebody begins to wait for it."""

    awaited: Callable[[], None]

    def __await__(self) -> Generator[Any, None, None]:
        if not self.done():
            self.awaited()
        return super().__await__()

    def add_done_callback(self, fn: Callable[[Self], object], /, *, context: Context | None = None) -> None:
        if not self.done():
            self.awaited()
        super().add_done_callback(fn, context=context)
