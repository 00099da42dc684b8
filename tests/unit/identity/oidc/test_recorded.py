"""Documents and tokens in the shapes of Okta and of Entra ID: who comes out of them, and what is refused."""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import KeySet, RSAKey

from passgate.core.errors import IssuerUnavailableError, TokenRefusedError
from passgate.identity.oidc.keys import IssuerKeys
from passgate.identity.oidc.provider import Provider
from passgate.identity.oidc.token import MAX_BYTES, Evidence, Identity, Verifier
from passgate.identity.oidc.userinfo import UserInfo

RECORDED = Path(__file__).parent / "recorded"
VERIFIER = "what only the one who asked for the token can show"
NONCE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def recorded(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text())
    return found


NOW = datetime.fromtimestamp(recorded("okta-org.id_token")["iat"] + 60, UTC)
OKTA = recorded("okta-org.discovery")["issuer"]
OKTA_CUSTOM = recorded("okta-custom.discovery")["issuer"]
ENTRA = recorded("entra.discovery")["issuer"]
OKTA_CLIENT = recorded("okta-org.id_token")["aud"]
ENTRA_CLIENT = recorded("entra.id_token")["aud"]

OKTA_ORG = Provider(name="okta", issuer=OKTA, audiences=frozenset({OKTA_CLIENT}), subject="email", groups_required=True)
CUSTOM = replace(OKTA_ORG, issuer=OKTA_CUSTOM)
THIN = replace(OKTA_ORG, groups_from_userinfo=True)
MICROSOFT = Provider(
    name="entra",
    issuer=ENTRA,
    audiences=frozenset({ENTRA_CLIENT}),
    subject="preferred_username",
    acr="acrs",
    groups_required=True,
)


@dataclass
class Vendor:
    """Answers as the vendor does, with a key of the tests' own. ``userinfo``: by access token."""

    document: Mapping[str, Any]
    at: str = ""
    key: RSAKey = field(
        default_factory=lambda: RSAKey.generate_key(2048, {"kid": "recorded", "use": "sig"}, private=True)
    )
    userinfo: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def fetch(self, url: str, *, bearer: str | None = None) -> Mapping[str, object]:
        self.asked.append(url)
        if url == (self.at or self.document["issuer"]) + "/.well-known/openid-configuration":
            return self.document
        if url == self.document["jwks_uri"]:
            return {**KeySet([self.key]).as_dict(private=False)}
        if url == self.document["userinfo_endpoint"] and bearer in self.userinfo:
            return self.userinfo[bearer]
        raise IssuerUnavailableError("the issuer answered 401")

    def token(self, claims: Mapping[str, Any], *, key: RSAKey | None = None, **header: str) -> str:
        names = {"alg": "RS256", "kid": "recorded", **header}
        payload = json.dumps(claims).encode()
        return jws.serialize_compact(names, payload, key or self.key, algorithms=[names["alg"]])

    def verifier(self, provider: Provider) -> Verifier:
        userinfo = UserInfo(provider.issuer, self.fetch)
        return Verifier(provider, IssuerKeys(provider.issuer, self.fetch), userinfo=userinfo, now=lambda: NOW)


@pytest.fixture(scope="module")
def key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "recorded", "use": "sig"}, private=True)


@pytest.fixture
def okta(key: RSAKey) -> Vendor:
    return Vendor(document=recorded("okta-org.discovery"), key=key)


@pytest.fixture
def custom(key: RSAKey) -> Vendor:
    return Vendor(document=recorded("okta-custom.discovery"), key=key)


@pytest.fixture
def entra(key: RSAKey) -> Vendor:
    return Vendor(document=recorded("entra.discovery"), key=key)


async def verify(vendor: Vendor, provider: Provider, shape: str, **changed: object) -> Identity:
    claims = {name: value for name, value in {**recorded(shape), **changed}.items() if value is not ...}
    return await vendor.verifier(provider).verify(vendor.token(claims))


async def test_okta_says_who_with_which_groups_and_how_they_signed_in(okta: Vendor) -> None:
    found = await verify(okta, OKTA_ORG, "okta-org.id_token")
    assert str(found.principal) == "human:ada@acme.example"
    assert found.principal.groups == {"Everyone", "engineering", "dba"}
    assert found.authentication.amr == {"mfa", "otp", "pwd"}
    assert found.authentication.age == timedelta(seconds=60 + 3 - 30)
    assert found.principal.claims["idp"] == "00o2a6b8cDeFgHiJk697"
    assert "groups" not in found.principal.claims
    assert okta.asked == [f"{OKTA}/.well-known/openid-configuration", f"{OKTA}/oauth2/v1/keys"]


async def test_oktas_custom_server_is_another_issuer_than_its_org(custom: Vendor, okta: Vendor) -> None:
    found = await verify(custom, CUSTOM, "okta-custom.id_token")
    assert found.principal.groups == {"engineering"}
    assert found.authentication.acr == {"urn:okta:loa:2fa:any"}
    with pytest.raises(TokenRefusedError, match="another issuer's"):
        await verify(okta, OKTA_ORG, "okta-custom.id_token")
    with pytest.raises(TokenRefusedError, match="another issuer's"):
        await verify(custom, CUSTOM, "okta-org.id_token")


async def test_oktas_access_token_is_not_an_id_token(custom: Vendor) -> None:
    with pytest.raises(TokenRefusedError, match="meant for somebody else"):
        await verify(custom, CUSTOM, "okta-custom.access_token")


async def test_oktas_thin_token_is_not_read_as_no_groups(okta: Vendor) -> None:
    with pytest.raises(TokenRefusedError, match=r"the claim groups is missing.*have the provider send it"):
        await verify(okta, OKTA_ORG, "okta-org-thin.id_token")


async def test_where_nothing_depends_on_groups_a_token_without_them_is_fine(okta: Vendor) -> None:
    found = await verify(okta, replace(OKTA_ORG, groups_required=False), "okta-org-thin.id_token")
    assert found.principal.groups == frozenset()


async def test_groups_are_read_at_oktas_userinfo(okta: Vendor) -> None:
    okta.userinfo["at-ada"] = recorded("okta-org.userinfo")
    token = okta.token(recorded("okta-org-thin.id_token"))
    found = await okta.verifier(THIN).verify(token, Evidence(access_token="at-ada"))
    assert found.principal.groups == {"Everyone", "engineering", "dba"}
    with pytest.raises(TokenRefusedError, match="subject_access_token"):
        await okta.verifier(THIN).verify(token)
    with pytest.raises(IssuerUnavailableError, match="401"):
        await okta.verifier(THIN).verify(token, Evidence(access_token="at-nobody"))


async def test_another_ones_access_token_brings_no_groups_along(okta: Vendor) -> None:
    okta.userinfo["at-root"] = {**recorded("okta-org.userinfo"), "sub": "00uroot", "groups": ["root"]}
    token = okta.token(recorded("okta-org-thin.id_token"))
    with pytest.raises(TokenRefusedError, match="another person's"):
        await okta.verifier(THIN).verify(token, Evidence(access_token="at-root"))


async def test_a_groups_claim_in_the_token_does_not_count_where_userinfo_does(okta: Vendor) -> None:
    said = recorded("okta-org.userinfo")
    del said["groups"]
    okta.userinfo["at-ada"] = said
    with pytest.raises(TokenRefusedError, match="the claim groups is missing"):
        await okta.verifier(THIN).verify(okta.token(recorded("okta-org.id_token")), Evidence(access_token="at-ada"))


async def test_entra_says_who_by_name_or_by_object_id(entra: Vendor) -> None:
    found = await verify(entra, MICROSOFT, "entra.id_token")
    assert str(found.principal) == "human:ada@acme.example"
    assert found.principal.groups == set(recorded("entra.id_token")["groups"])
    assert found.principal.claims["tid"] == recorded("entra.id_token")["tid"]
    assert found.authentication.acr == {"c1", "p1"}
    by_id = await verify(entra, replace(MICROSOFT, subject="oid"), "entra.id_token")
    assert by_id.principal.subject == recorded("entra.id_token")["oid"]


async def test_entras_app_roles_can_stand_for_groups(entra: Vendor) -> None:
    by_role = replace(MICROSOFT, groups="roles")
    found = await verify(entra, by_role, "entra.id_token")
    assert found.principal.groups == {"Passgate.Operator", "Orders.Read"}
    # Roles are never left out: that is the remedy where groups are.
    assert (await verify(entra, by_role, "entra-overage.id_token")).principal.groups == {"Orders.Read"}


@pytest.mark.parametrize("shape", ["entra-overage.id_token", "entra-hasgroups.id_token"])
@pytest.mark.parametrize("required", [True, False])
async def test_entras_overage_is_not_read_as_no_groups(entra: Vendor, shape: str, required: bool) -> None:
    with pytest.raises(TokenRefusedError, match="too many: have the provider send only the groups"):
        await verify(entra, replace(MICROSOFT, groups_required=required), shape)


async def test_entras_overage_at_userinfo_is_not_read_as_no_groups_either(entra: Vendor) -> None:
    """Microsoft's userinfo knows no groups at all."""
    claims = recorded("entra-overage.id_token")
    entra.userinfo["at"] = {"sub": claims["sub"], "name": claims["name"], "email": claims["email"]}
    provider = replace(MICROSOFT, groups_from_userinfo=True)
    with pytest.raises(TokenRefusedError, match="the claim groups is missing"):
        await entra.verifier(provider).verify(entra.token(claims), Evidence(access_token="at"))


async def test_entras_other_endpoint_is_another_issuer(entra: Vendor) -> None:
    with pytest.raises(TokenRefusedError, match="another issuer's"):
        await verify(entra, MICROSOFT, "entra-v1.id_token")


@pytest.mark.parametrize("issuer", ["https://login.microsoftonline.com/common/v2.0", ENTRA.replace("6f1d", "6f1e")])
async def test_entras_document_for_any_tenant_speaks_for_nobody(key: RSAKey, issuer: str) -> None:
    """Who takes its issuer for a pattern takes tokens of everybody's tenants."""
    vendor = Vendor(document=recorded("entra-common.discovery"), at=issuer, key=key)
    token = vendor.token(recorded("entra.id_token"))
    with pytest.raises(IssuerUnavailableError, match="for any tenant: name your own"):
        await vendor.verifier(replace(MICROSOFT, issuer=issuer)).verify(token)


async def test_another_tenants_token_is_refused_though_the_keys_are_the_same(entra: Vendor) -> None:
    other = ENTRA.replace("6f1d2c3b", "deadbeef")
    with pytest.raises(TokenRefusedError, match="another issuer's"):
        await verify(entra, MICROSOFT, "entra.id_token", iss=other)
    with pytest.raises(TokenRefusedError, match="another issuer's"):
        await verify(entra, MICROSOFT, "entra.id_token", iss="https://login.microsoftonline.com/{tenantid}/v2.0")


SHAPES = [(OKTA_ORG, "okta-org"), (CUSTOM, "okta-custom"), (MICROSOFT, "entra")]
SECONDS = int(NOW.timestamp())

REFUSED: dict[str, tuple[dict[str, object], str]] = {
    "another issuer": ({"iss": "https://evil.example.com"}, "another issuer's"),
    "its issuer in capitals": ({"iss": OKTA.upper()}, "another issuer's"),
    "another client": ({"aud": "0oaSomebodyElse"}, "meant for somebody else"),
    "several clients, given to another": ({"aud": [OKTA_CLIENT, ENTRA_CLIENT, "x"], "azp": "x"}, "for several"),
    "expired": ({"exp": SECONDS - 31}, "has expired"),
    "of the future": ({"iat": SECONDS + 31}, "from the future"),
    "not yet valid": ({"nbf": SECONDS + 31}, "from the future"),
    "a sign-in of the future": ({"auth_time": SECONDS + 31}, "from the future"),
    "hours old": ({"iat": SECONDS - 3700}, "too old"),
    "a nonce of another sign-in": ({"nonce": "n-invented"}, "another sign-in"),
    "a nonce with half a letter": ({"nonce": "\ud800"}, "another sign-in"),
    "no nonce": ({"nonce": ...}, "has no nonce"),
    "a nonce that is a number": ({"nonce": 7}, "has no nonce"),
    "oversized": ({"groups": ["g" * 200] * 200}, f"longer than {MAX_BYTES} bytes.*send fewer groups"),
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize(("provider", "shape"), SHAPES)
async def test_what_no_vendors_token_may_be(key: RSAKey, provider: Provider, shape: str, name: str) -> None:
    changed, said = REFUSED[name]
    vendor = Vendor(document=recorded(f"{shape}.discovery"), key=key)
    claims = {**recorded(f"{shape}.id_token"), "nonce": NONCE, **changed}
    token = vendor.token({claim: value for claim, value in claims.items() if value is not ...})
    with pytest.raises(TokenRefusedError, match=said):
        await vendor.verifier(provider).verify(token, Evidence(nonce_verifier=VERIFIER))


@pytest.mark.parametrize(("provider", "shape"), SHAPES)
async def test_the_nonce_shows_who_asked(key: RSAKey, provider: Provider, shape: str) -> None:
    vendor = Vendor(document=recorded(f"{shape}.discovery"), key=key)
    token = vendor.token({**recorded(f"{shape}.id_token"), "nonce": NONCE})
    strict = vendor.verifier(replace(provider, nonce_required=True))
    found = await strict.verify(token, Evidence(nonce_verifier=VERIFIER))
    assert found.principal.subject == "ada@acme.example"
    with pytest.raises(TokenRefusedError, match="sign in with a browser"):
        await strict.verify(token)
    with pytest.raises(TokenRefusedError, match="another sign-in"):
        await strict.verify(token, Evidence(nonce_verifier=NONCE))  # what the token itself tells is not enough


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


@pytest.mark.parametrize(("provider", "shape"), SHAPES)
async def test_a_vendors_token_unsigned_or_signed_with_what_is_published(
    key: RSAKey, provider: Provider, shape: str
) -> None:
    vendor = Vendor(document=recorded(f"{shape}.discovery"), key=key)
    claims = recorded(f"{shape}.id_token")
    unsigned = f"{encoded({'alg': 'none', 'kid': 'recorded'})}.{encoded(claims)}."
    signed = f"{encoded({'alg': 'HS256', 'kid': 'recorded'})}.{encoded(claims)}"
    confused = []
    for secret in (key.as_pem(private=False), json.dumps(key.as_dict(private=False)).encode()):
        proof = base64.urlsafe_b64encode(hmac.digest(secret, signed.encode(), "sha256")).rstrip(b"=").decode()
        confused.append(f"{signed}.{proof}")
    for token in (unsigned, *confused):
        with pytest.raises(TokenRefusedError, match="not signed in a way"):
            await vendor.verifier(provider).verify(token)
    another = RSAKey.generate_key(2048, {"kid": "recorded"}, private=True)
    with pytest.raises(TokenRefusedError, match="does not verify"):
        await vendor.verifier(provider).verify(vendor.token(claims, key=another))
