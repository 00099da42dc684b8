"""The listener that a browser comes back to: who may end the wait, and who may not."""

import asyncio
import socket

import aiohttp
import pytest

from passgate.cli.loopback import Loopback
from passgate.core.errors import SignInError

ANY = "http://127.0.0.1/callback"


async def get(url: str, **more: object) -> tuple[int, str, "aiohttp.typedefs.LooseHeaders"]:
    async with aiohttp.ClientSession() as client, client.request("GET", url, **more) as answer:  # type: ignore[arg-type]
        return answer.status, await answer.text(), dict(answer.headers)


async def test_what_the_browser_brings_is_received_once() -> None:
    async with Loopback.listening(ANY, state="s1") as loopback:
        status, text, headers = await get(f"{loopback.uri}?code=c1&state=s1&iss=https%3A%2F%2Fidp")
        assert status == 200
        assert "c1" not in text
        assert headers["Cache-Control"] == "no-store"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        came = await loopback.receive(5)
        assert (came.code, came.error, came.issuer) == ("c1", None, "https://idp")
        assert (await get(f"{loopback.uri}?code=c2&state=s1"))[0] == 410
        assert (await loopback.receive(5)).code == "c1"
    with pytest.raises(aiohttp.ClientConnectorError):
        await get(f"{loopback.uri}?code=c1&state=s1")


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?code=evil",
        "?code=evil&state=",
        "?code=evil&state=s2",
        "?code=evil&state=S1",
        "?code=evil&state=s1&state=s1",
        "?code=evil&code=c1&state=s1",
        "?code=evil&state=%ff",
        "?code=evil&state=s1&" + "&".join(f"x{n}=1" for n in range(60)),
        "?state=s1&code=" + "x" * 20_000,
    ],
)
async def test_somebody_elses_answer_changes_nothing(query: str) -> None:
    """Login CSRF: a page that sends the browser here cannot know the state."""
    async with Loopback.listening(ANY, state="s1") as loopback:
        status, text, _ = await get(loopback.uri + query)
        assert status == 400
        assert "evil" not in text
        with pytest.raises(TimeoutError):
            await loopback.receive(0.01)
        assert (await get(f"{loopback.uri}?error=access_denied&error_description=No&state=s1"))[0] == 200
        came = await loopback.receive(5)
        assert (came.code, came.error, came.error_description) == (None, "access_denied", "No")


async def test_only_its_own_name_path_and_method_count() -> None:
    async with Loopback.listening(ANY, state="s1") as loopback:
        query = "?code=c1&state=s1"
        rebound = {"Host": "evil.example.com"}
        assert (await get(loopback.uri + query, headers=rebound))[0] == 400
        assert (await get(loopback.uri + "/x" + query))[0] == 404
        assert (await get(loopback.uri.replace("/callback", "/favicon.ico")))[0] == 404
        async with aiohttp.ClientSession() as client, client.post(loopback.uri + query) as answer:
            assert answer.status == 404
        with pytest.raises(TimeoutError):
            await loopback.receive(0.01)


async def test_no_other_machine_reaches_it_and_the_port_is_the_systems_choice() -> None:
    async with Loopback.listening(ANY, state="a") as one, Loopback.listening(ANY, state="b") as two:
        assert one.uri.startswith("http://127.0.0.1:")
        assert one.uri != two.uri
        port = int(one.uri.split(":")[2].split("/")[0])
        with pytest.raises(OSError):  # noqa: PT011 - refused, however the system says it
            await asyncio.open_connection("127.0.0.2", port)


async def test_a_port_that_the_provider_knows() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SignInError, match=f"does not listen on {port}.*--device"):
            async with Loopback.listening(f"http://localhost:{port}/cb", state="s1"):
                pass
    async with Loopback.listening(f"http://localhost:{port}/cb", state="s1") as loopback:
        assert loopback.uri == f"http://localhost:{port}/cb"
        assert (await get(f"http://127.0.0.1:{port}/cb?code=c&state=s1", headers={"Host": f"localhost:{port}"}))[
            0
        ] == 200


@pytest.mark.parametrize(
    "uri",
    [
        "https://127.0.0.1/callback",
        "http://evil.example.com/callback",
        "http://0.0.0.0/callback",
        "http://127.0.0.1.evil.example.com/callback",
        "http://me@127.0.0.1/callback",
        "http://127.0.0.1:x/callback",
        "http://127.0.0.1",
        "http://127.0.0.1/callback?next=https://evil.example.com",
        "http://127.0.0.1/callback#x",
        "passgate:/callback",
        "",
    ],
)
async def test_where_it_listens_for_nobody(uri: str) -> None:
    with pytest.raises(SignInError, match="redirect URI"):
        async with Loopback.listening(uri, state="s1"):
            pass
