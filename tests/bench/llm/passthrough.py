"""The least that a proxy on aiohttp can do: take a request, send it on, stream the answer back. It looks at nothing.

``python -m tests.bench.llm.passthrough UPSTREAM_PORT``: prints its port, serves until it is ended.
"""

import asyncio
import sys

import aiohttp
import uvloop
from aiohttp import web

_DROPPED = frozenset({"host", "content-length", "transfer-encoding", "connection"})


async def main(upstream: str) -> None:
    connector = aiohttp.TCPConnector(limit=1000)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:

        async def forward(request: web.BaseRequest) -> web.StreamResponse:
            headers = [(name, value) for name, value in request.headers.items() if name.lower() not in _DROPPED]
            body = await request.read()
            async with session.request(
                request.method, upstream + request.path_qs, headers=headers, data=body
            ) as answer:
                passed = {name: value for name, value in answer.headers.items() if name.lower() not in _DROPPED}
                if answer.content_length is not None:
                    whole = await answer.read()
                    return web.Response(status=answer.status, headers=passed, body=whole)
                response = web.StreamResponse(status=answer.status, headers=passed)
                await response.prepare(request)
                async for piece in answer.content.iter_any():
                    await response.write(piece)
                await response.write_eof()
                return response

        runner = web.ServerRunner(web.Server(forward, access_log=None))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        sys.stdout.write(f"{runner.addresses[0][1]}\n")
        sys.stdout.flush()
        await asyncio.Event().wait()


if __name__ == "__main__":
    uvloop.run(main(f"http://127.0.0.1:{sys.argv[1]}"))
