"""The stand-in on a thread of its own, inside the process of a test."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aiohttp import web

from passgate.testing.llm_provider.script import ECHO, Script
from passgate.testing.llm_provider.server import Provider

_START_SECONDS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningProvider:
    """``url``: the origin, as Anthropic's clients want it; OpenAI's want ``url + "/v1"``."""

    provider: Provider
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @classmethod
    @contextmanager
    def start(cls, *, key: str = "", default: Script = ECHO, port: int = 0) -> Iterator["RunningProvider"]:
        """Serve on 127.0.0.1 until left."""
        provider = Provider(key=key, default=default)
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, name="stand-in provider", daemon=True)
        thread.start()
        runner = provider.runner()
        try:
            bound = asyncio.run_coroutine_threadsafe(serve(runner, port), loop).result(_START_SECONDS)
            yield cls(provider=provider, port=bound)
        finally:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(_START_SECONDS)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(_START_SECONDS)
            loop.close()


async def serve(runner: web.AppRunner, port: int) -> int:
    """Listen; returns the port. Raises OSError."""
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    bound: int = runner.addresses[0][1]
    return bound
