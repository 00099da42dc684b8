"""The tasks that are worked at in this process, and how processes learn of one another's facts.

A fact set here is in the store, durably, before the bell rings and before anything it is about is released. Every process looks at
the bell before every decision, which costs a few bytes of shared memory; when it has rung since, the store is read. So a decision
anywhere knows every fact that a client could have learnt of. Counters are exchanged by a timer.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Protocol

from passgate.core.errors import StoreError
from passgate.core.passes import Pass
from passgate.core.task import Task

_LOG = logging.getLogger(__name__)

INTERVAL_SECONDS = 0.5
"""How far the counters of another process may be behind."""

SWEEP_SECONDS = 60.0

FORGOTTEN_AFTER = timedelta(hours=1)
"""How long facts outlive the last pass of their task: far longer than the sessions of a pass do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the store holds of one task."""

    tags: frozenset[str]
    counters: Mapping[str, int]


class TaskStore(Protocol):
    """Facts by task, shared by every process. Every method raises StoreError."""

    def facts(self, task: str) -> Facts: ...

    def tag(self, task: str, tag: str, *, at: datetime) -> None:
        """Durable when it returns. Called by another thread than the others."""

    def cursor(self) -> int: ...

    def tagged_after(self, cursor: int) -> tuple[int, Sequence[tuple[str, str]]]:
        """Task and tag of what was set since ``cursor``, and the cursor to go on from."""

    def count(self, counted: Mapping[str, Mapping[str, int]], tasks: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        """Add what was counted; the sums of ``tasks`` then."""

    def sweep(self, ended_before: datetime) -> None:
        """Forget tasks of which no pass lived at that moment or later."""


class Bell(Protocol):
    """A few bytes that all processes see. Both raise StoreError where others might not see the same."""

    def heard(self) -> bytes:
        """Differs from what it was before if it has rung in between."""

    def ring(self) -> None: ...

    def check(self) -> None: ...


class ProcessTasks:
    """Tasks of one process that shares them with no other."""

    def __init__(self) -> None:
        self._open: dict[str, tuple[Task, int]] = {}

    def open(self, pass_: Pass) -> Task:
        task, sessions = self._open.get(pass_.task) or (Task(id=pass_.task), 0)
        self._open[task.id] = (task, sessions + 1)
        return task

    def close(self, task: Task) -> None:
        _, sessions = self._open.pop(task.id)
        if sessions > 1:
            self._open[task.id] = (task, sessions - 1)

    def look(self) -> None:
        """Nobody else sets anything."""

    def tag(self, task: Task, tag: str) -> "asyncio.Future[None] | None":
        task.keep(tag)
        return None


class _Opened:
    """A task and how many sessions of this process work at it."""

    __slots__ = ("sessions", "task")

    def __init__(self, task: Task) -> None:
        self.task = task
        self.sessions = 0


class SharedTasks:
    """Tasks of several processes that share one store."""

    def __init__(
        self,
        *,
        store: TaskStore,
        bell: Bell,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        interval: float = INTERVAL_SECONDS,
    ) -> None:
        """Raises StoreError."""
        self._store = store
        self._bell = bell
        self._now = now
        self._interval = interval
        self._open: dict[str, _Opened] = {}
        self._pending: dict[tuple[str, str], asyncio.Future[None]] = {}
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="tasks")  # a sync of the disk may take long
        self._deaf: StoreError | None = None
        self._heard = bell.heard()  # before the cursor: what comes in between is read twice rather than not at all
        self._cursor = store.cursor()

    def open(self, pass_: Pass) -> Task:
        """Raises StoreError."""
        self.look()
        opened = self._open.get(pass_.task)
        if opened is None:
            facts = self._store.facts(pass_.task)
            task = Task(id=pass_.task, kept=facts.tags, counters=dict(facts.counters))
            opened = self._open[task.id] = _Opened(task)
        opened.sessions += 1
        return opened.task

    def close(self, task: Task) -> None:
        """What it counted is told to the store by the timer, which then forgets the task."""
        self._open[task.id].sessions -= 1

    def look(self) -> None:
        """Raises StoreError: nobody can say then what has been done in a task."""
        if self._deaf is not None:
            raise self._deaf
        heard = self._bell.heard()
        if heard != self._heard:
            self._follow()
            self._heard = heard

    def tag(self, task: Task, tag: str) -> "asyncio.Future[None] | None":
        if tag in task.kept:
            return None
        key = (task.id, tag)
        pending = self._pending.get(key)
        if pending is None:
            task.tags |= {tag}
            pending = asyncio.get_running_loop().run_in_executor(self._writer, self._keep, *key)
            self._pending[key] = pending
            pending.add_done_callback(partial(self._kept, task, tag))
        return pending

    def _keep(self, task: str, tag: str) -> None:
        self._store.tag(task, tag, at=self._now())
        self._bell.ring()

    def _kept(self, task: Task, tag: str, written: "asyncio.Future[None]") -> None:
        del self._pending[task.id, tag]
        if written.cancelled():
            return
        error = written.exception()
        if error is None:
            task.keep(tag)
        else:
            _LOG.error("%s of a task could not be stored, so what it is about is not released: %s", tag, error)

    def _follow(self) -> None:
        self._cursor, found = self._store.tagged_after(self._cursor)
        for task, tag in found:
            opened = self._open.get(task)
            if opened is not None:
                opened.task.keep(tag)

    # -- in the background -----------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        swept = loop.time() - SWEEP_SECONDS
        while True:
            self.listen()
            try:
                await self.exchange_counters()
                if loop.time() - swept >= SWEEP_SECONDS:
                    swept = loop.time()
                    await loop.run_in_executor(self._writer, self._store.sweep, self._now() - FORGOTTEN_AFTER)
            except StoreError as error:
                _LOG.warning("the counters of tasks wait to be stored: %s", error)
            await asyncio.sleep(self._interval)

    def listen(self) -> None:
        """Look at the store whether or not the bell has rung: a process may have died between the two."""
        try:
            self._bell.check()
            self._follow()
        except StoreError as error:
            if self._deaf is None:
                _LOG.error("what happens in tasks cannot be known, so nothing is allowed: %s", error)
            self._deaf = error
        else:
            self._deaf = None

    async def exchange_counters(self) -> None:
        """Raises StoreError; what was counted is kept then and told later."""
        tasks = [opened.task for opened in self._open.values()]
        if not tasks:
            return
        counted = {task.id: task.take_uncounted() for task in tasks if task.uncounted}
        told = asyncio.get_running_loop().run_in_executor(
            self._writer, self._store.count, counted, [task.id for task in tasks]
        )
        try:
            sums = await asyncio.shield(told)
        except StoreError:
            for task in tasks:
                _put_back(task, counted.get(task.id, {}))
            raise
        for task in tasks:
            task.counted(dict(sums.get(task.id, {})))
            if not (self._open[task.id].sessions or task.uncounted):
                del self._open[task.id]

    async def finish(self) -> None:
        """The last counters, at the end of the process."""
        try:
            await self.exchange_counters()
        except StoreError as error:
            _LOG.warning("the last counters of tasks are lost: %s", error)
        self._writer.shutdown()


def _put_back(task: Task, counted: Mapping[str, int]) -> None:
    for counter, by in counted.items():
        task.uncounted[counter] = task.uncounted.get(counter, 0) + by
