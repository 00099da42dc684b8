"""What the command line takes for an answer."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from passgate.cli.oauth_requests import check_safe, get, post, text
from passgate.core.errors import ConfigError, SignInError


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async def answer(request: web.Request) -> web.StreamResponse:
        match request.path:
            case "/good":
                return web.json_response({"a": "b"})
            case "/slow":
                stream = web.StreamResponse()
                await stream.prepare(request)
                for part in (b'{"a":', b" " * 200_000, b'"b"}'):
                    await stream.write(part)
                return stream
            case "/list":
                return web.json_response([])
            case "/page":
                return web.Response(text="<html>")
            case "/long":
                return web.Response(body=b" " * (1024 * 1024 + 1))
            case "/moved":
                raise web.HTTPFound("/good")
        return web.json_response({"error": "invalid_grant"}, status=400)

    application = web.Application()
    application.router.add_route("*", "/{path:.*}", answer)
    async with TestServer(application) as server:
        yield f"http://127.0.0.1:{server.port}"


async def test_an_answer_is_read_to_its_end(url: str) -> None:
    for path in ("/good", "/slow"):
        assert await get(url + path, None) == {"a": "b"}
        assert await post(url + path, [("x", "y")], None) == {"a": "b"}


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/list", "answered 200, and not as it should"),
        ("/page", "answered 200, and not as it should"),
        ("/moved", "answered 302"),
        ("/other", "answered 400"),
        ("/long", "more than 1048576 bytes"),
    ],
)
async def test_what_is_none(url: str, path: str, said: str) -> None:
    with pytest.raises(SignInError, match=said):
        await post(url + path, [("secret", "s3cret")], None)


async def test_an_error_of_oauth_is_an_answer_where_one_is_waited_for(url: str) -> None:
    assert await post(f"{url}/other", [], None, errors=True) == {"error": "invalid_grant"}


async def test_where_nobody_is_or_nothing_can_be_trusted(unused_tcp_port: int, tmp_path: Path) -> None:
    with pytest.raises(SignInError, match="cannot be reached"):
        await get(f"http://127.0.0.1:{unused_tcp_port}/", None)
    with pytest.raises(ConfigError, match=r"The authorities .*none\.pem are not usable: No such file"):
        await get(f"http://127.0.0.1:{unused_tcp_port}/", tmp_path / "none.pem")
    with pytest.raises(SignInError, match="https only"):
        await get("http://gate.internal/x", None)


@pytest.mark.parametrize(
    "url", ["https://[::1", "https://", "http://localhost.evil.example/", "HTTPX://a/", "https://a/\x1b[2J"]
)
def test_addresses_that_are_none(url: str) -> None:
    with pytest.raises(SignInError, match="https only") as refused:
        check_safe(url)
    assert str(refused.value).isprintable()


def test_a_text_that_must_be_there() -> None:
    assert text({"a": "b"}, "a") == "b"
    for answer in ({}, {"a": ""}, {"a": 7}):
        with pytest.raises(SignInError, match="lacks a"):
            text(answer, "a")
