"""A server that answers what a test told it to, in turn, and remembers what it was asked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from passgate.credentials.vault.http import VaultServer

Answer = web.Response | Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Asked:
    method: str
    path: str
    token: str
    namespace: str
    body: object


@dataclass
class Played:
    """``answers``: the last one is given again and again."""

    server: TestServer
    asked: list[Asked] = field(default_factory=list)
    answers: list[Answer] = field(default_factory=list)

    def will(self, *answers: Answer) -> None:
        self.answers[:] = answers

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.port}"

    def vault(self, seconds: float = 5) -> VaultServer:
        return VaultServer(name="main", address=self.address, seconds=seconds)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        headers = request.headers
        self.asked.append(
            Asked(
                method=request.method,
                path=request.path,
                token=headers.get("X-Vault-Token", ""),
                namespace=headers.get("X-Vault-Namespace", ""),
                body=await request.json() if request.can_read_body else None,
            )
        )
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, web.Response):
            return web.Response(status=answer.status, body=answer.body, headers=answer.headers)
        return await answer(request)


@pytest.fixture
async def played() -> AsyncIterator[Played]:
    app = web.Application()
    server = TestServer(app)
    played = Played(server)
    app.router.add_route("*", "/{path:.*}", played.answer)
    await server.start_server()
    yield played
    await server.close()


def said(status: int = 200, **document: object) -> web.Response:
    return web.json_response(document, status=status)


def refused(status: int, *errors: str) -> web.Response:
    return web.json_response({"errors": list(errors)}, status=status)


def token(text: str = "t-1", seconds: int = 3600, *, renewable: bool = True) -> web.Response:
    return said(auth={"client_token": text, "lease_duration": seconds, "renewable": renewable})


async def never(request: web.Request) -> web.StreamResponse:
    """Says nothing until the asker has gone."""
    gone = asyncio.Event()
    task = asyncio.current_task()
    assert task is not None
    task.add_done_callback(lambda _task: gone.set())
    await gone.wait()
    raise AssertionError


async def cut(request: web.Request) -> web.StreamResponse:
    """The connection ends without an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()
