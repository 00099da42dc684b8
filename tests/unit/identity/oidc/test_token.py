"""What a token must be to be believed; each way of being something else is refused."""

import base64
import hmac
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc.jwk import ECKey, RSAKey

from passgate.core.errors import TokenRefusedError
from passgate.core.principal import PrincipalKind
from passgate.identity.oidc.fetching import HttpsFetch
from passgate.identity.oidc.keys import IssuerKeys
from passgate.identity.oidc.provider import Provider
from passgate.identity.oidc.token import MAX_BYTES, Evidence, Verifier, peek
from passgate.identity.oidc.userinfo import UserInfo
from tests.unit.identity.oidc.issuer import ISSUER, NOW, Issuer

PROVIDER = Provider(name="idp", issuer=ISSUER, audiences=frozenset({"passgate"}), subject="email")
SECONDS = int(NOW.timestamp())


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


def verifier(issuer: Issuer, provider: Provider = PROVIDER) -> Verifier:
    return Verifier(provider, IssuerKeys(issuer.issuer, issuer.fetch), now=lambda: NOW)


async def test_a_good_token_says_who_with_which_groups_until_when(issuer: Issuer) -> None:
    found = await verifier(issuer).verify(issuer.token(issuer.claims(acr="mfa")))
    assert (found.principal.kind, found.principal.subject) == (PrincipalKind.HUMAN, "ada@example.com")
    assert found.principal.groups == {"eng", "dba"}
    assert found.principal.claims["acr"] == "mfa"
    assert found.expires == NOW + timedelta(seconds=300)
    assert found.provider == "idp"


async def test_an_agents_token_names_the_human_it_acts_for(issuer: Issuer) -> None:
    provider = replace(PROVIDER, kind=PrincipalKind.AGENT, subject="sub", owner="ada@example.com")
    found = await verifier(issuer, provider).verify(issuer.token())
    assert str(found.principal) == "agent:u1"
    assert str(found.principal.on_behalf_of) == "human:ada@example.com"


BAD: dict[str, tuple[dict[str, object], str]] = {
    "another issuer": ({"iss": "https://evil.example.com"}, "another issuer's"),
    "an issuer with a slash more": ({"iss": ISSUER + "/"}, "another issuer's"),
    "another audience": ({"aud": "other"}, "somebody else"),
    "no audience": ({"aud": None}, "somebody else"),
    "an audience that is no text": ({"aud": 7}, "somebody else"),
    "several audiences without a party": ({"aud": ["passgate", "other"]}, "for several"),
    "several audiences and another party": ({"aud": ["passgate", "other"], "azp": "other"}, "for several"),
    "expired": ({"exp": SECONDS - 31}, "has expired"),
    "no expiry": ({"exp": None}, "does not say when"),
    "an expiry that is a text": ({"exp": "tomorrow"}, "not a time"),
    "an expiry that is true": ({"exp": True}, "not a time"),
    "an expiry beyond all time": ({"exp": 1e300}, "not a time"),
    "an expiry at the end of all time": ({"exp": 253402300799}, "not a time"),  # a moment later there is none
    "not valid before the end of all time": ({"nbf": 253402300799}, "not a time"),
    "issued before all time": ({"iat": -62135596800}, "not a time"),
    "a logout": ({"events": {"http://schemas.openid.net/event/backchannel-logout": {}}, "jti": "l1"}, "another kind"),
    "an event": ({"events": {}}, "another kind"),
    "no issue time": ({"iat": None}, "does not say when"),
    "issued in the future": ({"iat": SECONDS + 31}, "from the future"),
    "not yet valid": ({"nbf": SECONDS + 31}, "from the future"),
    "too old": ({"iat": SECONDS - 3700, "exp": SECONDS + 300}, "too old"),
    "nobody": ({"email": None}, "does not say who"),
    "an empty name": ({"email": ""}, "does not say who"),
    "an unverified address": ({"email_verified": False}, "not verified"),
    "a name that paints on a terminal": ({"email": "ada\x1b[2K@example.com"}, "cannot be printed"),
    "a name without end": ({"email": "a" * 300}, "too long"),
    "an unverified address, in words": ({"email_verified": "false"}, "not verified"),
    "groups that are a text": ({"groups": "dba"}, "not a list"),
    "groups that are numbers": ({"groups": [1]}, "not a list"),
    "far too many groups": ({"groups": [f"g{n}" for n in range(1001)]}, "more than 1000"),
    "a sign-in in the future": ({"auth_time": SECONDS + 31}, "from the future"),
    "a sign-in at no time": ({"auth_time": "noon"}, "not a time"),
    "groups left out (Entra)": ({"groups": None, "_claim_names": {"groups": "src1"}}, "too many"),
    "groups left out (Entra, implicit)": ({"hasgroups": True}, "too many"),
}


@pytest.mark.parametrize("name", BAD)
async def test_what_a_token_must_not_say(issuer: Issuer, name: str) -> None:
    changed, said = BAD[name]
    claims = {key: value for key, value in issuer.claims(**changed).items() if value is not None}
    with pytest.raises(TokenRefusedError, match=said):
        await verifier(issuer).verify(issuer.token(claims))


@pytest.mark.parametrize("kind", ["logout+jwt", "application/logout+jwt", "secevent+jwt", "dpop+jwt", "LOGOUT+JWT", ""])
async def test_a_token_of_another_kind_is_nobodys(issuer: Issuer, kind: str) -> None:
    """The same keys sign more than who somebody is: what a provider sends around for another purpose buys nothing."""
    with pytest.raises(TokenRefusedError, match="another kind"):
        await verifier(issuer).verify(issuer.token(typ=kind))


@pytest.mark.parametrize("kind", [None, "JWT", "jwt", "JOSE", "at+jwt", "application/at+jwt"])
async def test_kinds_that_say_who_somebody_is(issuer: Issuer, kind: str | None) -> None:
    assert (await verifier(issuer).verify(issuer.token(typ=kind))).provider == "idp"


async def test_a_clock_that_is_a_little_off_is_forgiven(issuer: Issuer) -> None:
    await verifier(issuer).verify(issuer.token(issuer.claims(iat=SECONDS + 29, nbf=SECONDS + 29)))
    await verifier(issuer).verify(issuer.token(issuer.claims(iat=SECONDS - 300, exp=SECONDS - 29)))


async def test_several_audiences_are_fine_if_it_was_given_to_one_that_counts(issuer: Issuer) -> None:
    await verifier(issuer).verify(issuer.token(issuer.claims(aud=["passgate", "other"], azp="passgate")))


async def test_claims_that_the_operator_asks_for(issuer: Issuer) -> None:
    provider = replace(PROVIDER, claims={"repository": "acme/app"})
    await verifier(issuer, provider).verify(issuer.token(issuer.claims(repository="acme/app")))
    for other in ("acme/other", None, ["acme/app"]):
        with pytest.raises(TokenRefusedError, match="repository"):
            await verifier(issuer, provider).verify(issuer.token(issuer.claims(repository=other)))


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


async def test_no_signature_is_no_signature(issuer: Issuer) -> None:
    for algorithm in ("none", "None", "NONE", "", None, ["RS256"], 7):
        token = f"{encoded({'alg': algorithm, 'kid': 'k1'})}.{encoded(issuer.claims())}."
        with pytest.raises(TokenRefusedError, match="not signed in a way"):
            await verifier(issuer).verify(token)


async def test_the_published_key_is_no_secret_to_sign_with(issuer: Issuer) -> None:
    public = issuer.keys[0].as_pem(private=False)
    signed = f"{encoded({'alg': 'HS256', 'kid': 'k1'})}.{encoded(issuer.claims())}"
    proof = base64.urlsafe_b64encode(hmac.digest(public, signed.encode(), "sha256")).rstrip(b"=").decode()
    confused = f"{signed}.{proof}"
    with pytest.raises(TokenRefusedError, match="not signed in a way"):
        await verifier(issuer).verify(confused)


async def test_another_ones_key_under_a_known_name_signs_nothing(issuer: Issuer) -> None:
    mine = RSAKey.generate_key(2048, {"kid": "k1"}, private=True)
    with pytest.raises(TokenRefusedError, match="does not verify"):
        await verifier(issuer).verify(issuer.token(key=mine))


async def test_a_key_that_the_token_brings_along_is_not_looked_at(issuer: Issuer) -> None:
    mine = RSAKey.generate_key(2048, {"kid": "mine"}, private=True)
    for header in (
        {"jwk": mine.as_dict(private=False)},
        {"jku": "https://evil.example.com/keys"},
        {"crit": ["x"], "x": 1},
    ):
        token = issuer.token(key=issuer.keys[0])
        _, claims, _ = token.split(".")
        forged = issuer.token(key=mine).split(".")
        forged[0] = encoded({"alg": "RS256", "kid": "mine", **header})
        with pytest.raises(TokenRefusedError):
            await verifier(issuer).verify(".".join(forged))
        assert claims


async def test_an_algorithm_that_is_not_configured_does_not_count(issuer: Issuer) -> None:
    other = Issuer(keys=[ECKey.generate_key("P-256", {"kid": "e1"}, private=True)])
    with pytest.raises(TokenRefusedError, match="not signed in a way"):
        await verifier(other, replace(PROVIDER, algorithms=frozenset({"RS256"}))).verify(other.token())
    await verifier(other).verify(other.token())


async def test_a_changed_letter_breaks_it(issuer: Issuer) -> None:
    header, claims, signature = issuer.token().split(".")
    forged = encoded({**issuer.claims(), "email": "root@example.com"})
    with pytest.raises(TokenRefusedError, match="does not verify"):
        await verifier(issuer).verify(f"{header}.{forged}.{signature}")
    assert claims


async def test_what_is_too_long_is_not_even_read(issuer: Issuer) -> None:
    before = list(issuer.fetched)
    with pytest.raises(TokenRefusedError, match="longer"):
        await verifier(issuer).verify("a" * (MAX_BYTES + 1))
    assert issuer.fetched == before


@given(st.text(max_size=200))
def test_anything_else_is_refused_and_never_repeated(text: str) -> None:
    with pytest.raises(TokenRefusedError) as refused:
        peek(text)
    assert len(text) < 8 or text not in str(refused.value)


@given(st.lists(st.binary(max_size=40), min_size=3, max_size=3))
def test_three_parts_of_anything_raise_one_kind_of_error(parts: list[bytes]) -> None:
    token = ".".join(base64.urlsafe_b64encode(part).decode() for part in parts)
    try:
        peek(token)
    except TokenRefusedError:
        return


def test_groups_at_userinfo_need_one(issuer: Issuer) -> None:
    with pytest.raises(ValueError, match="without it"):
        verifier(issuer, replace(PROVIDER, groups_from_userinfo=True))


async def test_a_token_that_names_nobody_by_sub_has_no_userinfo(issuer: Issuer) -> None:
    provider = replace(PROVIDER, groups_from_userinfo=True)
    reader = Verifier(
        provider,
        IssuerKeys(issuer.issuer, issuer.fetch),
        userinfo=UserInfo(issuer.issuer, HttpsFetch()),
        now=lambda: NOW,
    )
    with pytest.raises(TokenRefusedError, match="no claim sub"):
        await reader.verify(issuer.token(issuer.claims(sub=7)), Evidence(access_token="at"))
