"""Large bodies are worked on beside the loop, one of a session at a time, and come out as they would on it."""

import asyncio
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.llm.fields import read_call
from passgate.codecs.llm.json_text import quoted
from passgate.codecs.llm.operations import OPERATIONS
from passgate.core.abandoning import go_on
from passgate.core.errors import AbandonedError
from passgate.core.finding import Field
from passgate.core.masker import TextMasker
from passgate.core.session import Session
from passgate.core.text_plan import LanePlan, TextPlan
from passgate.endpoints.llm import aside as module
from passgate.endpoints.llm.aside import LARGE, Aside
from passgate.endpoints.llm.disclosure import Disclosure
from passgate.endpoints.llm.lane_counts import LaneCounts
from passgate.masking import SessionMaskerFactory, open_detector
from tests.unit.endpoints.llm.parts import pass_for, target

CHAT = next(one for one in OPERATIONS if one.name == "openai.chat")
DETECTOR = open_detector(engine="literals")


@pytest.fixture
async def aside() -> AsyncIterator[Aside]:
    made = Aside()
    yield made
    made.close()


def masker() -> TextMasker:
    now = datetime.now(UTC)
    session = Session(id="s", pass_=pass_for("gpt"), resource=target().resource, opened=now, peer="192.0.2.1")
    return SessionMaskerFactory(detector=DETECTOR, master_key=b"k" * 32).open(session)


async def test_small_ones_are_done_at_once_and_large_ones_by_a_thread(aside: Aside) -> None:
    here = threading.get_ident()
    assert await aside.run("s", LARGE, threading.get_ident) == here
    assert await aside.run("s", LARGE + 1, threading.get_ident) != here


async def test_the_loop_goes_on_meanwhile(aside: Aside) -> None:
    go = threading.Event()
    work = asyncio.create_task(aside.run("s", LARGE + 1, lambda: go.wait(10)))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not work.done()
    go.set()
    assert await work is True


async def test_errors_come_back(aside: Aside) -> None:
    with pytest.raises(ZeroDivisionError):
        await aside.run("s", LARGE + 1, lambda: 1 / 0)
    assert await aside.run("s", LARGE + 1, lambda: 1) == 1


async def test_one_of_a_session_at_a_time_and_sessions_beside_each_other(aside: Aside) -> None:
    go = threading.Event()
    first = asyncio.create_task(aside.run("a", LARGE + 1, lambda: go.wait(10)))
    second = asyncio.create_task(aside.run("a", LARGE + 1, lambda: "second"))
    other = await aside.run("b", LARGE + 1, lambda: "other")
    assert (other, first.done(), second.done()) == ("other", False, False)
    go.set()
    assert await second == "second"
    assert await first is True


async def test_whoever_is_cancelled_goes_at_once_and_the_turn_is_over_when_the_work_is(aside: Aside) -> None:
    go, begun = threading.Event(), threading.Event()

    def long() -> bool:
        begun.set()
        return go.wait(10)

    work = asyncio.create_task(aside.run("s", LARGE + 1, long))
    await asyncio.to_thread(begun.wait, 10)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    waiting = asyncio.create_task(aside.run("s", LARGE + 1, lambda: "waiting"))
    next_ = asyncio.create_task(aside.run("s", LARGE + 1, lambda: "next"))
    await asyncio.sleep(0.05)
    assert not waiting.done()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go.set()
    assert await next_ == "next"
    await asyncio.sleep(0.05)
    assert aside._turns == {}


async def test_work_that_nobody_waits_for_stops(aside: Aside) -> None:
    begun, stopped = threading.Event(), threading.Event()

    def endless() -> None:
        begun.set()
        try:
            while True:
                go_on()
        except AbandonedError:
            stopped.set()
            raise

    work = asyncio.create_task(aside.run("s", LARGE + 1, endless))
    await asyncio.to_thread(begun.wait, 10)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert await asyncio.to_thread(stopped.wait, 10)
    begun.clear()
    work = asyncio.create_task(aside.run("s", LARGE + 1, endless))
    await asyncio.to_thread(begun.wait, 10)
    aside.close()
    with pytest.raises(AbandonedError):
        await work


async def test_a_text_that_nobody_waits_for_is_not_read_to_its_end(aside: Aside) -> None:
    by, text = masker(), "ada@example.com " * 100_000
    begun, ended = threading.Event(), threading.Event()
    stopped: list[bool] = []

    def read() -> None:
        begun.set()
        try:
            treated(text, by)
            stopped.append(False)
        except AbandonedError:
            stopped.append(True)
        ended.set()

    work = asyncio.create_task(aside.run("s", LARGE + 1, read))
    await asyncio.to_thread(begun.wait, 10)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert await asyncio.to_thread(ended.wait, 60)
    assert stopped == [True]


async def test_what_has_not_begun_at_the_end_never_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "THREADS", 1)
    aside, go = Aside(), threading.Event()
    running = asyncio.create_task(aside.run("a", LARGE + 1, lambda: go.wait(10)))
    waiting = asyncio.create_task(aside.run("b", LARGE + 1, lambda: "never"))
    await asyncio.sleep(0.05)
    aside.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    go.set()
    assert await running is True


PIECES = (
    "ada@example.com",
    "bob@example.org",
    "4111 1111 1111 1111",
    "\\u0061da@example.com",
    "10.0.0.1",
    "plain",
    " ",
    "\n",
)
TEXTS = st.lists(st.lists(st.sampled_from(PIECES), max_size=8).map(" ".join), min_size=1, max_size=6)
PLAN = TextPlan(lanes={Field.USER: LanePlan()})


def treated(content: str, by: TextMasker) -> tuple[object, ...]:
    body = b'{"model":"gpt-5","messages":[{"role":"user","content":' + quoted(content.encode()) + b"}]}"
    disclosure = Disclosure.of(read_call(CHAT, body, {}), by)
    lanes = LaneCounts(by)
    shown = lanes.lane(LanePlan(), b"").whole(content.encode())
    lanes.finish()
    return (
        disclosure.findings,
        [spans for _, spans in disclosure.spans],
        disclosure.masked(by, PLAN),
        shown.delivered,
        lanes.masked,
    )


@given(texts=TEXTS)
def test_threads_find_and_mask_what_the_loop_does(texts: list[str]) -> None:
    """The same masker, several sessions' worth of bodies at once, against one after the other."""
    alone = masker()
    expected = [treated(text, alone) for text in texts]
    shared = masker()

    async def together() -> list[tuple[object, ...]]:
        aside = Aside()
        try:
            return await asyncio.gather(
                *(aside.run(str(n), LARGE + 1, lambda text=text: treated(text, shared)) for n, text in enumerate(texts))  # type: ignore[misc]
            )
        finally:
            aside.close()

    assert asyncio.run(together()) == expected
