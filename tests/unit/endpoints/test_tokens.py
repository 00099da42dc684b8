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
    LedgerUnavailableError,
    OAuthError,
    PassgateError,
    PassRequestError,
    StoreError,
    TokenRefusedError,
)
from passgate.endpoints.oauth import TOKEN_PATH
from passgate.endpoints.oauth.forms import Form
from passgate.endpoints.tokens import ACCESS_TOKEN, GRANT, PASS, TokenEndpoint
from passgate.pipeline.exchange import Exchanged, ExchangeRequest
from passgate.pipeline.issuing import Tokens
from tests.unit.endpoints.oauth.fakes import API_TOKENS, URL, OneIssuer, serving
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
    issuer: OneIssuer = field(default_factory=OneIssuer)
    client: "TestClient[web.BaseRequest, None]" = field(init=False)

    async def post(self, form: object = None, **more: object) -> tuple[int, dict[str, object]]:
        async with self.client.post(TOKEN_PATH, data=FORM if form is None else form, **more) as answer:  # type: ignore[arg-type]
            assert answer.headers["Cache-Control"] == "no-store"
            return answer.status, await answer.json()


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()

    async def grant(form: Form) -> Tokens:
        return await bench.issuer.refresh(form.one("refresh_token"), client_id=form.one("client_id"))

    endpoint = TokenEndpoint(
        exchange=bench.exchange,
        attempts=bench.attempts,
        recorder=bench.recorder,
        issuer=bench.issuer,
        grants={"refresh_token": grant},
        now=lambda: NOW,
    )

    async def serve(request: web.BaseRequest) -> web.StreamResponse:
        return await endpoint.serve(request) or web.Response(status=404)

    bench.client = TestClient(RawTestServer(serve))
    async with bench.client:
        yield bench


async def test_a_token_becomes_a_pass_in_the_words_of_oauth(bench: Bench) -> None:
    status, said = await bench.post(
        [*FORM.items(), ("audience", "docs"), ("ttl", "600"), ("ticket", "T"), ("agent", "a")]
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
        "principal": "agent:reporter",
    }
    (asked,) = bench.exchange.asked
    assert (asked.token, asked.resources) == ("a.b.c", {"shop", "docs"})
    assert asked.verbs == {VerbClass.READ, VerbClass.WRITE}
    assert (asked.purpose, asked.ticket, asked.ttl, asked.agent) == ("why", "T", timedelta(seconds=600), "a")
    assert "a.b.c" not in repr(asked)


BAD: dict[str, tuple[dict[str, str], str]] = {
    "another grant": ({"grant_type": "password"}, "unsupported_grant_type"),
    "no grant": ({"grant_type": ""}, "unsupported_grant_type"),
    "another kind of token": ({"subject_token_type": "urn:ietf:params:oauth:token-type:saml2"}, "invalid_request"),
    "another kind wanted": ({"requested_token_type": ID_TOKEN}, "invalid_request"),
    "an unknown verb": ({"scope": "read root"}, "invalid_scope"),
    "a time that is no number": ({"ttl": "1h"}, "invalid_request"),
    "a time in other digits": ({"ttl": "\u0661"}, "invalid_request"),
    "a pass for an audience by address": ({"resource": f"{URL}/api"}, "invalid_request"),
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


async def test_a_form_is_posted_and_other_paths_are_nobodys(bench: Bench) -> None:
    async with bench.client.get(TOKEN_PATH) as answer:
        assert answer.status == 405
    async with bench.client.get("/oauth/other") as answer:
        assert answer.status == 404


# -- tokens of the gate's own ------------------------------------------------------------------------------------------

API = {
    "grant_type": GRANT,
    "subject_token": "a.b.c",
    "subject_token_type": ID_TOKEN,
    "requested_token_type": ACCESS_TOKEN,
    "resource": f"{URL}/api",
}


async def test_a_persons_token_for_the_control_api(bench: Bench) -> None:
    status, said = await bench.post(API)
    assert status == 200
    assert said == {
        "access_token": "eyJ.own.token",
        "issued_token_type": ACCESS_TOKEN,
        "token_type": "Bearer",
        "expires_in": 3600,
        "scope": "",
        "principal": "human:ada@example.com",
        "refresh_token": "pgr_next",
    }
    assert bench.issuer.asked == [("exchange_for_api", "a.b.c", "passgate")]


async def test_a_token_that_stands_for_a_pass(bench: Bench) -> None:
    status, said = await bench.post({**FORM, "requested_token_type": ACCESS_TOKEN, "audience": "claude"})
    assert (status, said["access_token"], said["pass"], said["resources"]) == (200, "eyJ.own.pass", "pg_1", ["claude"])
    assert (said["issued_token_type"], said["expires_in"]) == (ACCESS_TOKEN, 1800)
    assert "secret" not in said
    assert bench.exchange.asked == []


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"resource": f"{URL}/claude"}, "invalid_target"),
        ({"resource": "https://evil.example.com/api"}, "invalid_target"),
        ({"audience": "claude"}, "invalid_request"),
        ({"agent": "reporter"}, "invalid_request"),
        ({"scope": "read"}, "invalid_request"),
        ({"client_id": "another"}, "unauthorized_client"),
        ({"subject_token": ""}, "invalid_request"),
    ],
)
async def test_what_a_token_for_the_control_api_is_not(bench: Bench, changed: dict[str, str], code: str) -> None:
    status, said = await bench.post({**API, **changed})
    assert (status, said["error"]) == (400, code)
    assert bench.issuer.asked == []


async def test_a_gate_that_issues_no_tokens_says_so(bench: Bench) -> None:
    endpoint = TokenEndpoint(exchange=bench.exchange, attempts=bench.attempts, recorder=bench.recorder)
    async with serving(endpoint.serve) as client:
        async with client.post(TOKEN_PATH, data=API) as answer:
            assert "identity.issuer" in (await answer.json())["error_description"]
        async with client.post(TOKEN_PATH, data={"grant_type": "refresh_token"}) as answer:
            assert (await answer.json())["error"] == "unsupported_grant_type"


async def test_another_grant_gives_tokens_and_its_refusals_are_said(bench: Bench) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": "pgr_1", "client_id": "editor", "unheard_of": "x"}
    status, said = await bench.post(form)
    assert (status, said["access_token"], "issued_token_type" in said) == (200, API_TOKENS.access_token, False)
    for code, status in (("invalid_grant", 400), ("invalid_client", 401), ("invalid_target", 400)):
        bench.issuer.error = OAuthError(code, "why")
        assert await bench.post(form) == (status, {"error": code, "error_description": "why"})
    assert len(bench.attempts.failures) == 2
    recorded = len(bench.recorder.events)
    bench.issuer.error = OAuthError("authorization_pending", "not yet")
    assert (await bench.post(form))[1]["error"] == "authorization_pending"
    assert len(bench.recorder.events) == recorded
    bench.issuer.error = LedgerUnavailableError()
    assert (await bench.post(form))[0] == 503
