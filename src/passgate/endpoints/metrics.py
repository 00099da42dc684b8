"""Where metrics are scraped: one path, read only, on an address of its own."""

from collections.abc import Callable
from typing import Protocol

from aiohttp import web

PATH = "/metrics"


class Exposed(Protocol):
    """What a scraper gets: ``media`` is its content type."""

    @property
    def media(self) -> str: ...

    @property
    def body(self) -> bytes: ...


Expose = Callable[[str], Exposed]
"""By the scraper's Accept header, empty where it sent none."""


class MetricsEndpoint:
    """``start``, ``close``; ``port`` is the one that it listens on."""

    def __init__(self, expose: Expose) -> None:
        self._expose = expose
        self._runner = web.ServerRunner(web.Server(self._answer, access_log=None))
        self.port = 0

    async def start(self, address: str, port: int) -> None:
        """Raises OSError where the address cannot be listened on."""
        await self._runner.setup()
        site = web.TCPSite(self._runner, address, port)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def close(self) -> None:
        await self._runner.cleanup()

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        if request.path != PATH:
            return web.Response(status=404, text=f"Only {PATH} is here.\n")
        if request.method not in ("GET", "HEAD"):
            return web.Response(status=405, headers={"Allow": "GET, HEAD"})
        exposed = self._expose(request.headers.get("Accept", ""))
        return web.Response(body=exposed.body, headers={"Content-Type": exposed.media})
