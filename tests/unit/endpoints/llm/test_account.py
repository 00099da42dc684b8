"""What came of a call, told once."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import pytest

from passgate.codecs.llm.action import action_of
from passgate.codecs.llm.answer import Piece, Summary, Usage
from passgate.core.errors import StoreError
from passgate.core.passes import Pass
from passgate.core.text_plan import LanePlan
from passgate.endpoints.llm.account import CallAccount, expected
from passgate.endpoints.llm.lane_counts import LaneCounts
from passgate.endpoints.llm.refused import RefusedError
from passgate.endpoints.llm.settings import Price
from passgate.endpoints.llm.transcript import CallTranscript
from passgate.pipeline.protocols import Budgets, Spending, Understood
from tests.unit.endpoints.llm.parts import House, call, target


@dataclass
class Purse:
    why: str | None = None
    broken: bool = False
    settled: list[tuple[Spending, Spending]] = field(default_factory=list)

    def reserve(self, pass_: Pass, expected: Spending) -> str | None:
        return self.why

    def settle(self, pass_: Pass, expected: Spending, actual: Spending) -> None:
        if self.broken:
            raise StoreError
        self.settled.append((expected, actual))


@dataclass
class Read:
    """A reader that has read to its end."""

    summary: Summary
    held: int = 0

    def feed(self, data: bytes) -> Piece:
        return Piece(delivered=data, recorded=data)

    def finish(self) -> Piece:
        return Piece()


def account(house: House, *, budgets: Budgets | None = None, prices: Mapping[str, Price] | None = None) -> CallAccount:
    gated = house.gated()
    asked = call("hello")
    verdict = gated.judge(Understood(actions=(action_of(asked, (), provider="openai"),), cacheable=False))
    return CallAccount(
        services=replace(house.services, budgets=budgets),
        gated=gated,
        target=target(prices=tuple((prices or {}).items())),
        call=asked,
        judged=verdict.judged[0],
        transcript=CallTranscript(gated.recording, verdict.event),
    )


USED = Summary(usage=Usage(input_tokens=100, output_tokens=10, cached_tokens=50), model="gpt-5-mini", finish="stop")
PRICES = {"gpt-5-mini": Price(input=1, output=2, cached=0.1), "*": Price(input=10, output=20, cached=10)}


async def test_everybody_is_told_once() -> None:
    house = House()
    one = account(house)
    one.http = 200
    lanes = LaneCounts(house.gated().masker)
    one.answered_by(Read(summary=USED), lanes)
    lanes.lane(LanePlan(), b"").feed(b"a@b.cd")
    one.masked.update({"EMAIL": 2})
    one.delivered(b"x@y.zz", b"<<EMAIL>>")
    await one.settle("ok")
    await one.settle("cancelled", code="client_gone")
    (event,) = [event for event in house.recorder.events if event.type.value == "action.outcome"]
    told = {"status": "ok", "code": "", "http": 200, "tokens": 110, "bytes": 6, "frames": 1, "model": "gpt-5-mini"}
    assert told.items() <= event.detail.items()
    assert event.detail["masked"] == {"EMAIL": 3}
    (end,) = house.recorder.recordings[0].ends()
    assert (end["status"], end["input_tokens"], end["finish"]) == ("ok", 100, "stop")
    assert house.recorder.recordings[0].of("frame")[0].endswith(b"<<EMAIL>>")
    (measured,) = house.telemetry.calls
    assert (measured.outcome, measured.error, measured.output_tokens) == ("ok", "", 10)
    assert measured.first_chunk is not None
    assert dict(measured.masked) == {"EMAIL": 3}


async def test_an_error_has_a_kind() -> None:
    house = House()
    await account(house).settle("error", code="upstream_timeout")
    assert house.telemetry.calls[0].error == "upstream_timeout"
    assert house.telemetry.calls[0].first_chunk is None


def test_what_is_expected_grows_with_body_and_answer() -> None:
    one = target(prices=tuple(PRICES.items()))
    asked = call("x" * 300)
    tokens = len(asked.body) // 3
    assert expected(one, asked) == Spending(requests=1, tokens=tokens + 10, microdollars=tokens * 10 + 200)
    assert tokens > 100
    assert expected(target(), asked).microdollars == 0


async def test_what_it_was_stands_where_what_was_expected_stood() -> None:
    house, purse = House(), Purse()
    one = account(house, budgets=purse, prices=PRICES)
    one.reserve()
    session = house.recorder.events[0].session
    assert session is not None
    assert session.counters["tokens"] == purse_expected(one)
    one.reader = Read(summary=USED)
    await one.settle("ok")
    ((_, actual),) = purse.settled
    assert actual == Spending(requests=1, tokens=110, microdollars=50 + 5 + 20)
    assert session.counters["tokens"] == 110


def purse_expected(one: CallAccount) -> int:
    return expected(one.target, call("hello")).tokens


async def test_the_price_of_the_model_asked_for_where_the_answer_names_none() -> None:
    purse = Purse()
    one = account(House(), budgets=purse, prices={"gpt-5": Price(input=1, output=1, cached=1)})
    one.reserve()
    one.reader = Read(summary=replace(USED, model="something-else"))
    await one.settle("ok")
    assert purse.settled[0][1].microdollars == 110


@pytest.mark.parametrize(
    ("http", "frames", "status", "asked", "whole"),
    [
        (200, 1, "cancelled", True, True),
        (200, 0, "cancelled", False, False),
        (200, 0, "cancelled", True, True),
        (401, 0, "cancelled", True, True),
        (429, 0, "cancelled", False, False),
        (500, 1, "error", False, False),
        (0, 0, "error", True, False),
    ],
)
async def test_without_a_word_of_what_it_cost(http: int, frames: int, status: str, asked: bool, whole: bool) -> None:
    """Whoever leaves before the first byte has had the provider read the question, and write perhaps."""
    purse = Purse()
    one = account(House(), budgets=purse)
    one.reserve()
    one.http, one.asked = http, asked
    for _ in range(frames):
        one.delivered(b"x", b"x")
    await one.settle(status)
    ((reserved, actual),) = purse.settled
    assert actual == (reserved if whole else Spending(requests=1))


async def test_a_budget_that_says_no_takes_nothing() -> None:
    purse = Purse(why="all is spent")
    one = account(House(), budgets=purse)
    with pytest.raises(RefusedError, match="all is spent"):
        one.reserve()
    await one.settle("cancelled", code="budget_spent")
    assert purse.settled == []


async def test_a_store_that_fails_at_the_end_keeps_what_was_reserved(caplog: pytest.LogCaptureFixture) -> None:
    house = House()
    one = account(house, budgets=Purse(broken=True))
    one.reserve()
    await asyncio.wait_for(one.settle("ok"), 1)
    assert "could not be stored" in caplog.text
    assert house.recorder.types()[-1] == "action.outcome"


async def test_an_answer_that_does_not_say_what_it_cost_is_counted_by_what_was_seen() -> None:
    """OpenAI's streams do not, unless they are asked to."""
    for status in ("ok", "cancelled"):
        purse = Purse()
        one = account(House(), budgets=purse)
        one.reserve()
        one.http = 200
        one.delivered(b"x" * 3000, b"x")
        await one.settle(status)
        ((_, actual),) = purse.settled
        assert actual.tokens >= 1000 + len(call("hello").body) // 3


async def test_whoever_leaves_before_the_end_pays_for_what_was_seen() -> None:
    """Anthropic's streams say at the beginning what the question cost, and at the end what the answer did."""
    purse = Purse()
    one = account(House(), budgets=purse)
    one.reserve()
    one.reader = Read(summary=replace(USED, usage=Usage(input_tokens=5, output_tokens=1)))
    one.http = 200
    one.delivered(b"x" * 3000, b"x")
    await one.settle("cancelled")
    assert purse.settled[0][1].tokens == 5 + 1000


def test_less_than_nothing_is_nothing() -> None:
    """A caller may say of itself that it owes less than nothing, and a session's count must not go down for it."""
    asked = replace(call("hello"), max_tokens=-(10**12))
    assert expected(target(), asked) == Spending(requests=1, tokens=len(asked.body) // 3, microdollars=0)


async def test_whoever_leaves_an_answer_that_is_all_here_pays_what_the_provider_says() -> None:
    """Embeddings are a megabyte of numbers, and no tokens."""
    purse = Purse()
    one = account(House(), budgets=purse)
    one.reserve()
    one.reader = Read(summary=replace(USED, usage=Usage(input_tokens=5, output_tokens=1)))
    one.http, one.asked, one.complete = 200, True, True
    one.delivered(b"x" * 3_000_000, b"x")
    await one.settle("cancelled", code="client_gone")
    assert purse.settled[0][1].tokens == 5 + 1


async def test_what_a_thread_goes_on_to_read_does_not_count_before_it_is_done() -> None:
    one = account(House())
    one.answered_by(Read(summary=USED), LaneCounts(House().gated().masker))
    one.read_aside()
    one.reader = Read(summary=replace(USED, model="later"))
    assert one.summary == USED
