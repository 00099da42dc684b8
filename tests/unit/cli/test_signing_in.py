"""From the gate's metadata to a pass: which provider, which way, and what goes along."""

from collections.abc import AsyncIterator

import pytest

from passgate.cli.browser_flow import BrowserFlow
from passgate.cli.device_flow import DeviceFlow
from passgate.cli.provider_client import StepUp, Tokens
from passgate.cli.signing_in import Gate, StepUpNeededError
from passgate.core.errors import SignInError
from tests.unit.cli.provider import REMOVE, World, s256

ASKED = {"audience": ["shop", "docs"], "scope": ["read"], "purpose": ["why"]}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    async with World.running() as world:
        yield world


def browser(world: World) -> BrowserFlow:
    return BrowserFlow(show=world.browse, wait=5)


async def test_a_browsers_sign_in_becomes_a_pass_and_only_what_is_wanted_goes_along(world: World) -> None:
    gate = Gate(url=world.url)
    tokens = await gate.sign_in(None, [browser(world)])
    answer = await gate.exchange(tokens, ASKED)
    assert answer["access_token"] == "pg_1.pgs_1"
    (form,) = world.exchanged
    assert form["subject_token"] == [tokens.id_token]
    assert form["audience"] == ["shop", "docs"]
    assert s256(form["nonce_verifier"][0]) == world.asked[0]["nonce"]
    assert "subject_access_token" not in form
    assert "subject_refresh_token" not in form
    assert world.asked[0]["scope"] == "openid groups"


async def test_the_access_token_goes_along_where_groups_are_read_with_it(world: World) -> None:
    world.sign_in = {"access_token": True}
    gate = Gate(url=world.url)
    await gate.exchange(await gate.sign_in(None, [browser(world)]), ASKED)
    assert world.exchanged[0]["subject_access_token"] == ["at-1"]


async def test_the_refresh_token_goes_along_where_people_are_checked_again(world: World) -> None:
    world.metadata = {"passgate_recheck": True}
    gate = Gate(url=world.url)
    await gate.exchange(await gate.sign_in(None, [browser(world)]), ASKED)
    assert world.exchanged[0]["subject_refresh_token"] == ["rt-1"]
    assert world.asked[0]["scope"] == "openid groups offline_access"
    world.sign_in = {"scopes": ["openid", "offline_access"], "prompt": "login"}
    await gate.sign_in(None, [browser(world)])
    assert (world.asked[1]["scope"], world.asked[1]["prompt"]) == ("openid offline_access", "login")


async def test_the_first_way_that_the_provider_has_is_taken(world: World) -> None:
    invited: list[str] = []
    device = DeviceFlow(invite=lambda page, _code: invited.append(page), wait=5)
    gate = Gate(url=world.url)
    assert (await gate.sign_in(None, [browser(world), device])).nonce_verifier is not None
    world.document = {"authorization_endpoint": REMOVE}
    assert (await gate.sign_in(None, [browser(world), device])).nonce_verifier is None
    assert len(invited) == 1
    with pytest.raises(SignInError, match="offers no such way"):
        await gate.sign_in(None, [browser(world)])


async def test_a_redirect_uri_that_is_not_on_this_machine_is_not_used(world: World) -> None:
    world.sign_in = {"redirect_uri": "http://evil.example.com/callback"}
    with pytest.raises(SignInError, match="redirect URI on this machine"):
        await Gate(url=world.url).sign_in(None, [browser(world)])
    assert world.pages == []


@pytest.mark.parametrize(
    ("refusal", "step_up"),
    [
        ({"acr_values": "phr mfa", "max_age": 0}, StepUp(acr_values=("phr", "mfa"), max_age=0)),
        ({}, StepUp()),
        ({"acr_values": 7, "max_age": True}, StepUp()),
        ({"max_age": -1}, StepUp()),
    ],
)
async def test_what_the_gate_asks_for_is_understood(world: World, refusal: dict[str, object], step_up: StepUp) -> None:
    world.refusals = [{"error": "insufficient_user_authentication", "error_description": "stronger", **refusal}]
    with pytest.raises(StepUpNeededError, match="the gate says: stronger") as needed:
        await Gate(url=world.url).exchange(Tokens(id_token="t"), ASKED)
    assert needed.value.step_up == step_up


async def test_other_refusals_are_told_as_they_are(world: World) -> None:
    world.refusals = [{"error": "invalid_scope"}]
    with pytest.raises(SignInError, match="the gate says: invalid_scope"):
        await Gate(url=world.url).exchange(Tokens(id_token="t"), ASKED)


TWO = [{"name": "a", "issuer": "x"}, {"name": "b", "issuer": "y"}]


@pytest.mark.parametrize(
    ("metadata", "wanted", "said"),
    [
        ({"passgate_sign_in": REMOVE}, None, "names no provider"),
        ({"passgate_sign_in": "company"}, None, "names no provider"),
        ({"passgate_sign_in": []}, None, "names no provider"),
        ({"passgate_sign_in": TWO}, None, r"choose one with --provider \(a, b\)"),
        ({"passgate_sign_in": TWO}, "c", "no provider 'c'; there are a, b"),
        ({"passgate_sign_in": [{"name": "a"}]}, "a", "lacks issuer"),
    ],
)
async def test_which_provider(world: World, metadata: dict[str, object], wanted: str | None, said: str) -> None:
    world.metadata = metadata
    with pytest.raises(SignInError, match=said):
        await Gate(url=world.url).sign_in(wanted, [browser(world)])


async def test_a_discovery_document_of_another_issuer(world: World) -> None:
    world.document = {"issuer": "https://evil.example.com"}
    with pytest.raises(SignInError, match="another issuer's"):
        await Gate(url=world.url).sign_in(None, [browser(world)])


async def test_scopes_that_are_no_list(world: World) -> None:
    world.sign_in = {"scopes": "openid"}
    await Gate(url=world.url).sign_in(None, [browser(world)])
    assert world.asked[0]["scope"] == "openid"
