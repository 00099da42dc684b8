"""Facts that processes share: seen before anything they are about can have left, and never lost in silence."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest

from passgate.core.errors import StoreError
from passgate.core.passes import Pass
from passgate.pipeline.tasks import FORGOTTEN_AFTER, Facts, ProcessTasks, SharedTasks
from tests.unit.pipeline.steps import NOW, make_session


@dataclass
class MemoryStore:
    """What the processes share. ``gate``: writes wait until it is set; ``broken``: what cannot be done."""

    tags: list[tuple[str, str]] = field(default_factory=list)
    sums: dict[str, dict[str, int]] = field(default_factory=dict)
    gate: threading.Event = field(default_factory=threading.Event)
    broken: set[str] = field(default_factory=set)
    swept: list[datetime] = field(default_factory=list)
    reads: int = 0

    def _check(self, what: str) -> None:
        if what in self.broken:
            raise StoreError("the disk is full")

    def facts(self, task: str) -> Facts:
        self._check("facts")
        tags = frozenset(tag for one, tag in self.tags if one == task)
        return Facts(tags=tags, counters=dict(self.sums.get(task, {})))

    def tag(self, task: str, tag: str, *, at: datetime) -> None:
        assert self.gate.wait(10)
        self._check("tag")
        self.tags.append((task, tag))

    def cursor(self) -> int:
        return len(self.tags)

    def tagged_after(self, cursor: int) -> tuple[int, Sequence[tuple[str, str]]]:
        self._check("tagged_after")
        self.reads += 1
        return len(self.tags), tuple(self.tags[cursor:])

    def count(self, counted: Mapping[str, Mapping[str, int]], tasks: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        self._check("count")
        for task, counters in counted.items():
            sums = self.sums.setdefault(task, {})
            for counter, by in counters.items():
                sums[counter] = sums.get(counter, 0) + by
        return {task: dict(self.sums[task]) for task in tasks if task in self.sums}

    def sweep(self, ended_before: datetime) -> None:
        self._check("sweep")
        self.swept.append(ended_before)


@dataclass
class MemoryBell:
    rings: list[int] = field(default_factory=list)
    cracked: bool = False

    def heard(self) -> bytes:
        return str(len(self.rings)).encode()

    def ring(self) -> None:
        self.rings.append(1)

    def check(self) -> None:
        if self.cracked:
            raise StoreError("the bell is gone")


@dataclass
class Town:
    """One store, one bell, any number of processes."""

    store: MemoryStore = field(default_factory=MemoryStore)
    bell: MemoryBell = field(default_factory=MemoryBell)
    processes: list[SharedTasks] = field(default_factory=list)

    def process(self) -> SharedTasks:
        tasks = SharedTasks(store=self.store, bell=self.bell, now=lambda: NOW, interval=0.001)
        self.processes.append(tasks)
        return tasks


def of_task(task: str = "t") -> Pass:
    return replace(make_session().pass_, task=task)


@pytest.fixture
async def town() -> AsyncIterator[Town]:
    town = Town()
    town.store.gate.set()
    yield town
    town.store.broken.clear()
    town.store.gate.set()
    for process in town.processes:
        await process.finish()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in a thread
            await asyncio.sleep(0.001)


async def test_a_fact_is_in_force_at_once_and_kept_when_it_is_stored(town: Town) -> None:
    tasks = town.process()
    task = tasks.open(of_task())
    town.store.gate.clear()
    kept = tasks.tag(task, "a")
    assert kept is not None
    assert (task.tags, task.kept, kept.done()) == ({"a"}, frozenset(), False)
    assert tasks.tag(task, "a") is kept, "whoever sets it meanwhile waits for the same"
    town.store.gate.set()
    await kept
    await asyncio.sleep(0)
    assert (task.kept, town.store.tags) == ({"a"}, [("t", "a")])
    assert tasks.tag(task, "a") is None


async def test_another_process_knows_it_at_its_next_look(town: Town) -> None:
    one, other = town.process(), town.process()
    mine, theirs, stranger = one.open(of_task()), other.open(of_task()), other.open(of_task("u"))
    other.look()
    assert theirs.tags == frozenset()
    kept = one.tag(mine, "a")
    assert kept is not None
    await kept
    other.look()
    assert (theirs.tags, theirs.kept, stranger.tags) == ({"a"}, {"a"}, frozenset())


async def test_whoever_is_told_that_it_is_kept_can_be_heard_elsewhere(town: Town) -> None:
    """Store, then bell, then the promise: in any other order a decision could come in between."""
    one, other = town.process(), town.process()
    mine, theirs = one.open(of_task()), other.open(of_task())
    seen: list[frozenset[str]] = []
    kept = one.tag(mine, "a")
    assert kept is not None
    ring = town.bell.ring
    assert not seen
    kept.add_done_callback(lambda _kept: (other.look(), seen.append(theirs.tags)))
    await kept
    await asyncio.sleep(0)
    assert seen == [{"a"}]
    assert ring


async def test_silence_costs_no_look_at_the_store(town: Town) -> None:
    tasks = town.process()
    task = tasks.open(of_task())
    for _ in range(100):
        tasks.look()
    assert town.store.reads == 0
    kept = tasks.tag(task, "a")
    assert kept is not None
    await kept
    for _ in range(100):
        tasks.look()
    assert town.store.reads == 1


async def test_a_task_that_is_opened_later_begins_with_what_is_known(town: Town) -> None:
    town.store.tags.append(("t", "a"))
    town.store.sums["t"] = {"rows": 7}
    task = town.process().open(of_task())
    assert (task.tags, task.kept, task.counters) == ({"a"}, {"a"}, {"rows": 7})


async def test_sessions_of_a_process_share_their_task(town: Town) -> None:
    tasks = town.process()
    assert tasks.open(of_task()) is tasks.open(of_task())
    assert tasks.open(of_task("u")) is not tasks.open(of_task())


async def test_what_cannot_be_stored_stays_in_force_here_and_is_tried_again(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    tasks = town.process()
    task = tasks.open(of_task())
    town.store.broken.add("tag")
    kept = tasks.tag(task, "a")
    assert kept is not None
    with pytest.raises(StoreError, match="disk is full"):
        await kept
    assert (task.tags, task.kept, town.bell.rings) == ({"a"}, frozenset(), [])
    assert "is not released" in caplog.text
    town.store.broken.clear()
    again = tasks.tag(task, "a")
    assert again is not None
    await again
    assert town.store.tags == [("t", "a")]


async def test_a_store_that_cannot_be_read_is_told_at_each_look_until_it_can(town: Town) -> None:
    one, other = town.process(), town.process()
    mine, theirs = one.open(of_task()), other.open(of_task())
    kept = one.tag(mine, "a")
    assert kept is not None
    await kept
    town.store.broken.add("tagged_after")
    for _ in range(2):
        with pytest.raises(StoreError):
            other.look()
        with pytest.raises(StoreError):
            other.open(of_task())
    town.store.broken.clear()
    other.look()
    assert theirs.tags == {"a"}


async def test_a_bell_that_was_replaced_stops_everything(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    tasks = town.process()
    town.bell.cracked = True
    tasks.listen()
    tasks.listen()
    with pytest.raises(StoreError, match="bell is gone"):
        tasks.look()
    assert caplog.text.count("nothing is allowed") == 1
    town.bell.cracked = False
    tasks.listen()
    tasks.look()


async def test_a_process_that_died_before_it_rang_is_heard_by_the_timer(town: Town) -> None:
    tasks = town.process()
    task = tasks.open(of_task())
    town.store.tags.append(("t", "a"))
    tasks.look()
    assert task.tags == frozenset()
    running = asyncio.create_task(tasks.run())
    await until(lambda: task.tags == {"a"})
    running.cancel()


async def test_counters_of_processes_add_up(town: Town) -> None:
    one, other = town.process(), town.process()
    mine, theirs = one.open(of_task()), other.open(of_task())
    mine.count("rows", 5)
    theirs.count("rows", 100)
    await one.exchange_counters()
    await other.exchange_counters()
    await one.exchange_counters()
    assert mine.counters == theirs.counters == {"rows": 105}
    assert town.store.sums == {"t": {"rows": 105}}


async def test_counters_that_cannot_be_stored_wait(town: Town) -> None:
    tasks = town.process()
    task, idle = tasks.open(of_task()), tasks.open(of_task("u"))
    task.count("rows", 5)
    town.store.broken.add("count")
    with pytest.raises(StoreError):
        await tasks.exchange_counters()
    task.count("rows", 1)
    assert task.counters == {"rows": 6}
    town.store.broken.clear()
    await tasks.exchange_counters()
    assert town.store.sums == {"t": {"rows": 6}}
    assert idle.counters == {}


async def test_a_task_at_which_nobody_works_any_more_is_told_and_forgotten(town: Town) -> None:
    tasks = town.process()
    task = tasks.open(of_task())
    tasks.open(of_task())
    task.count("rows", 5)
    tasks.close(task)
    await tasks.exchange_counters()
    assert tasks.open(of_task()) is task
    tasks.close(task)
    tasks.close(task)
    task.count("rows", 1)
    await tasks.exchange_counters()
    assert town.store.sums == {"t": {"rows": 6}}
    assert tasks.open(of_task()) is not task
    await tasks.exchange_counters()


async def test_the_end_of_a_process_loses_no_counter(town: Town) -> None:
    tasks = town.process()
    task = tasks.open(of_task())
    task.count("rows", 5)
    tasks.close(task)
    await tasks.finish()
    town.processes.clear()
    assert town.store.sums == {"t": {"rows": 5}}


async def test_the_end_of_a_process_says_what_is_lost(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    tasks = town.process()
    tasks.open(of_task()).count("rows", 5)
    town.store.broken.add("count")
    await tasks.finish()
    town.processes.clear()
    assert "last counters of tasks are lost" in caplog.text


async def test_the_timer_sweeps_and_goes_on_after_a_failure(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    tasks = town.process()
    task = tasks.open(of_task())
    task.count("rows", 1)
    town.store.broken.add("count")
    running = asyncio.create_task(tasks.run())
    await until(lambda: "wait to be stored" in caplog.text)
    town.store.broken.clear()
    await until(lambda: bool(town.store.swept))
    await until(lambda: town.store.sums == {"t": {"rows": 1}})
    running.cancel()
    assert town.store.swept == [NOW - FORGOTTEN_AFTER]


async def test_one_process_alone_needs_nobody() -> None:
    tasks = ProcessTasks()
    task = tasks.open(of_task())
    assert tasks.open(of_task()) is task
    tasks.look()
    assert tasks.tag(task, "a") is None
    assert task.tags == task.kept == {"a"}
    tasks.close(task)
    assert tasks.open(of_task()) is task
    tasks.close(task)
    tasks.close(task)
    assert tasks.open(of_task()) is not task
