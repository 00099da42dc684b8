"""Work on large bodies goes on beside the loop: some cost seconds per megabyte, and everybody else is served meanwhile."""

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

LARGE = 16 * 1024
"""Bytes. At three seconds per megabyte, the worst that was measured, what is smaller takes a twentieth of a second."""

THREADS = 4
"""They take turns with the loop every few milliseconds (``sys.getswitchinterval``), so that more of them would slow it down."""

T = TypeVar("T")


class _Turn:
    """``wanted``: by how many, the one whose turn it is among them."""

    __slots__ = ("lock", "wanted")

    def __init__(self) -> None:
        self.lock = asyncio.Lock()
        self.wanted = 0


class Aside:
    """Of one endpoint. Of one session no two bodies are worked on at once, so that nobody takes every thread."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="aside")
        self._turns: dict[str, _Turn] = {}

    async def run(self, whose: str, size: int, work: Callable[[], T]) -> T:
        """What ``work`` returns or raises. ``whose``: the session; ``size``: bytes of what it is about.

        Whoever is cancelled goes at once. What runs then runs on to its end, which nobody hears of, and keeps its session's turn.
        """
        if size <= LARGE:
            return work()
        turn = self._turns.setdefault(whose, _Turn())
        turn.wanted += 1
        try:
            await turn.lock.acquire()
        except asyncio.CancelledError:
            self._left(whose, turn)
            raise
        loop = asyncio.get_running_loop()

        def ended(_done: "Future[T]") -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed, and nobody has a turn any more
                loop.call_soon_threadsafe(self._release, whose, turn)

        done = self._pool.submit(work)
        done.add_done_callback(ended)
        return await asyncio.wrap_future(done)

    def close(self) -> None:
        """What has not begun never does."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _release(self, whose: str, turn: _Turn) -> None:
        turn.lock.release()
        self._left(whose, turn)

    def _left(self, whose: str, turn: _Turn) -> None:
        turn.wanted -= 1
        if not turn.wanted:
            del self._turns[whose]
