"""One listener, from start to close."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web

from passgate.core.errors import LedgerUnavailableError
from passgate.endpoints.llm.endpoint import LlmEndpoint
from passgate.endpoints.llm.settings import Limits, LlmSettings
from tests.integration.fakes import CountingLogins, MemoryPasses
from tests.unit.endpoints.llm.parts import House, target
from tests.unit.endpoints.llm.serving import serving


@dataclass
class Listening:
    endpoint: LlmEndpoint
    house: House
    url: str


async def completing(request: web.BaseRequest) -> web.Response:
    """A provider that knows one answer."""
    await request.read()
    message = {"role": "assistant", "content": "hello"}
    choice = {"index": 0, "finish_reason": "stop", "message": message}
    return web.json_response({"id": "c", "object": "chat.completion", "model": "gpt-5", "choices": [choice]})


@pytest.fixture
async def listening() -> AsyncIterator[Listening]:
    house, passes = House(limits=Limits(end=0.2)), MemoryPasses()
    passes.add("pg_0", resources=frozenset({"gpt"}))
    async with serving(completing) as origin:
        endpoint = LlmEndpoint(
            settings=LlmSettings(limits=house.limits),
            steps=house.steps,
            passes=passes,
            logins=CountingLogins(),
            targets={"gpt": target(url=origin)},
            live=house.live,
            tls=None,
            budgets=None,
            telemetry=house.telemetry,
        )
        await endpoint.start("127.0.0.1", 0)
        yield Listening(endpoint=endpoint, house=house, url=f"http://127.0.0.1:{endpoint.port}")
        await endpoint.close()


HEADERS = {"x-api-key": "pg_0.s3cret"}
BODY = {"model": "gpt-5", "messages": [{"role": "user", "content": "hi"}]}


async def test_it_serves_until_it_is_closed(listening: Listening) -> None:
    async with aiohttp.ClientSession() as client:
        async with client.post(f"{listening.url}/v1/chat/completions", json=BODY, headers=HEADERS) as response:
            assert (response.status, response.headers["Server"]) == (200, "passgate")
        assert len(listening.house.live.list()) == 1
        await listening.endpoint.close()
        assert listening.house.recorder.types()[-1] == "session.end"
        assert listening.house.live.list() == ()
        with pytest.raises(aiohttp.ClientError):
            await client.post(f"{listening.url}/v1/chat/completions", json=BODY, headers=HEADERS)


async def test_the_root_says_what_it_is_to_anybody(listening: Listening) -> None:
    async with aiohttp.ClientSession() as client:
        async with client.get(listening.url) as response:
            assert (response.status, response.headers["Server"]) == (200, "passgate")
        async with client.head(listening.url) as response:
            assert response.status == 200
        async with client.post(listening.url) as response:
            assert response.status == 404


async def test_a_defect_is_an_error_in_the_nearest_dialect(
    listening: Listening, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def defect(*_: object) -> None:
        raise ZeroDivisionError("s3cret")

    monkeypatch.setattr("passgate.endpoints.llm.call.read_call", defect)
    async with aiohttp.ClientSession() as client:
        async with client.post(f"{listening.url}/v1/messages", json=BODY, headers=HEADERS) as response:
            assert (response.status, (await response.json())["error"]["type"]) == (503, "api_error")
        async with client.post(f"{listening.url}/v1/chat/completions", json=BODY, headers=HEADERS) as response:
            assert (response.status, (await response.json())["error"]["code"]) == (503, "gate_unavailable")
    assert "s3cret" not in caplog.text
    assert "ZeroDivisionError at defect" in caplog.text
    assert listening.house.recorder.types()[-1] == "protocol.error"


async def test_a_defect_in_a_call_that_was_let_through_has_an_outcome(
    listening: Listening, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def defect(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("passgate.endpoints.llm.attempt.Answering", defect)
    url = f"{listening.url}/v1/chat/completions"
    async with aiohttp.ClientSession() as client, client.post(url, json=BODY, headers=HEADERS) as response:
        assert response.status == 503
    outcomes = [one for one in listening.house.recorder.events if one.type.value == "action.outcome"]
    assert [(one.detail["status"], one.detail["code"]) for one in outcomes] == [("error", "gate_failed")]
    assert "ZeroDivisionError" in caplog.text


async def test_a_ledger_that_is_down_does_not_keep_nonsense_from_being_refused(
    listening: Listening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_event: object) -> None:
        raise LedgerUnavailableError

    monkeypatch.setattr(listening.house.recorder, "append", full)
    async with aiohttp.ClientSession() as client:
        async with client.get(f"{listening.url}/v1/models", headers={"x": "y" * 100_000}) as response:
            assert response.status == 400
        async with client.get(f"{listening.url}/v1/unknown") as response:
            assert response.status == 404


async def test_a_port_before_it_is_started() -> None:
    house = House()
    endpoint = LlmEndpoint(
        settings=LlmSettings(),
        steps=house.steps,
        passes=MemoryPasses(),
        logins=CountingLogins(),
        targets={},
        live=house.live,
        tls=None,
        budgets=None,
        telemetry=house.telemetry,
    )
    with pytest.raises(ConnectionError):
        _ = endpoint.port
    await endpoint.close()
