"""Authorizations: opened, refreshed, revoked; and what a stolen refresh token comes to."""

import asyncio
from datetime import timedelta

import pytest

from passgate.core.errors import (
    LedgerUnavailableError,
    OAuthError,
    PassRequestError,
    StoreError,
    TokenRefusedError,
)
from passgate.core.passes import PassState
from passgate.identity.issuer.issuer import REMEMBERED, Issuer
from passgate.pipeline.issuing import OWN_CLIENT, Tokens
from tests.unit.identity.issuer.house import API, URL, House


async def signed_in(house: House, **more: object) -> Tokens:
    """As a browser's or a device's sign-in ends."""
    presented = await house.exchange.identify(house.token(jti=str(len(house.recorder.events))))
    authorization = house.issuer.open(presented.identity, client_id="editor", request=house.request(**more))
    return await house.issuer.tokens(authorization)


def state(house: House, tokens: Tokens) -> PassState:
    pass_ = house.registry.find(tokens.pass_id or "")
    assert pass_ is not None
    return pass_.state(house.clock.time)


async def refused(house: House, token: str | None, client_id: str = "editor") -> str:
    with pytest.raises(OAuthError) as caught:
        await house.issuer.refresh(token or "", client_id=client_id)
    assert caught.value.code == "invalid_grant"
    return str(caught.value)


# -- exchange ----------------------------------------------------------------------------------------------------------


async def test_a_providers_token_buys_one_token(house: House) -> None:
    token = house.token()
    await house.issuer.exchange_for_api(token, client_id=OWN_CLIENT)
    with pytest.raises(TokenRefusedError, match="used before"):
        await house.issuer.exchange_for_api(token, client_id=OWN_CLIENT)
    with pytest.raises(TokenRefusedError, match="used before"):
        await house.issuer.exchange(house.request(token=token), client_id=OWN_CLIENT)


async def test_an_exchange_is_bound_by_grants_and_recorded(house: House) -> None:
    tokens = await house.issuer.exchange(house.request(), client_id=OWN_CLIENT)
    assert tokens.refresh_token is None
    (event,) = house.recorder.events
    assert event.type.value == "token.issued"
    assert (event.actor, event.detail["pass_id"]) == ("human:ada@example.com", tokens.pass_id)
    assert tokens.access_token not in str(event.detail)
    with pytest.raises(PassRequestError, match="may not ask"):
        await house.issuer.exchange(house.request(token=house.token(groups=[], jti="3")), client_id=OWN_CLIENT)


async def test_what_cannot_be_recorded_is_not_given(house: House) -> None:
    house.recorder.full = True
    with pytest.raises(LedgerUnavailableError):
        await house.issuer.exchange_for_api(house.token(), client_id=OWN_CLIENT)


async def test_the_control_api_is_for_people(house: House) -> None:
    with pytest.raises(OAuthError, match="for people") as caught:
        await house.issuer.exchange_for_api(house.token(house.robots), client_id=OWN_CLIENT)
    assert caught.value.code == "invalid_target"


# -- refresh -----------------------------------------------------------------------------------------------------------


async def test_a_refresh_token_is_good_once_and_brings_the_next(house: House) -> None:
    first = await signed_in(house)
    house.clock.advance(60)
    second = await house.issuer.refresh(first.refresh_token or "", client_id="editor")
    assert second.pass_id == first.pass_id
    assert second.refresh_token != first.refresh_token
    third = await house.issuer.refresh(second.refresh_token or "", client_id="editor")
    assert (await house.access.verify(third.access_token, audience=URL)).pass_id == first.pass_id
    for tokens in (first, second, third):
        assert (tokens.refresh_token or "") not in repr(tokens)


async def test_a_refresh_token_used_twice_ends_everything_of_its_sign_in(house: House) -> None:
    first = await signed_in(house)
    second = await house.issuer.refresh(first.refresh_token or "", client_id="editor")
    assert "used before" in await refused(house, first.refresh_token)
    assert state(house, first) is PassState.REVOKED
    with pytest.raises(TokenRefusedError):
        await house.access.verify(second.access_token, audience=URL)
    assert "has ended" in await refused(house, second.refresh_token)
    assert [event.type.value for event in house.recorder.events][-2:] == ["token.revoked", "token.reused"]


async def test_of_two_at_once_one_is_a_thief(house: House) -> None:
    first = await signed_in(house)
    token = first.refresh_token or ""
    results = await asyncio.gather(
        *(house.issuer.refresh(token, client_id="editor") for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(result).__name__ for result in results) == ["OAuthError", "Tokens"]
    assert state(house, first) is PassState.REVOKED


async def test_a_thief_is_stopped_even_if_nothing_can_be_recorded(house: House) -> None:
    first = await signed_in(house)
    await house.issuer.refresh(first.refresh_token or "", client_id="editor")
    house.recorder.full = True
    with pytest.raises(LedgerUnavailableError):
        await house.issuer.refresh(first.refresh_token or "", client_id="editor")
    assert state(house, first) is PassState.REVOKED


async def test_another_clients_or_a_made_up_refresh_token(house: House) -> None:
    first = await signed_in(house)
    assert "no such" in await refused(house, first.refresh_token, client_id="other")
    assert "no such" in await refused(house, "pgr_made_up")
    assert "no such" in await refused(house, "\ud800")
    await house.issuer.refresh(first.refresh_token or "", client_id="editor")  # nobody has used it up


async def test_a_pass_that_is_about_to_end_is_followed_by_another_as_if_asked_for_now(house: House) -> None:
    first = await signed_in(house)
    house.clock.advance(45 * 60)
    second = await house.issuer.refresh(first.refresh_token or "", client_id="editor")
    assert second.pass_id != first.pass_id
    assert second.expires == house.clock.time + timedelta(hours=1)
    assert state(house, first) is PassState.LIVE  # what is under way may end by itself
    await house.issuer.revoke(second.access_token, client_id=None)
    assert (state(house, first), state(house, second)) == (PassState.REVOKED, PassState.REVOKED)


async def test_who_may_no_longer_ask_gets_no_further_pass(house: House) -> None:
    first = await signed_in(house)
    house.grants.clear()
    house.clock.advance(45 * 60)
    with pytest.raises(PassRequestError, match="may not ask"):
        await house.issuer.refresh(first.refresh_token or "", client_id="editor")


async def test_an_operator_who_revokes_the_pass_ends_the_refreshing(house: House) -> None:
    first = await signed_in(house)
    house.registry.revoke(first.pass_id or "", actor="operator")
    assert "was revoked" in await refused(house, first.refresh_token)


async def test_a_session_ends(house: House) -> None:
    tokens = await house.issuer.exchange_for_api(house.token(), client_id=OWN_CLIENT)
    for _ in range(11):
        house.clock.advance(3600)
        tokens = await house.issuer.refresh(tokens.refresh_token or "", client_id=OWN_CLIENT)
    house.clock.advance(1800)
    tokens = await house.issuer.refresh(tokens.refresh_token or "", client_id=OWN_CLIENT)
    assert tokens.expires - house.clock.time == timedelta(minutes=30)
    assert (await house.access.verify(tokens.access_token, audience=API)).pass_id is None
    house.clock.advance(1800)
    assert "has ended" in await refused(house, tokens.refresh_token, OWN_CLIENT)


# -- the end -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
async def test_either_token_given_back_ends_both_and_the_pass(house: House, which: str) -> None:
    tokens = await signed_in(house)
    await house.issuer.revoke(getattr(tokens, which), client_id="editor")
    assert state(house, tokens) is PassState.REVOKED
    assert "has ended" in await refused(house, tokens.refresh_token)
    with pytest.raises(TokenRefusedError):
        await house.access.verify(tokens.access_token, audience=URL)
    recorded = len(house.recorder.events)
    await house.issuer.revoke(getattr(tokens, which), client_id="editor")
    assert len(house.recorder.events) == recorded  # the second time changes nothing


async def test_another_client_revokes_nothing_and_rubbish_is_as_good_as_revoked(house: House) -> None:
    tokens = await signed_in(house)
    with pytest.raises(OAuthError, match="another client's"):
        await house.issuer.revoke(tokens.refresh_token or "", client_id="other")
    for rubbish in ("", "pgr_x", "a.b.c", house.token()):
        await house.issuer.revoke(rubbish, client_id=None)
    assert state(house, tokens) is PassState.LIVE


async def test_a_pass_made_while_its_sign_in_is_revoked_is_revoked_too(house: House) -> None:
    presented = await house.exchange.identify(house.token())
    authorization = house.issuer.open(presented.identity, client_id="editor", request=house.request())
    house.authorizations.revoke(authorization.id, at=house.clock.time)
    with pytest.raises(OAuthError, match="has ended"):
        await house.issuer.tokens(authorization)
    (pass_,) = house.registry.list(live_only=False)
    assert pass_.state(house.clock.time) is PassState.REVOKED


async def test_what_ended_long_ago_is_forgotten(house: House) -> None:
    first = await signed_in(house)
    house.clock.advance((house.session + REMEMBERED).total_seconds() + 1)
    await signed_in(house)
    assert house.live_authorizations()[0].client_id == "editor"
    assert "no such" in await refused(house, first.refresh_token)


async def test_a_store_that_is_down_gives_nothing(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = await signed_in(house)

    def down(_id: str) -> None:
        raise StoreError

    monkeypatch.setattr(house.authorizations, "find", down)
    with pytest.raises(StoreError):
        await house.access.verify(tokens.access_token, audience=URL)
    with pytest.raises(StoreError):
        await house.issuer.refresh(tokens.refresh_token or "", client_id="editor")


async def test_what_it_says_of_itself(house: House) -> None:
    issuer: Issuer = house.issuer
    assert (issuer.url, tuple(issuer.resources)) == (URL, ("claude", "docs"))
    assert issuer.key_set() == house.keys.published()
