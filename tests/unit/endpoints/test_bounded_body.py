"""Bodies are read no further than is wanted."""

from collections.abc import AsyncIterator

from aiohttp import web
from aiohttp.test_utils import RawTestServer, TestClient

from passgate.endpoints.bounded_body import read_bounded


async def test_a_body_is_read_up_to_a_bound() -> None:
    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        body = await read_bounded(request, 5)
        return web.Response(body=b"too much" if body is None else body)

    async def chunked(text: bytes) -> AsyncIterator[bytes]:
        for at in range(len(text)):
            yield text[at : at + 1]

    client = TestClient(RawTestServer(serve))
    async with client:
        for sent, got in ((b"12345", b"12345"), (b"", b""), (b"123456", b"too much")):
            for data in (sent, chunked(sent)):
                async with client.post("/", data=data) as answer:
                    assert await answer.read() == got
