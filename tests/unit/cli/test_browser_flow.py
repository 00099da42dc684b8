"""Authorization code with PKCE: what is asked for, and which answers are not believed."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit

import pytest

from passgate.cli.browser_flow import BrowserFlow, hashed
from passgate.cli.oauth_requests import get
from passgate.cli.provider_client import ProviderClient, StepUp, Tokens
from passgate.core.errors import SignInError
from tests.unit.cli.provider import REMOVE, World, jwt


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with World.running() as world:
        yield world


async def client(world: World) -> ProviderClient:
    document = await get(f"{world.url}/.well-known/openid-configuration", None)
    return ProviderClient(
        issuer=world.url,
        document=document,
        client_id="cli",
        scope="openid groups",
        redirect_uri="http://127.0.0.1/callback",
    )


async def sign_in(world: World, **changes: object) -> Tokens:
    return await BrowserFlow(show=world.browse, wait=5).sign_in(replace(await client(world), **changes))  # type: ignore[arg-type]


async def test_a_code_becomes_tokens_and_every_value_is_new_each_time(world: World) -> None:
    tokens = [await sign_in(world) for _ in range(2)]
    asked = world.asked[0]
    assert (asked["response_type"], asked["code_challenge_method"]) == ("code", "S256")
    assert (asked["client_id"], asked["scope"], asked["tenant"]) == ("cli", "openid groups", "a")
    assert "prompt" not in asked
    for name in ("state", "nonce", "code_challenge"):
        assert world.asked[0][name] != world.asked[1][name]
        assert len(world.asked[0][name]) >= 43
    assert tokens[0].nonce_verifier is not None
    assert hashed(tokens[0].nonce_verifier) == asked["nonce"]
    assert (tokens[0].access_token, tokens[0].refresh_token) == ("at-1", "rt-1")
    assert "client_secret" not in world.tokens_asked[0]
    assert "Back to the terminal" in world.read
    for secret in (tokens[0].id_token, tokens[0].nonce_verifier, "at-1", "rt-1"):
        assert secret not in repr(tokens[0])


async def test_hashed_is_the_transformation_of_rfc_7636() -> None:
    """Appendix B."""
    assert hashed("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


async def test_a_step_up_and_a_prompt_are_asked_for(world: World) -> None:
    await sign_in(world, step_up=StepUp(acr_values=("phr", "mfa"), max_age=0))
    assert (world.asked[-1]["acr_values"], world.asked[-1]["max_age"]) == ("phr mfa", "0")
    assert "prompt" not in world.asked[-1]
    await sign_in(world, step_up=StepUp())
    assert world.asked[-1]["prompt"] == "login"
    await sign_in(world, scope="openid offline_access")
    assert world.asked[-1]["prompt"] == "consent"
    await sign_in(world, scope="openid offline_access", prompt="select_account")
    assert world.asked[-1]["prompt"] == "select_account"
    await sign_in(world, prompt="login", step_up=StepUp())
    assert world.asked[-1]["prompt"] == "login"


REDIRECTS: dict[str, tuple[dict[str, object], str]] = {
    "of another provider (mix-up)": ({"iss": "https://evil.example.com"}, "another provider"),
    "of a provider with a slash more": ({"iss": "http://127.0.0.1/"}, "another provider"),
    "of nobody, though this one says who it is": ({"iss": REMOVE}, "does not say which provider"),
    "an error of another provider": ({"iss": "https://evil.example.com", "error": "x"}, "another provider"),
    "denied": (
        {"code": REMOVE, "error": "access_denied", "error_description": "No."},
        r"denied at the provider \(No\.\)",
    ),
    "denied without a word": ({"code": REMOVE, "error": "access_denied"}, "denied at the provider"),
    "an error that paints": ({"error": "server_error", "error_description": "\x1b[2J\r\nok"}, r"\\x1b\[2J\\r\\nok"),
    "an error and a code": ({"error": "server_error"}, "the provider says: server_error"),
    "neither": ({"code": REMOVE}, "brings no code"),
    "an empty code": ({"code": ""}, "brings no code"),
    "another's code": ({"code": "code-2"}, "invalid_grant"),
}


@pytest.mark.parametrize("name", REDIRECTS)
async def test_redirects_that_sign_nobody_in(world: World, name: str) -> None:
    world.redirect, said = REDIRECTS[name]
    with pytest.raises(SignInError, match=said):
        await sign_in(world)
    assert len(world.tokens_asked) == (name == "another's code")


async def test_a_provider_that_never_says_who_it_is_need_not(world: World) -> None:
    world.document = {"authorization_response_iss_parameter_supported": REMOVE}
    world.redirect = {"iss": REMOVE}
    assert (await sign_in(world)).access_token == "at-1"


CLAIMS: dict[str, tuple[dict[str, object], str]] = {
    "another sign-in's nonce": ({"nonce": "x"}, "another sign-in"),
    "no nonce": ({"nonce": REMOVE}, "another sign-in"),
    "a nonce with half a letter": ({"nonce": "\ud800"}, "another sign-in"),
    "another issuer": ({"iss": "https://evil.example.com"}, "another issuer's"),
    "another client": ({"aud": "other"}, "another client"),
    "no client": ({"aud": []}, "another client"),
    "expired": ({"exp": int(time.time()) - 301}, "expired"),
    "no end": ({"exp": REMOVE}, "expired"),
    "an end that is true": ({"exp": True}, "expired"),
}


@pytest.mark.parametrize("name", CLAIMS)
async def test_id_tokens_that_are_not_passed_on(world: World, name: str) -> None:
    world.claims, said = CLAIMS[name]
    with pytest.raises(SignInError, match=said):
        await sign_in(world)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"id_token": REMOVE}, "no ID token: the scopes"),
        ({"id_token": ""}, "no ID token"),
        ({"id_token": "a.b"}, "is not one"),
        ({"id_token": jwt({})[:-6]}, "is not one"),
        ({"error": "invalid_client", "error_description": "unknown"}, "the provider says: unknown"),
    ],
)
async def test_answers_of_the_token_endpoint_that_are_none(world: World, answer: dict[str, object], said: str) -> None:
    world.answer = answer
    with pytest.raises(SignInError, match=said):
        await sign_in(world)


async def test_other_tokens_are_taken_only_as_texts(world: World) -> None:
    world.answer = {"access_token": 7, "refresh_token": ""}
    tokens = await sign_in(world)
    assert (tokens.access_token, tokens.refresh_token) == (None, None)


async def test_several_audiences_are_the_gates_to_judge(world: World) -> None:
    world.claims = {"aud": ["cli", "other"]}
    assert (await sign_in(world)).access_token == "at-1"


async def test_nobody_comes(world: World) -> None:
    async def show(_page: str) -> None:
        pass

    with pytest.raises(SignInError, match="nobody signed in within 0s: start again"):
        await BrowserFlow(show=show, wait=0.05).sign_in(await client(world))


async def test_the_listener_is_closed_when_the_wait_is_given_up(world: World) -> None:
    shown = asyncio.Event()
    pages: list[str] = []

    async def show(page: str) -> None:
        pages.append(page)
        shown.set()

    waiting = asyncio.create_task(BrowserFlow(show=show, wait=60).sign_in(await client(world)))
    await asyncio.wait_for(shown.wait(), 5)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    redirect = urlsplit(dict(parse_qsl(urlsplit(pages[0]).query))["redirect_uri"])
    with pytest.raises(OSError):  # noqa: PT011 - refused, however the system says it
        await asyncio.open_connection("127.0.0.1", redirect.port)


@pytest.mark.parametrize(
    "endpoint",
    ["http://idp.example.com/auth", "javascript:alert(1)", "file:///etc/passwd", "https://", "https://a\nb/"],
)
async def test_no_browser_is_opened_on_what_is_no_page_of_a_provider(world: World, endpoint: str) -> None:
    world.document = {"authorization_endpoint": endpoint}
    with pytest.raises(SignInError, match="https only"):
        await sign_in(world)
    assert world.pages == []


@pytest.mark.parametrize(
    ("document", "offered"),
    [
        ({}, False),
        ({"authorization_endpoint": "x"}, True),  # Entra ID does not tell its methods
        ({"authorization_endpoint": "x", "code_challenge_methods_supported": ["plain"]}, False),
        ({"authorization_endpoint": "x", "code_challenge_methods_supported": ["S256"]}, True),
    ],
)
async def test_who_offers_it(world: World, document: dict[str, object], offered: bool) -> None:
    assert BrowserFlow(show=world.browse).is_offered(document) is offered
