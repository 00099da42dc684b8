import asyncio
from collections.abc import Sequence

import pytest

from passgate.core.errors import LedgerUnavailableError
from passgate.endpoints.postgres.outlet import BLOCKED_BYTES, TOGETHER_BYTES, Outlet


class Sink:
    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.failures: list[BaseException] = []
        self.flowed = 0
        self.outlet = Outlet(write=self.write, failed=self.failures.append, flowing=self.flow)

    def write(self, chunks: Sequence[bytes]) -> None:
        self.written += chunks

    def flow(self) -> None:
        self.flowed += 1


def future() -> "asyncio.Future[None]":
    return asyncio.get_running_loop().create_future()


async def test_without_barriers_all_leaves_in_one_write() -> None:
    sink = Sink()
    sink.outlet.put(b"a")
    sink.outlet.put(b"b")
    sink.outlet.flush()
    assert sink.written == [b"a", b"b"]
    assert sink.outlet.size == 0


async def test_a_barrier_holds_what_is_behind_it_only() -> None:
    sink, first, second = Sink(), future(), future()
    much = b"a" * (TOGETHER_BYTES + 1)
    sink.outlet.put(much)
    sink.outlet.barrier(first)
    sink.outlet.put(b"b")
    sink.outlet.barrier(second)
    sink.outlet.put(b"c")
    sink.outlet.flush()
    sink.outlet.flush()
    assert sink.written == [much]
    first.set_result(None)
    await asyncio.sleep(0)
    assert sink.written == [much, b"b"]
    second.set_result(None)
    await asyncio.sleep(0)
    assert sink.written == [much, b"b", b"c"]
    assert sink.flowed == 2
    assert sink.outlet.size == 0


async def test_a_few_bytes_wait_for_one_barrier_and_leave_with_what_is_behind_it() -> None:
    sink, first, second = Sink(), future(), future()
    sink.outlet.put(b"a")
    sink.outlet.put(b"b")
    sink.outlet.barrier(first)
    sink.outlet.put(b"c")
    sink.outlet.barrier(second)
    sink.outlet.put(b"d")
    sink.outlet.flush()
    assert sink.written == []
    assert sink.outlet.size == 4
    first.set_result(None)
    await asyncio.sleep(0)
    assert sink.written == [b"a", b"b", b"c"]
    assert sink.outlet.size == 1


async def test_a_future_that_is_done_is_no_barrier() -> None:
    sink, done = Sink(), future()
    done.set_result(None)
    sink.outlet.barrier(done)
    sink.outlet.put(b"a")
    sink.outlet.flush()
    assert sink.written == [b"a"]


@pytest.mark.parametrize("late", [False, True])
async def test_a_barrier_that_fails_lets_nothing_through(late: bool) -> None:
    sink, never = Sink(), future()
    sink.outlet.put(b"a")
    if not late:
        never.set_exception(LedgerUnavailableError())
    sink.outlet.barrier(never)
    sink.outlet.put(b"b")
    sink.outlet.flush()
    if late:
        never.set_exception(LedgerUnavailableError())
        await asyncio.sleep(0)
    assert sink.written == [b"a"]
    assert isinstance(sink.failures[0], LedgerUnavailableError)


async def test_a_cancelled_barrier_fails_too() -> None:
    sink, never = Sink(), future()
    sink.outlet.barrier(never)
    sink.outlet.put(b"b")
    sink.outlet.flush()
    never.cancel()
    await asyncio.sleep(0)
    assert sink.written == []
    assert isinstance(sink.failures[0], asyncio.CancelledError)


async def test_it_says_when_too_much_is_behind_a_barrier() -> None:
    sink, wait = Sink(), future()
    sink.outlet.barrier(wait)
    sink.outlet.put(b"x" * (BLOCKED_BYTES + 1))
    assert not sink.outlet.blocked
    sink.outlet.flush()
    assert sink.outlet.blocked
    wait.set_result(None)
    await asyncio.sleep(0)
    assert not sink.outlet.blocked


async def test_what_is_held_leaves_or_is_dropped() -> None:
    sink = Sink()
    sink.outlet.hold()
    sink.outlet.put(b"answer")
    sink.outlet.flush()
    assert sink.written == []
    assert sink.outlet.held == 6
    sink.outlet.let_go()
    sink.outlet.flush()
    assert sink.written == [b"answer"]
    sink.outlet.hold()
    sink.outlet.put(b"secret")
    sink.outlet.drop()
    sink.outlet.put(b"refusal")
    sink.outlet.flush()
    assert sink.written == [b"answer", b"refusal"]
    assert sink.outlet.size == sink.outlet.held == 0
