"""An issuer that gives what it is told to, and remembers what it was asked."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from aiohttp import web
from aiohttp.test_utils import RawTestServer, TestClient

from passgate.core.errors import PassgateError
from passgate.core.principal import Principal, PrincipalKind
from passgate.endpoints.beside import Beside
from passgate.pipeline.exchange import ExchangeRequest
from passgate.pipeline.issuing import Tokens
from tests.unit.pipeline.steps import NOW

URL = "https://gate.example.com"
ADA = Principal(kind=PrincipalKind.HUMAN, subject="ada@example.com")
API_TOKENS = Tokens(
    access_token="eyJ.own.token",
    expires=NOW + timedelta(hours=1),
    scope=frozenset(),
    resources=frozenset(),
    principal=ADA,
    refresh_token="pgr_next",
)
PASS_TOKENS = Tokens(
    access_token="eyJ.own.pass",
    expires=NOW + timedelta(minutes=30),
    scope=frozenset({"read"}),
    resources=frozenset({"claude"}),
    principal=ADA,
    pass_id="pg_1",
)


@dataclass
class OneIssuer:
    url: str = URL
    resources: Sequence[str] = ("claude", "docs")
    error: PassgateError | None = None
    asked: list[tuple[object, ...]] = field(default_factory=list)

    def key_set(self) -> Mapping[str, object]:
        self._fail()
        return {"keys": [{"kty": "EC"}]}

    async def exchange(self, request: ExchangeRequest, *, client_id: str) -> Tokens:
        self.asked.append(("exchange", request, client_id))
        self._fail()
        return PASS_TOKENS

    async def exchange_for_api(self, token: str, *, client_id: str) -> Tokens:
        self.asked.append(("exchange_for_api", token, client_id))
        self._fail()
        return API_TOKENS

    async def refresh(self, token: str, *, client_id: str) -> Tokens:
        self.asked.append(("refresh", token, client_id))
        self._fail()
        return API_TOKENS

    async def revoke(self, token: str, *, client_id: str | None) -> None:
        self.asked.append(("revoke", token, client_id))
        self._fail()

    def _fail(self) -> None:
        if self.error is not None:
            raise self.error


@asynccontextmanager
async def serving(beside: Beside) -> AsyncIterator["TestClient[web.BaseRequest, None]"]:
    """A client of a server that serves this and nothing else."""

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        return await beside(request) or web.Response(status=404)

    async with TestClient(RawTestServer(serve)) as client:
        yield client
