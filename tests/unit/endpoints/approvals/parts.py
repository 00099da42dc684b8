"""A request as channels see it, a stand-in for whoever is told, and the gate's own paths on a real server."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import aiohttp
from aiohttp import web

from passgate.core.errors import SecretUnavailableError, StoreError
from passgate.core.principal import Principal, PrincipalKind
from passgate.endpoints.beside import Beside
from passgate.pipeline.approval_desk import ApprovalRequest, ApprovalState, Preview, Voter

GRACE = Voter(subject="grace@example.com", groups=frozenset({"dba"}))
ADA = Voter(subject="ada@example.com", groups=frozenset({"dba"}))

REQUEST = ApprovalRequest(
    id="01M82PHV64GGD825KKDES0X8E9",
    state=ApprovalState.PENDING,
    binding_sha256="ab" * 32,
    session="s1",
    pass_id="pg_1",
    principal=Principal(kind=PrincipalKind.HUMAN, subject="ada@example.com"),
    chain=("agent:reporter", "human:ada@example.com"),
    purpose="weekly report",
    ticket="INC-42",
    resource="shop",
    verb="update",
    atoms=("update relation:public.orders none",),
    text="UPDATE orders SET note = 'eve@example.org' WHERE id > 3",
    shown="UPDATE orders SET note = '[EMAIL]' WHERE id > 3",
    cut=0,
    inputs={},
    rule="writes",
    reason="Writes in production.",
    policy="c0ffee",
    group="dba",
    count=2,
    preview=Preview(rows=214, columns=("id", "email"), samples=(("4", "e***"), ("5", None))),
    cap=214,
    asked=datetime(2026, 3, 1, 12, tzinfo=UTC),
    expires=datetime(2026, 3, 1, 12, 15, tzinfo=UTC),
    votes=(),
)


@dataclass
class Secret:
    value: str = field(repr=False)
    missing: bool = False

    async def obtain(self) -> str:
        if self.missing:
            raise SecretUnavailableError
        return self.value


@dataclass
class Received:
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Other:
    """A server of somebody else's: keeps what it is sent, and answers as it is told to."""

    url: str = ""
    status: int = 200
    answer: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    received: "asyncio.Queue[Received]" = field(default_factory=asyncio.Queue)

    async def serve(self, request: web.BaseRequest) -> web.Response:
        self.received.put_nowait(Received(request.path, dict(request.headers), await request.read()))
        return web.Response(status=self.status, body=self.answer, headers=self.headers)

    async def next(self) -> Received:
        async with asyncio.timeout(5):
            return await self.received.get()


@asynccontextmanager
async def other() -> AsyncIterator[Other]:
    one = Other()
    async with listening(one.serve) as url:
        one.url = url
        yield one


@asynccontextmanager
async def listening(serve: Beside) -> AsyncIterator[str]:
    """The address of a real server with these paths."""

    async def answer(request: web.BaseRequest) -> web.StreamResponse:
        return await serve(request) or web.Response(status=404)

    runner = web.ServerRunner(web.Server(answer))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    ((host, port, *_),) = runner.addresses
    try:
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def client() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@dataclass
class Spent:
    used: set[str] = field(default_factory=set)
    broken: bool = False

    def spend(self, digest: str, *, expires: datetime, now: datetime) -> bool:
        if self.broken:
            raise StoreError
        assert expires - now >= timedelta(minutes=5)
        if digest in self.used:
            return False
        self.used.add(digest)
        return True


def decided(state: ApprovalState) -> ApprovalRequest:
    return replace(REQUEST, state=state)
