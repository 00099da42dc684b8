"""The way to the providers."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from aiohttp import web

from passgate.core.errors import SecretUnavailableError, TargetUnavailableError
from passgate.endpoints.llm.settings import Limits
from passgate.endpoints.llm.upstream import UpstreamCutError, Upstreams, UpstreamTimeoutError, within
from tests.unit.endpoints.llm.parts import target
from tests.unit.endpoints.llm.serving import serving


@dataclass
class Key:
    value: str
    forgotten: bool = False

    async def obtain(self) -> str:
        return self.value

    def forget(self) -> None:
        self.forgotten = True


@pytest.fixture
async def upstreams() -> AsyncIterator[Upstreams]:
    opened = Upstreams(Limits(connect=0.3, read=0.3))
    await opened.open()
    yield opened
    await opened.close()


HEADERS = [("Authorization", "Bearer theirs"), ("X-New", "Value"), ("Connection", "close"), ("Cookie", "a=b")]


@pytest.mark.parametrize(("provider", "name"), [("anthropic", "x-api-key"), ("openai", "authorization")])
async def test_a_request_arrives_with_the_gates_credential(upstreams: Upstreams, provider: str, name: str) -> None:
    seen: list[web.BaseRequest] = []

    async def handler(request: web.BaseRequest) -> web.Response:
        seen.append(request)
        return web.Response(body=await request.read(), headers={"request-id": "r1", "X-Echo": "our-key"})

    async with serving(handler) as origin:
        answer = await upstreams.send(
            target(url=origin + "/base", provider=provider, credential=Key("our-key")),
            method="POST",
            path="/v1/messages?beta=true&x=%2F",
            headers=HEADERS,
            body=b"hello",
        )
        assert await answer.read(5) == b"hello"
        answer.close()
    (request,) = seen
    assert request.raw_path == "/base/v1/messages?beta=true&x=%2F"
    assert request.headers[name].endswith("our-key")
    assert "theirs" not in str(request.headers)
    assert "Cookie" not in request.headers
    assert request.headers["X-New"] == "Value"
    assert not {"User-Agent", "Accept", "Content-Type"} & set(request.headers)
    assert (answer.status, answer.request_id) == (200, "r1")
    assert "our-key" not in str(answer.passed())


async def test_no_credential_where_none_is_wanted(upstreams: Upstreams) -> None:
    async def handler(request: web.BaseRequest) -> web.Response:
        return web.Response(text=str("Authorization" in request.headers))

    async with serving(handler) as origin:
        answer = await upstreams.send(target(url=origin), method="GET", path="/", headers=HEADERS, body=None)
        assert await answer.read(10) == b"False"
        answer.close()


@pytest.mark.parametrize("value", ["line\nbreak", "k\u00e9y", "tab\there"])
async def test_a_credential_that_no_header_can_hold(upstreams: Upstreams, value: str) -> None:
    with pytest.raises(SecretUnavailableError) as caught:
        await upstreams.send(target(credential=Key(value)), method="GET", path="/", headers=(), body=None)
    assert value not in str(caught.value)


async def test_a_credential_that_is_refused_is_forgotten(upstreams: Upstreams) -> None:
    async def handler(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=401)

    key = Key("k")
    async with serving(handler) as origin:
        answer = await upstreams.send(target(url=origin, credential=key), method="GET", path="/", headers=(), body=None)
        answer.close()
    assert key.forgotten


async def test_nobody_listens() -> None:
    closed = Upstreams(Limits())
    with pytest.raises(TargetUnavailableError, match="not started"):
        await closed.send(target(), method="GET", path="/", headers=(), body=None)
    await closed.open()
    with pytest.raises(TargetUnavailableError, match="gpt cannot be reached"):
        await closed.send(target(), method="GET", path="/", headers=(), body=None)
    await closed.close()


async def test_silence_before_and_within_an_answer(upstreams: Upstreams) -> None:
    async def silent(_request: web.BaseRequest) -> web.Response:
        await asyncio.sleep(5)
        return web.Response()

    async def halting(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"one")
        await asyncio.sleep(5)
        return response

    async with serving(silent) as origin:
        with pytest.raises(UpstreamTimeoutError):
            await upstreams.send(target(url=origin), method="GET", path="/", headers=(), body=None)
    async with serving(halting) as origin:
        answer = await upstreams.send(target(url=origin), method="GET", path="/", headers=(), body=None)
        assert await answer.next() == b"one"
        assert await within(answer, 0.02) is None
        with pytest.raises(UpstreamTimeoutError):
            await answer.next()
        answer.close()


async def test_an_answer_that_breaks_off_or_is_too_long(upstreams: Upstreams) -> None:
    async def broken(request: web.BaseRequest) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "100"})
        await response.prepare(request)
        await response.write(b"one")
        assert request.transport is not None
        request.transport.abort()
        return response

    async with serving(broken) as origin:
        answer = await upstreams.send(target(url=origin), method="GET", path="/", headers=(), body=None)
        with pytest.raises(UpstreamCutError):
            await answer.read(1000)
        answer.close()

    async def long(_request: web.BaseRequest) -> web.Response:
        return web.Response(body=b"x" * 1000)

    async with serving(long) as origin:
        answer = await upstreams.send(target(url=origin), method="GET", path="/", headers=(), body=None)
        with pytest.raises(OverflowError):
            await answer.read(999)
        answer.close()


async def test_a_large_body_goes_in_slices_with_its_length(upstreams: Upstreams) -> None:
    seen: list[tuple[str | None, bytes]] = []

    async def handler(request: web.BaseRequest) -> web.Response:
        seen.append((request.headers.get("Content-Length"), await request.content.read()))
        return web.Response()

    body = bytes(range(256)) * 8000
    async with serving(handler) as origin:
        answer = await upstreams.send(target(url=origin), method="POST", path="/", headers=(), body=body)
        answer.close()
    assert seen == [(str(len(body)), body)]


async def test_a_redirect_is_an_answer(upstreams: Upstreams) -> None:
    async def handler(_request: web.BaseRequest) -> web.Response:
        return web.Response(status=307, headers={"Location": "http://127.0.0.1:1/"})

    async with serving(handler) as origin:
        answer = await upstreams.send(target(url=origin), method="GET", path="/", headers=(), body=None)
        assert (answer.status, dict(answer.passed())["location"]) == (307, "http://127.0.0.1:1/")
        answer.close()
