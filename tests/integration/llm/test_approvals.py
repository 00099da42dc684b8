"""A held call waits for people as long as its client can, and finds their answer when it is sent again."""

import asyncio
from pathlib import Path

import pytest

from passgate.endpoints.llm.settings import Limits
from passgate.pipeline.approval_desk import Voter
from tests.integration.llm.conftest import Gate

RULES = """\
rules:
- id: expensive-model
  when: "resource.kind == 'llm' && llm.model == 'gpt-expensive'"
  then: hold
  approvers: {group: leads, count: 1, expires: 10m}
"""
GRACE = Voter(subject="grace@example.com", groups=frozenset({"leads"}))


@pytest.fixture
def bundles(tmp_path: Path) -> tuple[Path, ...]:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return (path,)


@pytest.fixture
def limits(request: pytest.FixtureRequest) -> Limits:
    return Limits(approval=getattr(request, "param", 20.0))


async def test_it_waits_and_goes_on_once_approved(gate: Gate) -> None:
    call = asyncio.create_task(gate.ask("/v1/chat/completions", gate.chat("hello", model="gpt-expensive")))
    request = await gate.held()
    assert gate.provider.received == ()
    await gate.desk.vote(request, GRACE, approves=True)
    status, _ = await call
    assert status == 200
    assert len(gate.provider.received) == 1
    await gate.settled()
    held, asked = (
        next(e for e in gate.recorder.events if e.type.value == t) for t in ("action.held", "approval.requested")
    )
    assert held.text == asked.text == "POST /v1/chat/completions gpt-expensive"  # never what was said


async def test_a_refusal_says_who_and_is_not_tried_again(gate: Gate) -> None:
    call = asyncio.create_task(gate.ask("/v1/chat/completions", gate.chat("hello", model="gpt-expensive")))
    await gate.desk.vote(await gate.held(), GRACE, approves=False, note="use the small one")
    status, answer = await call
    assert status == 403
    assert "use the small one" in answer["error"]["message"]
    assert gate.provider.received == ()


@pytest.mark.parametrize("limits", [0.05], indirect=True)
async def test_a_client_that_cannot_wait_sends_the_very_same_call_again(gate: Gate) -> None:
    body = gate.chat("hello", model="gpt-expensive")
    status, answer = await gate.ask("/v1/chat/completions", body)
    assert status == 403
    request = await gate.held()
    assert request in answer["error"]["message"]
    await gate.desk.vote(request, GRACE, approves=True)
    for other, headers in (
        (gate.chat("something else", model="gpt-expensive"), {}),
        (body, {"openai-beta": "assistants=v2"}),
    ):
        status, _ = await gate.ask("/v1/chat/completions", other, headers=headers)
        assert status == 403
    assert gate.provider.received == ()
    status, _ = await gate.ask("/v1/chat/completions", body, headers={"x-stainless-retry-count": "1"})
    assert status == 200
    status, _ = await gate.ask("/v1/chat/completions", body)
    assert status == 403  # once means once


async def test_people_see_the_masked_prompt_and_not_only_a_hash(gate: Gate) -> None:
    body = gate.chat("mail eve@example.org about the order", model="gpt-expensive")
    call = asyncio.create_task(gate.ask("/v1/chat/completions", body))
    request = gate.desk.show(await gate.held())
    assert request is not None
    assert "about the order" in request.shown
    assert "eve@example.org" not in request.shown
    assert request.cut == 0
    await gate.desk.vote(request.id, GRACE, approves=False)
    assert (await call)[0] == 403


async def test_of_a_long_prompt_the_beginning_and_the_end_are_shown_and_that_is_said(gate: Gate) -> None:
    body = gate.chat("first words " + "and so on " * 4000 + "last words", model="gpt-expensive")
    call = asyncio.create_task(gate.ask("/v1/chat/completions", body))
    request = gate.desk.show(await gate.held())
    assert request is not None
    assert "first words" in request.shown
    assert "last words" in request.shown
    assert f"{request.cut} characters left out" in request.shown
    assert len(request.shown) < 17_000
    await gate.desk.vote(request.id, GRACE, approves=False)
    await call
