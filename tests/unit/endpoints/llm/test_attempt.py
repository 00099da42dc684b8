"""One call at one resource."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request

from passgate.codecs.llm.call import Call
from passgate.codecs.llm.refusal import Cause
from passgate.core.action import ColumnRef
from passgate.core.decision import Mask, Outcome
from passgate.core.errors import DetectorError, TargetUnavailableError
from passgate.core.text_plan import REDACT
from passgate.endpoints.llm.attempt import Attempt
from passgate.endpoints.llm.earlier_bodies import EarlierBodies
from passgate.endpoints.llm.refused import RefusedError
from passgate.endpoints.llm.settings import LlmTarget
from tests.unit.endpoints.llm.parts import House, OnePolicy, call, target
from tests.unit.endpoints.llm.serving import serving


@pytest.fixture
async def house() -> AsyncIterator[House]:
    made = House()
    await made.services.upstreams.open()
    yield made
    await made.services.upstreams.close()


def attempt(house: House, asked: Call, at: LlmTarget | None = None) -> Attempt:
    return Attempt(
        services=house.services,
        request=make_mocked_request("POST", "/v1/chat/completions", headers={"X-New": "1"}),
        gated=house.gated(),
        bodies=EarlierBodies(),
        target=at or house.target,
        call=asked,
        path="/v1/chat/completions?x=1",
    )


async def test_what_policy_denies_goes_nowhere(house: House) -> None:
    house.policy.outcome = Outcome.DENY
    one = attempt(house, call("to a@b.cd"))
    with pytest.raises(RefusedError) as caught:
        await one.run(last=True)
    assert caught.value.refusal.cause is Cause.POLICY
    assert house.recorder.types() == ["session.start", "action.refused"]
    assert one.call_id == "e2"
    assert one.settle("ok", code="") is None
    one.told(403, b"refused")
    (end,) = house.recorder.recordings[0].ends()
    assert end["status"] == "refused"
    assert b"a@b.cd" not in b"".join(house.recorder.recordings[0].of("sent"))


async def test_a_resource_that_is_down_is_left_for_another_unless_it_is_the_last(house: House) -> None:
    assert await attempt(house, call("x")).run(last=False) is None
    assert house.recorder.events[-1].detail["code"] == "unreachable"
    last = attempt(house, call("x"))
    with pytest.raises(TargetUnavailableError):
        await last.run(last=True)
    assert house.recorder.types()[-1] == "action.intent"
    settled = last.settle("error", code="upstream_unreachable")
    assert settled is not None
    await settled
    assert not last.begun


async def test_a_busy_resource_too(house: House) -> None:
    async def busy(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=529)

    async with serving(busy) as origin:
        assert await attempt(house, call("x"), target(url=origin)).run(last=False) is None
    assert house.recorder.events[-1].detail.items() >= {"code": "http_529", "http": 529, "status": "error"}.items()


async def test_what_leaves_is_masked_and_told(house: House) -> None:
    column = ColumnRef(namespace="pii", object="EMAIL", column="user")
    house.policy.obligations = (Mask(column=column, strategy=REDACT, rule="one"),)
    seen: list[bytes] = []

    async def handler(request: web.BaseRequest) -> web.Response:
        seen.append(await request.read())
        assert request.raw_path == "/v1/chat/completions?x=1"
        return web.Response(status=400, text="{}")

    async with serving(handler) as origin:
        one = attempt(house, call("to a@b.cd, c@d.ef"), target(url=origin))
        response = await one.run(last=True)
    assert response is not None
    assert (response.status, one.headers["x-passgate-masked"]) == (400, "EMAIL=2")
    assert b"to [EMAIL], [EMAIL]" in seen[0]
    assert one.begun


async def test_a_finding_that_cannot_be_masked_is_refused_after_it_was_allowed(house: House) -> None:
    column = ColumnRef(namespace="pii", object="EMAIL", column="metadata")
    house.policy.obligations = (Mask(column=column, strategy=REDACT, rule="one"),)
    one = attempt(house, call("x", query="to=a@b.cd"))
    with pytest.raises(RefusedError, match="EMAIL"):
        await one.run(last=True)
    assert house.recorder.types() == ["session.start", "action.intent"]
    assert one.settle("cancelled", code="policy_denied") is not None


async def test_a_detector_that_fails_lets_nothing_be_judged(house: House) -> None:
    one = attempt(house, call("boom"))
    with pytest.raises(DetectorError):
        await one.run(last=True)
    assert (one.call_id, house.recorder.types()) == ("", ["session.start"])
    one.told(503, b"x")
    with pytest.raises(ConnectionError):
        await one.broken(RefusedError(Cause.UNAVAILABLE, "x"))


async def test_a_hold_is_over_when_people_have_said_no(house: House) -> None:
    house.policy = OnePolicy(outcome=Outcome.HOLD)
    house.steps = replace(house.steps, policy=house.policy)
    house.steps.approvals.answer.set_result(Outcome.DENY)  # type: ignore[attr-defined]
    with pytest.raises(RefusedError) as caught:
        await attempt(house, call("x")).run(last=True)
    assert caught.value.refusal.status == 403
    assert house.recorder.types() == ["session.start", "action.held", "action.refused"]
