"""Several resources: who is asked, who stands in, what models there are, what it costs."""

import asyncio
from pathlib import Path

import pytest

from passgate.codecs.llm.operation import Dialect
from passgate.core.errors import LedgerUnavailableError
from passgate.core.resource import Resource
from passgate.endpoints.llm.settings import Limits, LlmTarget, Price
from passgate.pipeline.protocols import Spending
from passgate.testing.llm_provider import Fault, Script
from tests.integration.llm.conftest import PASS, Gate, Key, target

DOWN = "http://127.0.0.1:1"
FEWER = """\
rules:
- id: fewer
  when: "verb in ['generate', 'embed', 'moderate'] && object.kind == 'model' && object.name == 'gpt-5-mini'"
  then: deny
"""


class TestModels:
    @pytest.fixture
    def bundles(self, tmp_path: Path) -> tuple[Path, ...]:
        (tmp_path / "fewer.yaml").write_text(FEWER)
        return (tmp_path / "fewer.yaml",)

    @pytest.fixture
    def more_targets(self, running_provider) -> tuple[LlmTarget, ...]:
        provider = running_provider.provider
        few = target("few", Dialect.OPENAI, running_provider.url, Key(provider.key), models=("gpt-*", "text-*"))
        return (few,)

    async def test_only_those_that_may_be_used_are_listed(self, gate: Gate) -> None:
        _, everything = await gate.ask("/gpt/v1/models")
        names = {one["id"] for one in everything["data"]}
        assert "gpt-5-mini" not in names
        assert {"gpt-5.2", "omni-moderation-latest"} <= names
        _, some = await gate.ask("/few/v1/models")
        assert {one["id"] for one in some["data"]} == {name for name in names if name.startswith(("gpt", "text"))}
        assert (await gate.ask("/few/v1/models/gpt-5.2"))[0] == 200
        status, answer = await gate.ask("/few/v1/models/omni-moderation-latest")
        assert (status, answer["error"]["code"]) == (404, "model_not_found")
        assert gate.recorder.types().count("action.refused") == 0

    async def test_a_model_that_no_resource_serves(self, gate: Gate) -> None:
        status, answer = await gate.ask("/few/v1/chat/completions", gate.chat("x", model="llama-3"))
        assert (status, answer["error"]["code"]) == (404, "model_not_found")
        status, answer = await gate.ask("/v1/chat/completions", gate.chat("x"))
        assert status == 400
        assert "few, gpt" in answer["error"]["message"]


class TestFallback:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(connect=2)

    @pytest.fixture
    def more_targets(self, running_provider) -> tuple[LlmTarget, ...]:
        url, key = running_provider.url, Key(running_provider.provider.key)
        only = {"models": ("chain-*",)}
        return (
            target("first", Dialect.OPENAI, url, key, fallback=("down", "last"), models=("chain-1",)),
            target("down", Dialect.OPENAI, DOWN, key, models=("chain-1",)),
            target("last", Dialect.OPENAI, url, key, models=("chain-1",)),
            target("lonely", Dialect.OPENAI, DOWN, None, models=("lonely",)),
            LlmTarget(
                resource=Resource(name="home", kind="llm", labels={"residency": "eu"}),
                provider="openai",
                dialect=Dialect.OPENAI,
                url=DOWN,
                models=("home",),
                fallback=("last",),
            ),
            target("other", Dialect.ANTHROPIC, url, key, **only),
        )

    @pytest.mark.parametrize("status", [429, 500, 503, 529])
    async def test_the_next_is_asked_in_order(self, gate: Gate, status: int) -> None:
        gate.provider.then(Script.failing(status), Script())
        got, answer = await gate.ask("/first/v1/chat/completions", gate.chat("to ada@example.com", model="chain-1"))
        assert (got, answer["choices"][0]["message"]["content"]) == (200, "to ada@example.com")
        assert gate.recorder.outcomes() == ["error", "error", "ok"]
        outcomes = [event for event in gate.recorder.events if event.type.value == "action.outcome"]
        names = [event.session.resource.name for event in outcomes if event.session]
        assert names == ["first", "down", "last"]
        assert [event.detail["code"] for event in outcomes] == [f"http_{status}", "unreachable", ""]
        assert len(gate.live.list()) == 3

    async def test_an_error_of_the_last_is_the_answer(self, gate: Gate) -> None:
        gate.provider.then(Script.failing(500), Script.failing(503, message="the last"))
        status, answer = await gate.ask("/first/v1/chat/completions", gate.chat("x", model="chain-1"))
        assert (status, answer["error"]["message"]) == (503, "the last")

    async def test_what_the_client_did_wrong_is_not_tried_elsewhere(self, gate: Gate) -> None:
        gate.provider.then(Script.failing(400))
        assert (await gate.ask("/first/v1/chat/completions", gate.chat("x", model="chain-1")))[0] == 400
        assert len(gate.provider.received) == 1

    async def test_a_stream_that_has_begun_stays_where_it_is(self, gate: Gate) -> None:
        gate.provider.then(Script(fault=Fault.CUT, faultless=2))
        body = gate.chat("one two three four five six", model="chain-1", stream=True)
        async with gate.request("/first/v1/chat/completions", body) as response:
            assert "upstream_unreachable" in await response.text()
        assert len(gate.provider.received) == 1

    async def test_nobody_stands_in_across_a_border(self, gate: Gate) -> None:
        for name in ("home", "lonely"):
            status, answer = await gate.ask(f"/{name}/v1/chat/completions", gate.chat("x", model=name))
            assert (status, answer["error"]["code"]) == (502, "upstream_unreachable")
        assert gate.provider.received == ()


class TestCosts:
    @pytest.fixture
    def more_targets(self, running_provider) -> tuple[LlmTarget, ...]:
        url, key = running_provider.url, Key(running_provider.provider.key)
        prices = (("priced", Price(input=3, output=15, cached=0.3)),)
        return (target("priced", Dialect.OPENAI, url, key, models=("priced",), prices=prices),)

    async def test_what_is_expected_is_reserved_and_what_it_was_put_in_its_place(self, gate: Gate) -> None:
        body = gate.chat("hello", model="priced", max_completion_tokens=100)
        status, answer = await gate.ask("/priced/v1/chat/completions", body)
        assert status == 200
        usage = answer["usage"]
        ((expected, actual),) = gate.budgets.settled
        assert gate.budgets.reserved == [expected]
        assert expected.requests == 1
        assert 100 < expected.tokens < 200
        cost = usage["prompt_tokens"] * 3 + usage["completion_tokens"] * 15
        assert actual == Spending(requests=1, tokens=usage["total_tokens"], microdollars=cost)
        (session,) = gate.live.list()
        assert session.counters == {"requests": 1, "tokens": usage["total_tokens"]}
        (measured,) = gate.telemetry.calls
        assert (measured.input_tokens, measured.output_tokens) == (usage["prompt_tokens"], usage["completion_tokens"])
        assert (measured.operation, measured.resource, measured.outcome, measured.error) == (
            "generate",
            "priced",
            "ok",
            "",
        )

    async def test_a_call_that_failed_costs_a_request(self, gate: Gate) -> None:
        gate.provider.then(Script.failing(500))
        await gate.ask("/priced/v1/chat/completions", gate.chat("hello", model="priced"))
        ((_, actual),) = gate.budgets.settled
        assert actual == Spending(requests=1)
        assert gate.telemetry.calls[0].error == "http_500"

    async def test_a_stream_that_was_left_costs_what_was_expected_and_what_was_seen(self, gate: Gate) -> None:
        gate.provider.then(Script(fault=Fault.HANG, faultless=3))
        body = gate.chat("one two three four five six", model="priced", stream=True)
        async with gate.request("/priced/v1/chat/completions", body) as response:
            while b'"content":"' not in await response.content.readline():
                pass
        await gate.settled()
        ((expected, actual),) = gate.budgets.settled
        assert expected.tokens < actual.tokens < expected.tokens + 20


class TestIdle:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(idle=0.1)

    async def test_a_session_that_is_not_used_ends_and_another_begins(self, gate: Gate) -> None:
        assert (await gate.ask("/v1/chat/completions", gate.chat("to ada@example.com")))[0] == 200
        async with asyncio.timeout(5):
            while gate.live.list():  # noqa: ASYNC110 - time itself is waited for
                await asyncio.sleep(0.02)
        assert gate.recorder.types()[-1] == "session.end"
        assert gate.recorder.events[-1].detail["reason"] == "idle"
        assert gate.recorder.events[-1].detail["requests"] == 1
        assert (await gate.ask("/v1/chat/completions", gate.chat("x")))[0] == 200
        assert gate.recorder.types().count("session.start") == 2


async def test_one_session_for_each_pass_and_resource(gate: Gate) -> None:
    gate.passes.add("pg_other0000000000", resources=frozenset({"gpt"}))
    for key in (f"{PASS}.s3cret", "pg_other0000000000.s3cret", f"{PASS}.s3cret"):
        assert (await gate.ask("/v1/chat/completions", gate.chat("x"), key=key))[0] == 200
    assert (await gate.ask("/v1/messages", gate.message("x")))[0] == 200
    kept = sorted((one.pass_.id, one.resource.name, one.scope) for one in gate.live.list())
    assert kept == [
        (PASS, "claude", f"{PASS}/claude"),
        (PASS, "gpt", f"{PASS}/gpt"),
        ("pg_other0000000000", "gpt", "pg_other0000000000/gpt"),
    ]


async def test_calls_at_once_share_one_session(gate: Gate) -> None:
    gate.recorder.delay = True
    asked = [asyncio.ensure_future(gate.ask("/v1/chat/completions", gate.chat("x"))) for _ in range(8)]
    await gate.recorder.asked()
    assert gate.provider.received == ()
    async with asyncio.timeout(10):
        while not all(one.done() for one in asked):
            gate.recorder.sync()
            await asyncio.sleep(0.01)
    assert [one.result()[0] for one in asked] == [200] * 8
    assert gate.recorder.types().count("session.start") == 1


async def test_nothing_leaves_before_it_is_on_disk(gate: Gate) -> None:
    assert (await gate.ask("/v1/chat/completions", gate.chat("x")))[0] == 200
    gate.recorder.delay = True
    asked = asyncio.ensure_future(gate.ask("/v1/chat/completions", gate.chat("x")))
    await gate.recorder.asked()
    await asyncio.sleep(0.1)
    assert len(gate.provider.received) == 1
    gate.recorder.delay = False
    gate.recorder.sync(LedgerUnavailableError())
    status, answer = await asked
    assert (status, answer["error"]["code"]) == (503, "gate_unavailable")
    assert len(gate.provider.received) == 1
