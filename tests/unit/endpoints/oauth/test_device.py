"""Devices that begin, and people who type their codes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient

from passgate.core.errors import IssuerUnavailableError, OAuthError, PassgateError, StoreError
from passgate.endpoints.oauth import DEVICE_AUTHORIZATION_PATH, DEVICE_PATH
from passgate.endpoints.oauth.browser import Browsers
from passgate.endpoints.oauth.device import DeviceEndpoint
from tests.unit.endpoints.oauth.fakes import URL, OneSignIn, Pace, serving


@asynccontextmanager
async def door(
    sign_in: OneSignIn, *, begun: Pace | None = None, guesses: Pace | None = None
) -> AsyncIterator["TestClient[web.BaseRequest, None]"]:
    endpoint = DeviceEndpoint(
        sign_in, url=URL, browsers=Browsers(URL), begun=begun or Pace(), guesses=guesses or Pace()
    )
    async with serving(endpoint.serve) as client:
        yield client


async def test_a_device_begins() -> None:
    people, begun = OneSignIn(), Pace()
    async with door(people, begun=begun) as client:
        form = {"client_id": "editor", "scope": "read", "resource": f"{URL}/claude"}
        async with client.post(DEVICE_AUTHORIZATION_PATH, data=form) as answer:
            assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")
            said = await answer.json()
    assert said == {
        "device_code": "dev1ce",
        "user_code": "BBBB-CCCC",
        "verification_uri": f"{URL}/device",
        "verification_uri_complete": f"{URL}/device?user_code=BBBB-CCCC",
        "expires_in": 600,
        "interval": 5,
    }
    assert people.asked == [("begin_device", "editor", "read", (f"{URL}/claude",))]
    assert begun.failures == ["127.0.0.1"]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (OAuthError("invalid_client", "not known"), 401, "invalid_client"),
        (OAuthError("invalid_scope", "no"), 400, "invalid_scope"),
        (StoreError("/var/lib/x"), 503, "temporarily_unavailable"),
    ],
)
async def test_what_a_device_is_refused(error: PassgateError, status: int, code: str) -> None:
    async with (
        door(OneSignIn(error=error)) as client,
        client.post(DEVICE_AUTHORIZATION_PATH, data={"client_id": "x"}) as answer,
    ):
        said = await answer.json()
        assert (answer.status, said["error"]) == (status, code)
        assert "/var" not in str(said)


async def test_what_is_no_beginning() -> None:
    people = OneSignIn()
    async with door(people) as client:
        async with client.post(DEVICE_AUTHORIZATION_PATH, data={"scope": "read"}) as answer:
            assert answer.status == 400
        async with client.get(DEVICE_AUTHORIZATION_PATH) as answer:
            assert answer.status == 405
        async with client.get("/other") as answer:
            assert answer.status == 404
    async with (
        door(people, begun=Pace(open=False)) as client,
        client.post(DEVICE_AUTHORIZATION_PATH, data={"client_id": "x"}) as answer,
    ):
        assert answer.status == 429
    assert people.asked == []


async def test_a_code_is_typed_in_or_is_there_already() -> None:
    people = OneSignIn()
    async with door(people) as client:
        async with client.get(DEVICE_PATH, params={"user_code": 'BB"><script>'}) as answer:
            page = await answer.text()
            assert 'value="BB&quot;&gt;&lt;script&gt;"' in page
            assert answer.headers["X-Frame-Options"] == "DENY"
        headers = {"Origin": URL}
        async with client.post(
            DEVICE_PATH, data={"user_code": "BBBB-CCCC"}, headers=headers, allow_redirects=False
        ) as answer:
            assert (answer.status, answer.headers["Location"]) == (303, people.next)
            assert people.browsers[0] in answer.headers["Set-Cookie"]
    assert people.asked == [("enter_code", "BBBB-CCCC")]


async def test_who_guesses_codes_is_slowed_down() -> None:
    guesses = Pace()
    people = OneSignIn(error=OAuthError("invalid_grant", "no device waits with this code"))
    async with door(people, guesses=guesses) as client:
        async with client.post(DEVICE_PATH, data={"user_code": "BBBB-CCCC"}) as answer:
            assert answer.status == 400
            assert "no device waits" in await answer.text()
        assert guesses.failures == ["127.0.0.1"]
        guesses.open = False
        async with client.post(DEVICE_PATH, data={"user_code": "BBBB-CCCC"}) as answer:
            assert answer.status == 429
        assert len(people.asked) == 1


async def test_another_sites_form_enters_nothing_and_a_provider_may_be_down() -> None:
    people = OneSignIn(error=IssuerUnavailableError())
    async with door(people) as client:
        data = {"user_code": "BBBB-CCCC"}
        async with client.post(DEVICE_PATH, data=data, headers={"Origin": "https://evil.example"}) as answer:
            assert answer.status == 403
        assert people.asked == []
        async with client.post(DEVICE_PATH, data=data) as answer:
            assert answer.status == 503
