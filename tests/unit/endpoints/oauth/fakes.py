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
from passgate.pipeline.issuing import AuthorizationQuery, Consent, Device, ProviderAnswer, Tokens
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


CONSENT = Consent(
    id="c0nsent",
    client="<b>Evil & Co</b>",
    client_id="editor",
    person="human:ada@example.com",
    agent=None,
    resources=("claude", "docs"),
    verbs=("read",),
    purpose='signed in for "it"',
    returns_to="https://editor.example/cb",
    user_code="",
)


@dataclass
class OneSignIn:
    """``next``: where browsers are sent; a consent, or None, where that is what comes."""

    next: Consent | str | None = "https://idp.example.com/authorize?x=1"
    error: PassgateError | None = None
    asked: list[tuple[object, ...]] = field(default_factory=list)
    browsers: list[str] = field(default_factory=list)

    async def begin(self, query: AuthorizationQuery, *, browser: str) -> str:
        return str(self._answer("begin", query, browser=browser))

    async def begin_device(self, *, client_id: str, scope: str, resources: Sequence[str]) -> Device:
        self._answer("begin_device", client_id, scope, tuple(resources))
        return Device(device_code="dev1ce", user_code="BBBB-CCCC", expires_in=600, interval=5)

    async def enter_code(self, user_code: str, *, browser: str) -> str:
        return str(self._answer("enter_code", user_code, browser=browser))

    async def come_back(self, answer: ProviderAnswer, *, browser: str) -> Consent | str:
        found = self._answer("come_back", answer, browser=browser)
        assert found is not None
        return found

    async def decide(
        self, consent: str, *, allowed: bool, purpose: str, ticket: str | None, browser: str
    ) -> str | None:
        found = self._answer("decide", consent, allowed, purpose, ticket, browser=browser)
        assert not isinstance(found, Consent)
        return found

    async def redeem_code(self, code: str, *, client_id: str, redirect_uri: str, verifier: str) -> Tokens:
        self._answer("redeem_code", code, client_id, redirect_uri, verifier)
        return PASS_TOKENS

    async def redeem_device(self, device_code: str, *, client_id: str) -> Tokens:
        self._answer("redeem_device", device_code, client_id)
        return PASS_TOKENS

    def _answer(self, *asked: object, browser: str | None = None) -> Consent | str | None:
        self.asked.append(asked)
        if browser is not None:
            self.browsers.append(browser)
        if self.error is not None:
            raise self.error
        return self.next


@dataclass
class Pace:
    open: bool = True
    failures: list[str] = field(default_factory=list)

    def allow(self, _peer: str, _name: str, /) -> bool:
        return self.open

    def failed(self, peer: str, _name: str, /) -> None:
        self.failures.append(peer)
