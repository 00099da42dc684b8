"""Forms posted to a provider, over real sockets."""

from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from passgate.core.errors import IssuerUnavailableError
from passgate.identity.issuer.posting import HttpsPost


async def posted(handler: object, *, url: str = "") -> tuple[int, object]:
    application = web.Application()
    application.router.add_post("/token", handler)  # type: ignore[arg-type] # a handler of the test's own
    async with TestServer(application) as server:
        return await HttpsPost()(
            url or f"http://127.0.0.1:{server.port}/token", {"code": "a b"}, {"Authorization": "Basic x"}
        )


async def test_a_form_and_its_answer() -> None:
    async def handler(request: web.Request) -> web.Response:
        form = await request.post()
        return web.json_response({"code": form["code"], "auth": request.headers["Authorization"]})

    assert await posted(handler) == (200, {"code": "a b", "auth": "Basic x"})


async def test_the_body_of_an_error_may_be_anything() -> None:
    async def page(_request: web.Request) -> web.Response:
        return web.Response(status=502, text="<html>")

    async def said(_request: web.Request) -> web.Response:
        return web.json_response({"error": "invalid_grant"}, status=400)

    assert await posted(page) == (502, {})
    assert await posted(said) == (400, {"error": "invalid_grant"})


async def test_nothing_is_followed() -> None:
    async def elsewhere(_request: web.Request) -> web.Response:
        raise web.HTTPFound("https://evil.example.com/")

    assert await posted(elsewhere) == (302, {})


@pytest.mark.parametrize("body", [b"[]", b"no json", b'{"a": "' + b"x" * 300_000 + b'"}'])
async def test_answers_that_are_none(body: bytes) -> None:
    async def handler(_request: web.Request) -> web.Response:
        return web.Response(body=body)

    with pytest.raises(IssuerUnavailableError):
        await posted(handler)


async def test_who_is_asked() -> None:
    for url in ("http://idp.example.com/token", "https://127.0.0.1:1/token"):
        with pytest.raises(IssuerUnavailableError):
            await HttpsPost()(url, {}, {})


def test_an_authority_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        HttpsPost(ca=tmp_path / "ca.pem")
