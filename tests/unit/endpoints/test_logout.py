"""Back-channel logout as providers send it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer, TestClient

from passgate.core.errors import IssuerUnavailableError, PassgateError, StoreError, TokenRefusedError
from passgate.core.event import EventType
from passgate.endpoints.logout import LOGOUT_PATH, LogoutEndpoint
from tests.unit.pipeline.steps import MemoryRecorder


@dataclass
class Bench:
    tokens: list[str] = field(default_factory=list)
    error: PassgateError | None = None
    open: bool = True
    failures: int = 0
    recorder: MemoryRecorder = field(default_factory=MemoryRecorder)
    client: "TestClient[web.BaseRequest, None]" = field(init=False)

    async def logged_out(self, token: str) -> int:
        self.tokens.append(token)
        if self.error is not None:
            raise self.error
        return 1

    def allow(self, _peer: str, _name: str, /) -> bool:
        return self.open

    def failed(self, _peer: str, _name: str, /) -> None:
        self.failures += 1

    async def post(self, data: object, **more: object) -> tuple[int, str]:
        async with self.client.post(LOGOUT_PATH, data=data, **more) as answer:  # type: ignore[arg-type]
            assert answer.headers["Cache-Control"] == "no-store"
            text = await answer.text()
            return answer.status, text and (await answer.json())["error_description"]


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    endpoint = LogoutEndpoint(logout=bench, attempts=bench, recorder=bench.recorder)

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        return await endpoint.serve(request) or web.Response(status=404)

    bench.client = TestClient(RawTestServer(serve))
    async with bench.client:
        yield bench


async def test_it_is_taken(bench: Bench) -> None:
    assert await bench.post({"logout_token": "a.b.c", "state": "ignored"}) == (200, "")
    assert bench.tokens == ["a.b.c"]


@pytest.mark.parametrize("error", [TokenRefusedError("no nonce"), IssuerUnavailableError(), StoreError("disk")])
async def test_what_is_not_done_is_told(bench: Bench, error: PassgateError) -> None:
    bench.error = error
    status, said = await bench.post({"logout_token": "a.b.c"})
    assert status == 400
    assert "disk" not in said
    (event,) = bench.recorder.events
    assert (event.type, event.detail["reason"]) == (EventType.LOGOUT_REFUSED, said)
    assert bench.failures == isinstance(error, TokenRefusedError)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"token": "a.b.c"}, "one logout_token"),
        ([("logout_token", "a"), ("logout_token", "b")], "one logout_token"),
        ({"logout_token": "x" * 70_000}, "at most 65536 bytes"),
        (b"\xff\xfe", "no form"),
    ],
)
async def test_what_is_no_logout_is_refused(bench: Bench, data: object, said: str) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    if isinstance(data, list):
        data = "&".join(f"{name}={value}" for name, value in data)
    status, answer = await bench.post(data, headers=headers)
    assert status == 400
    assert said in answer
    assert bench.tokens == []


async def test_other_requests(bench: Bench) -> None:
    assert (await bench.post(b"{}", headers={"Content-Type": "application/json"}))[0] == 400
    async with bench.client.get(LOGOUT_PATH) as answer:
        assert answer.status == 405
    async with bench.client.post("/oidc") as answer:
        assert answer.status == 404
    bench.open = False
    bench.recorder.full = True
    assert (await bench.post({"logout_token": "a.b.c"}))[0] == 429
    assert bench.tokens == []


async def test_from_elsewhere_over_https_only(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web.BaseRequest, "remote", "192.0.2.1")
    status, said = await bench.post({"logout_token": "a.b.c"})
    assert (status, "https" in said) == (400, True)
