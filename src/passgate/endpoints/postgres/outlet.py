"""What is on its way to the client, in order, and what it must wait for."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

BLOCKED_BYTES = 1024 * 1024
"""Bytes held behind something that is not durable yet before the server is no longer read."""

TOGETHER_BYTES = 4096
"""What stands in front of a barrier, if no more, leaves with what is behind it: a write of its own costs more than the wait."""


class Outlet:
    """Bytes and barriers. Bytes behind a barrier leave once its future is done; a future that fails ends everything.

    ``hold`` puts all that follows aside until ``let_go`` or ``drop``: the answer of a guarded statement before its verdict.
    """

    def __init__(
        self,
        *,
        write: Callable[[Sequence[bytes]], None],
        failed: Callable[[BaseException], None],
        flowing: Callable[[], None],
    ) -> None:
        """``flowing`` is called when a barrier has opened and bytes have left."""
        self._write = write
        self._failed = failed
        self._flowing = flowing
        self._queue: deque[bytes | asyncio.Future[None]] = deque()
        self._held: list[bytes] | None = None
        self._waiting: asyncio.Future[None] | None = None
        self.size = 0

    @property
    def blocked(self) -> bool:
        """Whether so much is held that no more should be read."""
        return self._waiting is not None and self.size > BLOCKED_BYTES

    @property
    def held(self) -> int:
        """Bytes put aside."""
        return sum(map(len, self._held)) if self._held else 0

    def put(self, data: bytes) -> None:
        self.size += len(data)
        (self._queue if self._held is None else self._held).append(data)

    def barrier(self, future: "asyncio.Future[None]") -> None:
        """Nothing put from now on leaves before ``future`` is done."""
        if not future.done() or future.exception() is not None:
            self._queue.append(future)

    def hold(self) -> None:
        self._held = []

    def let_go(self) -> None:
        held, self._held = self._held or [], None
        self._queue.extend(held)

    def drop(self) -> None:
        held, self._held = self._held or [], None
        self.size -= sum(map(len, held))

    def flush(self) -> None:
        """Write what may leave. A few bytes wait for the barrier right behind them, each of them for one at most."""
        self._leave(TOGETHER_BYTES)

    def _leave(self, together: int) -> None:
        if self._waiting is not None or not self._queue:
            return
        ready: list[bytes] = []
        before = self.size
        while self._queue:
            head = self._queue[0]
            if isinstance(head, bytes):
                ready.append(head)
                self.size -= len(head)
            elif not head.done():
                self._waiting = head
                head.add_done_callback(self._opened)
                if ready and before - self.size <= together:
                    self._queue.extendleft(reversed(ready))
                    self.size = before
                    return
                break
            elif head.cancelled() or head.exception() is not None:
                self._queue.clear()
                self._write(ready)
                self._failed(asyncio.CancelledError() if head.cancelled() else head.exception() or RuntimeError())
                return
            self._queue.popleft()
        self._write(ready)

    def _opened(self, _future: "asyncio.Future[None]") -> None:
        self._waiting = None
        self._leave(0)
        self._flowing()
