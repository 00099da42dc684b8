"""Keys that are read, read again, and taken away."""

import asyncio

import pytest
from joserfc.jwk import RSAKey

from passgate.core.errors import IssuerUnavailableError
from passgate.identity.oidc.keys import AGAIN_SECONDS, FRESH_SECONDS, GRACE_SECONDS, IssuerKeys
from tests.unit.identity.oidc.issuer import ISSUER, Issuer


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def keys(issuer: Issuer, clock: Clock) -> IssuerKeys:
    return IssuerKeys(ISSUER, issuer.fetch, clock=clock)


async def test_they_are_read_once_for_all_who_need_them(issuer: Issuer, keys: IssuerKeys) -> None:
    await asyncio.gather(*(keys.get("k1") for _ in range(5)))
    assert issuer.fetched == [f"{ISSUER}/.well-known/openid-configuration", f"{ISSUER}/keys"]


async def test_a_new_key_is_found_and_a_withdrawn_one_forgotten(issuer: Issuer, keys: IssuerKeys, clock: Clock) -> None:
    await keys.get("k1")
    issuer.keys = [RSAKey.generate_key(2048, {"kid": "k2"}, private=True)]
    clock.now += AGAIN_SECONDS
    assert {key.kid for key in await keys.get("k2")} == {"k2"}
    issuer.keys = [RSAKey.generate_key(2048, {"kid": "k3"}, private=True)]
    clock.now += FRESH_SECONDS + 1
    assert {key.kid for key in await keys.get("k2")} == {"k3"}


async def test_made_up_key_names_do_not_make_us_ask_again_and_again(issuer: Issuer, keys: IssuerKeys) -> None:
    await keys.get("k1")
    asked = len(issuer.fetched)
    for number in range(20):
        await keys.get(f"made-up-{number}")
    assert len(issuer.fetched) == asked


async def test_an_issuer_that_is_down_is_waited_for_within_the_grace(
    issuer: Issuer, keys: IssuerKeys, clock: Clock
) -> None:
    await keys.get("k1")
    issuer.down = True
    clock.now += GRACE_SECONDS
    await keys.get("k1")
    clock.now += 1
    with pytest.raises(IssuerUnavailableError):
        await keys.get("k1")


async def test_an_issuer_never_heard_of_lets_nobody_in(issuer: Issuer, keys: IssuerKeys) -> None:
    issuer.down = True
    with pytest.raises(IssuerUnavailableError):
        await keys.get("k1")
    with pytest.raises(IssuerUnavailableError):
        await keys.get("k1")


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example.com"},
        {"issuer": None},
        {"jwks_uri": "http://idp.example.com/keys"},
        {"jwks_uri": None},
        {"jwks_uri": "file:///etc/passwd"},
    ],
)
async def test_a_discovery_document_that_cannot_be_trusted(
    issuer: Issuer, keys: IssuerKeys, document: dict[str, object]
) -> None:
    issuer.discovery = document
    with pytest.raises(IssuerUnavailableError):
        await keys.get("k1")
