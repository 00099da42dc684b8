"""Work on large bodies goes on beside the loop: some cost seconds per megabyte, and everybody else is served meanwhile."""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from passgate.core.abandoning import until

LARGE = 16 * 1024
"""Bytes. At three seconds per megabyte, the worst that was measured, what is smaller takes a twentieth of a second."""

THREADS = 4
"""They take turns with the loop every few milliseconds (``sys.getswitchinterval``), so that more of them would slow it down."""

T = TypeVar("T")


def _worked(work: Callable[[], T], abandoned: threading.Event) -> T:
    with until(abandoned):
        return work()


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
        self._under_way: set[threading.Event] = set()

    async def run(self, whose: str, size: int, work: Callable[[], T]) -> T:
        """What ``work`` returns or raises. ``whose``: the session; ``size``: bytes of what it is about.

        Whoever is cancelled goes at once. What runs then stops soon, where it asks whether it is to go on, and keeps its session's
        turn until then. Raises AbandonedError when the gate stops.
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

        abandoned = threading.Event()
        self._under_way.add(abandoned)
        done = self._pool.submit(_worked, work, abandoned)
        done.add_done_callback(ended)
        try:
            return await asyncio.wrap_future(done)
        finally:
            abandoned.set()
            self._under_way.discard(abandoned)

    def close(self) -> None:
        """What has not begun never does, and what has stops soon."""
        for abandoned in self._under_way:
            abandoned.set()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _release(self, whose: str, turn: _Turn) -> None:
        turn.lock.release()
        self._left(whose, turn)

    def _left(self, whose: str, turn: _Turn) -> None:
        turn.wanted -= 1
        if not turn.wanted:
            del self._turns[whose]
