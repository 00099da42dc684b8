"""What an issuer says, read over a socket."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer

from passgate.core.errors import IssuerUnavailableError
from passgate.identity.oidc.fetching import HttpsFetch

ANSWERS = {
    "/ok": web.HTTPOk(text='{"a": 1}'),
    "/bad": web.HTTPBadRequest(text='{"error": "invalid_grant"}'),
    "/busy": web.HTTPServiceUnavailable(text="{}"),
    "/moved": web.HTTPFound("/ok"),
    "/text": web.HTTPOk(text="hello"),
    "/list": web.HTTPOk(text="[]"),
    "/large": web.HTTPOk(text='"' + "x" * 2**20 + '"'),
}


@pytest.fixture
async def server() -> AsyncIterator[RawTestServer]:
    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        if request.method == "POST":
            return web.json_response({"form": dict(await request.post())})
        known = ANSWERS[request.path]
        return web.Response(status=known.status, text=known.text, headers={"Location": "/ok"})

    async with RawTestServer(serve) as server:
        yield server


async def test_an_object_is_read(server: RawTestServer) -> None:
    assert await HttpsFetch()(str(server.make_url("/ok"))) == {"a": 1}


@pytest.mark.parametrize("path", ["/bad", "/busy", "/moved", "/text", "/list", "/large"])
async def test_anything_else_is_no_answer(server: RawTestServer, path: str) -> None:
    with pytest.raises(IssuerUnavailableError):
        await HttpsFetch()(str(server.make_url(path)))


async def test_a_form_is_posted(server: RawTestServer) -> None:
    answer = await HttpsFetch().post(str(server.make_url("/token")), {"grant_type": "refresh_token", "a": "b c"})
    assert answer == (200, {"form": {"grant_type": "refresh_token", "a": "b c"}})


async def test_the_errors_of_oauth_are_answers_and_others_are_not(unused_tcp_port: int) -> None:
    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        known = ANSWERS[request.path]
        return web.Response(status=known.status, text=known.text)

    async with RawTestServer(serve) as server:
        fetch = HttpsFetch()
        assert await fetch.post(str(server.make_url("/bad")), {}) == (400, {"error": "invalid_grant"})
        for path in ("/busy", "/moved", "/text"):
            with pytest.raises(IssuerUnavailableError):
                await fetch.post(str(server.make_url(path)), {})
    for url in ("http://idp.example.com/token", f"http://127.0.0.1:{unused_tcp_port}/"):
        with pytest.raises(IssuerUnavailableError):
            await fetch.post(url, {})
