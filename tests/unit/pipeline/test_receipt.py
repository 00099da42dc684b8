"""Waiting for two things."""

import asyncio
import gc

import pytest

from passgate.core.errors import StoreError
from passgate.pipeline.receipt import both, looked_at


def pair() -> tuple["asyncio.Future[None]", "asyncio.Future[None]"]:
    loop = asyncio.get_running_loop()
    return loop.create_future(), loop.create_future()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
async def test_both_must_be_done(order: tuple[int, int]) -> None:
    futures = pair()
    joined = both(*futures)
    futures[order[0]].set_result(None)
    await asyncio.sleep(0)
    assert not joined.done()
    futures[order[1]].set_result(None)
    await joined


@pytest.mark.parametrize("failing", [0, 1])
async def test_one_that_fails_fails_both_at_once(failing: int) -> None:
    futures = pair()
    joined = both(*futures)
    futures[failing].set_exception(StoreError("the disk is full"))
    with pytest.raises(StoreError, match="disk is full"):
        await joined
    futures[1 - failing].set_result(None)  # what comes later changes nothing
    await asyncio.sleep(0)


async def test_what_was_done_before_counts() -> None:
    first, second = pair()
    first.set_result(None)
    second.set_exception(StoreError)
    with pytest.raises(StoreError):
        await both(first, second)


async def test_cancelling_goes_one_way() -> None:
    first, second = pair()
    both(first, second).cancel()
    await asyncio.sleep(0)
    assert (first.cancelled(), second.cancelled()) == (False, False)
    joined = both(first, second)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await joined
    second.set_result(None)


async def test_a_failure_that_nobody_waits_for_is_no_noise(caplog: pytest.LogCaptureFixture) -> None:
    """asyncio complains of it when the future is thrown away."""
    first, second = pair()
    both(first, second)
    first.set_exception(StoreError)
    first.exception()
    failed, cancelled = pair()
    failed.set_exception(StoreError)
    cancelled.cancel()
    for future in (failed, cancelled):
        future.add_done_callback(looked_at)
    for _ in range(3):  # the callbacks, and what they call
        await asyncio.sleep(0)
    del failed, cancelled, future
    gc.collect()
    assert caplog.records == []
