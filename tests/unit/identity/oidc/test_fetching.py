"""Documents over real sockets: what is taken, what is not followed, what is not sent."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer, TestServer

from passgate.core.errors import IssuerUnavailableError
from passgate.identity.oidc.fetching import HttpsFetch


@dataclass
class Site:
    url: str = ""
    heard: list[str | None] = field(default_factory=list)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    site = Site()

    async def answer(request: web.Request) -> web.StreamResponse:
        site.heard.append(request.headers.get("Authorization"))
        match request.path:
            case "/good":
                return web.json_response({"sub": "u1"})
            case "/moved":
                raise web.HTTPFound(f"{site.url}/good")
            case "/list":
                return web.json_response(["u1"])
            case "/page":
                return web.Response(text="<html>")
            case "/long":
                return web.Response(body=b" " * (1024 * 1024 + 1))
        return web.json_response({"error": "invalid_token"}, status=401)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(application) as server:
        site.url = f"http://127.0.0.1:{server.port}"
        yield site


async def test_a_bearer_token_is_shown_only_where_one_is_given(site: Site) -> None:
    assert await HttpsFetch()(f"{site.url}/good") == {"sub": "u1"}
    assert await HttpsFetch()(f"{site.url}/good", bearer="at-1") == {"sub": "u1"}
    assert site.heard == [None, "Bearer at-1"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/moved", "answered 302"),
        ("/list", "not an object"),
        ("/page", "not JSON"),
        ("/long", "too large"),
        ("/other", "answered 401"),
    ],
)
async def test_what_is_no_document(site: Site, path: str, said: str) -> None:
    with pytest.raises(IssuerUnavailableError, match=said) as refused:
        await HttpsFetch()(site.url + path, bearer="at-1")
    assert "at-1" not in str(refused.value)
    assert len(site.heard) == 1


async def test_where_nobody_listens_and_where_nothing_is_encrypted(unused_tcp_port: int) -> None:
    with pytest.raises(IssuerUnavailableError, match="cannot be reached"):
        await HttpsFetch()(f"http://127.0.0.1:{unused_tcp_port}/x")
    with pytest.raises(IssuerUnavailableError, match="https only"):
        await HttpsFetch()("http://idp.example.com/x")


def test_an_authority_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError):  # noqa: PT011 - the file is not there
        HttpsFetch(ca=tmp_path / "none.pem")


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
