"""Access tokens: what they say, and everything that does not count as one."""

import json
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from passgate.core.errors import TokenRefusedError
from passgate.core.principal import Principal, PrincipalKind
from passgate.identity.admission import TokenAlone
from passgate.identity.issuer.access_tokens import AccessTokenIssuer
from passgate.identity.issuer.issuer import identity_of
from passgate.identity.oidc.token import Identity
from passgate.pipeline.issuing import OWN_CLIENT, Tokens
from tests.unit.identity.issuer.house import API, URL, House


def claims_of(token: str) -> dict[str, Any]:
    part = token.split(".")[1]
    claims = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert isinstance(claims, dict)
    return claims


async def for_api(house: House) -> Tokens:
    return await house.issuer.exchange_for_api(house.token(), client_id=OWN_CLIENT)


async def for_claude(house: House, **more: object) -> Tokens:
    return await house.issuer.exchange(house.request(**more), client_id=OWN_CLIENT)


async def test_a_persons_token_for_the_control_api(house: House) -> None:
    tokens = await for_api(house)
    header = json.loads(urlsafe_b64decode(tokens.access_token.split(".")[0] + "=="))
    assert header == {"typ": "at+jwt", "alg": "ES256", "kid": house.keys.signer().kid}
    claims = claims_of(tokens.access_token)
    assert set(claims) == {"iss", "aud", "client_id", "iat", "exp", "jti", "sid", "sub"}
    assert (claims["iss"], claims["aud"], claims["sub"]) == (URL, [API], "human:ada@example.com")
    assert claims["exp"] - claims["iat"] == 3600
    found = await house.access.verify(tokens.access_token, audience=API)
    assert (found.id, found.pass_id, found.scope, found.audience) == (claims["jti"], None, frozenset(), API)
    assert found.principal.groups == {"eng", "dba"}
    assert found.issued == house.clock.time
    assert found.expires == house.clock.time + timedelta(hours=1)
    assert tokens.access_token not in repr(tokens)


async def test_a_token_that_stands_for_a_pass_names_the_chain(house: House) -> None:
    tokens = await for_claude(house, agent="reporter")
    claims = claims_of(tokens.access_token)
    assert claims["aud"] == [URL, f"{URL}/claude"]
    assert (claims["sub"], claims["act"]) == ("human:ada@example.com", {"sub": "agent:reporter"})
    assert (claims["pass"], claims["scope"]) == (tokens.pass_id, "read")
    for audience in claims["aud"]:
        found = await house.access.verify(tokens.access_token, audience=audience)
        assert str(found.principal) == "agent:reporter"
        assert str(found.principal.on_behalf_of) == "human:ada@example.com"
        assert (found.pass_id, found.scope) == (tokens.pass_id, {"read"})
    for other in (API, f"{URL}/docs", f"{URL}/", "https://other.example.com"):
        with pytest.raises(TokenRefusedError, match="something else"):
            await house.access.verify(tokens.access_token, audience=other)


async def test_a_longer_chain_nests_those_who_acted_before(house: House) -> None:
    tokens = await for_claude(house)
    pass_ = house.registry.find(tokens.pass_id or "")
    authorization = house.access.authorization(tokens.access_token)
    assert pass_ is not None
    assert authorization is not None
    human = Principal(kind=PrincipalKind.HUMAN, subject="ada@example.com")
    agent = Principal(kind=PrincipalKind.AGENT, subject="planner", on_behalf_of=human)
    helper = replace(pass_, principal=Principal(kind=PrincipalKind.AGENT, subject="helper", on_behalf_of=agent))
    claims = claims_of(house.access.mint(authorization, audience=[URL], pass_=helper).token)
    assert claims["sub"] == "human:ada@example.com"
    assert claims["act"] == {"sub": "agent:helper", "act": {"sub": "agent:planner"}}


async def test_a_token_ends_with_its_pass_and_never_later_than_an_hour(house: House) -> None:
    tokens = await for_claude(house, ttl=timedelta(minutes=5))
    assert tokens.expires == house.clock.time + timedelta(minutes=5)
    house.clock.advance(299)
    await house.access.verify(tokens.access_token, audience=URL)
    house.clock.advance(1)
    with pytest.raises(TokenRefusedError, match="expired"):
        await house.access.verify(tokens.access_token, audience=URL)
    long = AccessTokenIssuer(
        url=URL,
        keys=house.keys,
        authorizations=house.authorizations,
        find=house.registry.find,
        lifetime=timedelta(days=1),
        now=house.clock.now,
    )
    authorization = house.access.authorization((await for_api(house)).access_token)
    assert authorization is not None
    minted = long.mint(authorization, audience=[API], pass_=None)
    assert minted.expires - house.clock.time == timedelta(hours=1)
    assert minted.token not in repr(minted)


async def test_with_the_pass_the_token_is_revoked(house: House) -> None:
    tokens = await for_claude(house)
    house.registry.revoke(tokens.pass_id or "", actor="operator")
    with pytest.raises(TokenRefusedError, match="was revoked"):
        await house.access.verify(tokens.access_token, audience=URL)


async def test_with_the_authorization_the_token_is_revoked(house: House) -> None:
    tokens = await for_api(house)
    house.authorizations.revoke(claims_of(tokens.access_token)["sid"], at=house.clock.time)
    with pytest.raises(TokenRefusedError, match="sign in again"):
        await house.access.verify(tokens.access_token, audience=API)


async def test_who_has_left_may_do_nothing_any_more(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = await for_api(house)

    class Left(TokenAlone):
        def admit(self, identity: Identity) -> Identity:
            raise TokenRefusedError("this person is not active")

    monkeypatch.setattr(house.exchange, "_admission", Left())
    access = AccessTokenIssuer(
        url=URL,
        keys=house.keys,
        authorizations=house.authorizations,
        find=house.registry.find,
        admit=lambda authorization: house.exchange.admit(identity_of(authorization)).principal,
        now=house.clock.now,
    )
    with pytest.raises(TokenRefusedError, match="not active"):
        await access.verify(tokens.access_token, audience=API)
    assert tokens.refresh_token is not None
    with pytest.raises(TokenRefusedError, match="not active"):
        await house.issuer.refresh(tokens.refresh_token, client_id=OWN_CLIENT)


async def test_groups_are_those_of_the_moment_and_not_of_the_sign_in(house: House) -> None:
    """A sign-in lasts for hours, and roles at the control API hang on groups: what the directory has taken away is gone at once."""
    tokens = await for_api(house)
    access = AccessTokenIssuer(
        url=URL,
        keys=house.keys,
        authorizations=house.authorizations,
        find=house.registry.find,
        admit=lambda authorization: replace(authorization.principal, groups=frozenset({"now"})),
        now=house.clock.now,
    )
    assert (await access.verify(tokens.access_token, audience=API)).principal.groups == {"now"}


def forged(house: House, claims: Mapping[str, Any], *, key: Any = None, **header: Any) -> str:
    """A token with these claims; signed by the gate's own key unless another one is named."""
    signer = house.keys.signer()
    key = key or signer
    names = {"alg": "ES256", "typ": "at+jwt", "kid": signer.kid, **header}
    algorithm = names["alg"]
    return jwt.encode(names, dict(claims), key, algorithms=[algorithm], default_type=None)


BAD: dict[str, dict[str, Any]] = {
    "of another issuer": {"iss": "https://evil.example.com"},
    "for nobody": {"aud": None},
    "for somebody else": {"aud": ["https://evil.example.com"]},
    "without an authorization": {"sid": None},
    "of an unknown authorization": {"sid": "made-up"},
    "for an unknown pass": {"pass": "pg_0000000000000000"},
    "for no pass": {"pass": None},
    "without an expiry": {"exp": None},
    "with an expiry that is a text": {"exp": "tomorrow"},
    "with an expiry that is true": {"exp": True},
    "without an identifier": {"jti": None},
    "without a scope": {"scope": None},
}


@pytest.mark.parametrize("name", BAD)
async def test_a_token_must_say_everything(house: House, name: str) -> None:
    tokens = await for_claude(house)
    claims = {k: v for k, v in {**claims_of(tokens.access_token), **BAD[name]}.items() if v is not None}
    with pytest.raises(TokenRefusedError):
        await house.access.verify(forged(house, claims), audience=URL)
    whole = claims_of(tokens.access_token)
    assert (await house.access.verify(forged(house, whole), audience=URL)).pass_id == tokens.pass_id


async def test_a_token_for_another_ones_pass_is_refused(house: House) -> None:
    mine, other = await for_claude(house), await for_claude(house, token=house.token(jti="2"))
    with pytest.raises(TokenRefusedError, match="not there"):
        await house.access.verify(forged(house, {**claims_of(mine.access_token), "pass": other.pass_id}), audience=URL)


async def test_no_signature_but_the_gates_own_counts(house: House) -> None:
    tokens = await for_api(house)
    claims = claims_of(tokens.access_token)
    stranger = ECKey.generate_key("P-256", private=True)
    public = json.dumps(house.keys.signer().as_dict(private=False))
    head, body, signature = tokens.access_token.split(".")
    bad = [
        forged(house, claims, key=stranger),
        forged(house, claims, key=stranger, kid="another"),
        forged(house, claims, key=OctKey.import_key(public), alg="HS256"),
        forged(house, claims, typ="JWT"),
        forged(house, claims, typ="id_token"),
        house.idp.token(claims, typ="at+jwt"),
        f"{head}.{body}.",
        f"eyJhbGciOiJub25lIiwidHlwIjoiYXQrand0In0.{body}.",
        f"{head}.{body}.{signature[:-4]}AAAA",
        "a.b.c",
        "x" * 20_000,
        "",
    ]
    for token in bad:
        with pytest.raises(TokenRefusedError) as caught:
            await house.access.verify(token, audience=API)
        assert body[:20] not in str(caught.value)
    assert (await house.access.verify(forged(house, claims, typ="application/at+JWT"), audience=API)).id == claims[
        "jti"
    ]


async def test_the_times_are_whole_seconds(house: House) -> None:
    house.clock.time = datetime(2026, 3, 1, 12, 0, 0, 999_999, tzinfo=UTC)
    tokens = await for_api(house)
    assert tokens.expires == datetime(2026, 3, 1, 13, 0, 0, tzinfo=UTC)
