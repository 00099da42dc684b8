"""A call that is repeated with its key has one effect."""

import asyncio
from typing import Any

import pytest

from tests.unit.endpoints.control.conftest import Bench
from tests.unit.endpoints.control.desks import SECRET, Keys
from tests.unit.endpoints.control.test_access_matrix import ISSUE, LOCK

KEY = {"Idempotency-Key": "k-1"}


async def test_a_pass_is_issued_once_and_its_secret_shown_once(bench: Bench) -> None:
    first = await bench.call("operator", "POST", "/passes", json=ISSUE, headers=KEY)
    again = await bench.call("operator", "POST", "/passes", json=ISSUE, headers=KEY)
    assert (first.status, again.status) == (201, 200)
    assert first.body["secret"] == SECRET
    assert again.body == {**first.body, "secret": None}
    assert again.headers["Idempotency-Replayed"] == "true"
    assert len(bench.desks.passes.asked) == 1


async def test_no_secret_is_in_what_is_kept(bench: Bench) -> None:
    await bench.call("operator", "POST", "/passes", json=ISSUE, headers=KEY)
    assert isinstance(bench.desks.keys, Keys)
    ((_, kept),) = bench.desks.keys.kept.values()
    assert kept is not None
    assert SECRET.encode() not in kept.body
    assert SECRET not in repr(bench.recorder.events[-1].detail)


async def test_an_answer_without_a_secret_is_given_again_as_it_was(bench: Bench) -> None:
    first = await bench.call("operator", "POST", "/locks", json=LOCK, headers=KEY)
    again = await bench.call("operator", "POST", "/locks", json=LOCK, headers=KEY)
    assert (first.status, again.status) == (201, 201)
    assert first.body == again.body
    assert len(bench.desks.locks.kept) == 2


async def test_another_body_or_path_with_the_same_key(bench: Bench) -> None:
    await bench.call("operator", "POST", "/locks", json=LOCK, headers=KEY)
    other = await bench.call("operator", "POST", "/locks", json={**LOCK, "reason": "another"}, headers=KEY)
    assert other.status == 422
    await bench.call("operator", "POST", "/passes/pg_ada/revoke", headers=KEY)
    assert (await bench.call("operator", "POST", "/passes/pg_grace/revoke", headers=KEY)).status == 422


async def test_a_key_is_its_callers_and_its_routes(bench: Bench) -> None:
    await bench.call("operator", "POST", "/passes/pg_ada/revoke", headers=KEY)
    answered = await bench.call("user", "POST", "/passes/pg_ada/revoke", headers=KEY)
    assert "Idempotency-Replayed" not in answered.headers
    assert (await bench.call("operator", "POST", "/locks", json=LOCK, headers=KEY)).status == 201


async def test_at_the_same_time_one_is_done_and_the_other_is_told(bench: Bench) -> None:
    desk, begun, go_on = bench.desks.locks, asyncio.Event(), asyncio.Event()

    async def wait(asked: Any, *, actor: str) -> Any:
        begun.set()
        await go_on.wait()
        return await type(desk).set(desk, asked, actor=actor)

    desk.set = wait  # type: ignore[method-assign]
    first = asyncio.create_task(bench.call("operator", "POST", "/locks", json=LOCK, headers=KEY))
    await begun.wait()
    assert (await bench.call("operator", "POST", "/locks", json=LOCK, headers=KEY)).status == 409
    go_on.set()
    assert (await first).status == 201


async def test_what_was_refused_may_be_tried_again(bench: Bench) -> None:
    bad = {**LOCK, "target": "nobody"}
    assert (await bench.call("operator", "POST", "/locks", json=bad, headers=KEY)).status == 422
    assert (await bench.call("operator", "POST", "/locks", json=LOCK, headers=KEY)).status == 201


async def test_a_ledger_that_is_back_takes_the_same_key(bench: Bench) -> None:
    bench.recorder.full = True
    assert (await bench.call("operator", "POST", "/locks", json=LOCK, headers=KEY)).status == 503
    bench.recorder.full = False
    assert (await bench.call("operator", "POST", "/locks", json=LOCK, headers=KEY)).status == 201


async def test_a_change_of_which_nobody_knows_how_it_ended_is_not_made_again(bench: Bench) -> None:
    desk = bench.desks.locks

    async def then_the_ledger_stops(asked: Any, *, actor: str) -> Any:
        lock = await type(desk).set(desk, asked, actor=actor)
        bench.recorder.full = True
        return lock

    desk.set = then_the_ledger_stops  # type: ignore[method-assign]
    assert (await bench.call("operator", "POST", "/locks", json=LOCK, headers=KEY)).status == 503
    bench.recorder.full = False
    assert (await bench.call("operator", "POST", "/locks", json=LOCK, headers=KEY)).status == 409
    assert len(desk.kept) == 2


@pytest.mark.parametrize("key", ["", "a b", "x" * 201, "ä"])
async def test_a_key_that_is_none(bench: Bench, key: str) -> None:
    answered = await bench.call("operator", "POST", "/locks", json=LOCK, headers={"Idempotency-Key": key})
    assert answered.status == 400


async def test_without_a_key_every_call_counts(bench: Bench) -> None:
    for _ in range(2):
        assert (await bench.call("operator", "POST", "/locks", json=LOCK)).status == 201
    assert len(bench.desks.locks.kept) == 3
