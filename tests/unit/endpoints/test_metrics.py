"""A real scrape, over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest

from passgate.endpoints.metrics import MetricsEndpoint


@dataclass
class Exposed:
    media: str
    body: bytes


@pytest.fixture
async def url() -> AsyncIterator[str]:
    endpoint = MetricsEndpoint(lambda accept: Exposed("text/plain; version=0.0.4", f"# {accept}\n".encode()))
    await endpoint.start("127.0.0.1", 0)
    yield f"http://127.0.0.1:{endpoint.port}"
    await endpoint.close()


async def test_a_scrape(url: str) -> None:
    async with (
        aiohttp.ClientSession() as client,
        client.get(f"{url}/metrics", headers={"Accept": "text/plain"}) as answer,
    ):
        assert (answer.status, answer.headers["Content-Type"]) == (200, "text/plain; version=0.0.4")
        assert await answer.text() == "# text/plain\n"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/metrics/x", 404), ("POST", "/metrics", 405), ("HEAD", "/metrics", 200)],
)
async def test_nothing_else_is_there(url: str, method: str, path: str, status: int) -> None:
    async with aiohttp.ClientSession() as client, client.request(method, url + path) as answer:
        assert answer.status == status


async def test_an_address_that_is_taken(url: str) -> None:
    second = MetricsEndpoint(lambda accept: Exposed("", b""))
    with pytest.raises(OSError, match="address already in use"):
        await second.start("127.0.0.1", int(url.rpartition(":")[2]))
    await second.close()
