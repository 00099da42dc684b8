"""The token endpoint as HTTP clients meet it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import RawTestServer, TestClient

from passgate.core.action import VerbClass
from passgate.core.errors import (
    IssuerUnavailableError,
    PassgateError,
    PassRequestError,
    StoreError,
    TokenRefusedError,
)
from passgate.endpoints.tokens import GRANT, METADATA_PATH, PASS, TOKEN_PATH, TokenEndpoint
from passgate.pipeline.exchange import Exchanged, ExchangeRequest, SignIn
from tests.unit.pipeline.steps import NOW, MemoryRecorder, make_session

ID_TOKEN = "urn:ietf:params:oauth:token-type:id_token"
FORM = {
    "grant_type": GRANT,
    "subject_token": "a.b.c",
    "subject_token_type": ID_TOKEN,
    "audience": "shop",
    "scope": "read write",
    "purpose": "why",
}


@dataclass
class Exchange:
    asked: list[ExchangeRequest] = field(default_factory=list)
    error: PassgateError | None = None

    async def exchange(self, request: ExchangeRequest) -> Exchanged:
        self.asked.append(request)
        if self.error is not None:
            raise self.error
        return Exchanged(pass_=make_session().pass_, secret="pgs_secret")


@dataclass
class Attempts:
    open: bool = True
    failures: list[tuple[str, str]] = field(default_factory=list)

    def allow(self, _peer: str, _name: str, /) -> bool:
        return self.open

    def failed(self, peer: str, name: str, /) -> None:
        self.failures.append((peer, name))


@dataclass
class Bench:
    exchange: Exchange = field(default_factory=Exchange)
    attempts: Attempts = field(default_factory=Attempts)
    recorder: MemoryRecorder = field(default_factory=MemoryRecorder)
    client: "TestClient[web.BaseRequest, None]" = field(init=False)

    async def post(self, form: object = None, **more: object) -> tuple[int, dict[str, object]]:
        async with self.client.post(TOKEN_PATH, data=FORM if form is None else form, **more) as answer:  # type: ignore[arg-type]
            assert answer.headers["Cache-Control"] == "no-store"
            return answer.status, await answer.json()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    sign_in = [SignIn(name="company", issuer="https://idp.example.com", client_id="cli", scopes=("openid",))]
    endpoint = TokenEndpoint(
        exchange=bench.exchange, sign_in=sign_in, attempts=bench.attempts, recorder=bench.recorder, now=lambda: NOW
    )

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        return await endpoint.serve(request) or web.Response(status=404)

    bench.client = TestClient(RawTestServer(serve))
    async with bench.client:
        yield bench


async def test_a_token_becomes_a_pass_in_the_words_of_oauth(bench: Bench) -> None:
    status, said = await bench.post(
        [*FORM.items(), ("audience", "docs"), ("ttl", "600"), ("ticket", "T"), ("agent", "a"), ("task", "w")]
    )
    assert status == 200
    assert said == {
        "access_token": "pg_1.pgs_secret",
        "issued_token_type": PASS,
        "token_type": "Bearer",
        "expires_in": 1800,
        "scope": "read write",
        "pass": "pg_1",
        "secret": "pgs_secret",
        "resources": ["shop"],
        "task": "pg_1",
        "principal": "agent:reporter",
    }
    (asked,) = bench.exchange.asked
    assert (asked.token, asked.resources) == ("a.b.c", {"shop", "docs"})
    assert asked.verbs == {VerbClass.READ, VerbClass.WRITE}
    assert (asked.purpose, asked.ticket, asked.agent, asked.task) == ("why", "T", "a", "w")
    assert asked.ttl == timedelta(seconds=600)
    assert "a.b.c" not in repr(asked)


BAD: dict[str, tuple[dict[str, str], str]] = {
    "another grant": ({"grant_type": "password"}, "unsupported_grant_type"),
    "no grant": ({"grant_type": ""}, "unsupported_grant_type"),
    "another kind of token": ({"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"}, "invalid_request"),
    "another kind wanted": ({"requested_token_type": ID_TOKEN}, "invalid_request"),
    "an unknown verb": ({"scope": "read root"}, "invalid_scope"),
    "a time that is no number": ({"ttl": "1h"}, "invalid_request"),
    "a time in other digits": ({"ttl": "\u0661"}, "invalid_request"),
    "a parameter that is not known": ({"actor_token": "x"}, "invalid_request"),
}


@pytest.mark.parametrize("name", BAD)
async def test_what_the_form_must_say(bench: Bench, name: str) -> None:
    changed, code = BAD[name]
    status, said = await bench.post({**FORM, **changed})
    assert (status, said["error"]) == (400, code)
    assert bench.exchange.asked == []
    assert bench.recorder.events[-1].type.value == "token.refused"


@pytest.mark.parametrize("missing", ["subject_token", "subject_token_type", "purpose"])
async def test_what_is_missing_is_named(bench: Bench, missing: str) -> None:
    _, said = await bench.post({name: value for name, value in FORM.items() if name != missing})
    assert missing in str(said["error_description"])


async def test_a_parameter_given_twice_is_refused(bench: Bench) -> None:
    status, said = await bench.post([*FORM.items(), ("subject_token", "x.y.z")])
    assert (status, said["error"]) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"\xff\xfe", 400), (b"no form", 400), (b"a=" + b"x" * 70_000, 413), (b"&".join(b"a=1" for _ in range(200)), 400)],
)
async def test_a_body_that_is_no_form_of_a_sane_size(bench: Bench, body: bytes, status: int) -> None:
    found, said = await bench.post(body, headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert (found, said["error"]) == (status, "invalid_request")
    assert (await bench.post(body, headers={"Content-Type": "application/json"}))[0] in (400, 413)


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (TokenRefusedError("the token has expired"), 400, "invalid_grant"),
        (PassRequestError("ada may not ask for that"), 400, "invalid_scope"),
        (IssuerUnavailableError("idp.internal refused"), 503, "temporarily_unavailable"),
        (StoreError("/var/lib/state.db is gone"), 503, "temporarily_unavailable"),
    ],
)
async def test_refusals_in_the_words_of_oauth(bench: Bench, error: PassgateError, status: int, code: str) -> None:
    bench.exchange.error = error
    found, said = await bench.post()
    assert (found, said["error"]) == (status, code)
    assert ("internal" in str(said) or "/var" in str(said)) is False
    assert bench.attempts.failures == ([("127.0.0.1", "127.0.0.1")] if code == "invalid_grant" else [])
    assert bench.recorder.events[-1].detail["reason"] == str(error)


async def test_who_guesses_is_slowed_down(bench: Bench) -> None:
    bench.attempts.open = False
    assert (await bench.post())[0] == 429
    assert bench.exchange.asked == []


async def test_a_ledger_that_is_full_still_refuses(bench: Bench) -> None:
    bench.exchange.error = TokenRefusedError()
    bench.recorder.full = True
    assert (await bench.post())[0] == 400


async def test_what_a_client_must_know_is_told_and_other_paths_are_nobodys(bench: Bench) -> None:
    async with bench.client.get(METADATA_PATH) as answer:
        said = await answer.json()
    assert said["token_endpoint"].endswith(TOKEN_PATH)
    assert said["grant_types_supported"] == [GRANT]
    assert said["passgate_sign_in"] == [
        {"name": "company", "issuer": "https://idp.example.com", "client_id": "cli", "scopes": ["openid"]}
    ]
    async with bench.client.get(TOKEN_PATH) as answer:
        assert answer.status == 405
    async with bench.client.get("/oauth/other") as answer:
        assert answer.status == 404
