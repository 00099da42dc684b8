"""The device flow: a page and a code, and how the wait ends."""

from collections.abc import AsyncIterator

import pytest

from passgate.cli.device_flow import DeviceFlow
from passgate.cli.oauth_requests import get
from passgate.cli.provider_client import ProviderClient, StepUp, Tokens
from passgate.core.errors import SignInError
from tests.unit.cli.provider import REMOVE, World

PENDING = {"error": "authorization_pending"}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with World.running() as world:
        yield world


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Time passes at once, and is written down."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("passgate.cli.device_flow.sleep", sleep)
    return slept


async def sign_in(
    world: World, *, wait: float = 600, step_up: StepUp | None = None
) -> tuple[Tokens, list[tuple[str, str]]]:
    invited: list[tuple[str, str]] = []
    document = await get(f"{world.url}/.well-known/openid-configuration", None)
    client = ProviderClient(
        issuer=world.url,
        document=document,
        client_id="cli",
        scope="openid",
        redirect_uri="http://127.0.0.1/callback",
        step_up=step_up,
    )
    flow = DeviceFlow(invite=lambda page, code: invited.append((page, code)), wait=wait)
    return await flow.sign_in(client), invited


async def test_somebody_signs_in_elsewhere(world: World, slept: list[float]) -> None:
    world.polls = [PENDING, {"error": "slow_down"}, PENDING]
    world.device = {"interval": 5}
    tokens, invited = await sign_in(world, step_up=StepUp(max_age=60))
    assert invited == [(f"{world.url}/device", "AB-CD")]
    assert world.asked == [{"client_id": "cli", "scope": "openid", "max_age": "60"}]
    assert slept == [5, 5, 10, 10]
    assert (tokens.access_token, tokens.nonce_verifier) == ("at-1", None)
    assert world.tokens_asked[0]["grant_type"] == "urn:ietf:params:oauth:grant-type:device_code"


async def test_a_page_that_knows_the_code_is_shown_instead(world: World, slept: list[float]) -> None:
    world.device = {"verification_uri_complete": f"{world.url}/device?code=AB-CD"}
    _, invited = await sign_in(world)
    assert invited[0][0].endswith("?code=AB-CD")
    assert slept == [1]


@pytest.mark.parametrize(
    ("polls", "said"),
    [
        ([{"error": "access_denied"}], "denied at the provider"),
        ([PENDING, {"error": "expired_token"}], "within the time that the provider gives"),
        ([{"error": "invalid_client", "error_description": "who?"}], r"the provider says: who\?"),
        ([PENDING] * 60, "within the time that there was"),
    ],
)
async def test_how_it_ends_without_anybody(
    world: World, slept: list[float], polls: list[dict[str, str]], said: str
) -> None:
    world.polls = list(polls)
    with pytest.raises(SignInError, match=said):
        await sign_in(world)


async def test_the_person_is_not_waited_for_longer_than_was_asked(world: World, slept: list[float]) -> None:
    world.polls = [PENDING] * 9
    world.device = {"interval": 2}
    with pytest.raises(SignInError, match="within the time"):
        await sign_in(world, wait=3)
    assert slept == [2, 1]


@pytest.mark.parametrize(
    ("device", "said"),
    [
        ({"device_code": REMOVE}, "lacks device_code"),
        ({"user_code": 7}, "lacks user_code"),
        ({"verification_uri": REMOVE}, "lacks verification_uri"),
        ({"interval": "soon"}, "interval is no number"),
        ({"expires_in": True}, "expires_in is no number"),
        ({"error": "unauthorized_client"}, "the provider says: unauthorized_client"),
    ],
)
async def test_answers_that_begin_nothing(
    world: World, slept: list[float], device: dict[str, object], said: str
) -> None:
    world.device = device
    with pytest.raises(SignInError, match=said):
        await sign_in(world)


async def test_a_provider_without_it(world: World) -> None:
    world.document = {"device_authorization_endpoint": REMOVE}
    with pytest.raises(SignInError, match="have it enabled"):
        await sign_in(world)
