"""Passgate as a client of a provider."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qs, urlsplit

import pytest

from passgate.core.errors import IssuerUnavailableError, OAuthError, TokenRefusedError
from passgate.identity.issuer.relying_party import Registration, RelyingParty, challenge

ISSUER = "https://idp.example.com"


async def secret() -> str:
    return "s:e cret"


@dataclass
class Idp:
    document: dict[str, object] = field(
        default_factory=lambda: {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize?tenant=1",
            "token_endpoint": f"{ISSUER}/token",
        }
    )
    answer: tuple[int, Mapping[str, object]] = (200, {"id_token": "a.b.c"})
    fetched: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    time: float = 0

    async def fetch(self, url: str) -> Mapping[str, object]:
        assert url == f"{ISSUER}/.well-known/openid-configuration"
        self.fetched += 1
        return self.document

    async def post(
        self, url: str, form: Mapping[str, str], headers: Mapping[str, str]
    ) -> tuple[int, Mapping[str, object]]:
        assert url == f"{ISSUER}/token"
        self.headers = headers
        return self.answer

    def party(self, *, confidential: bool = False) -> RelyingParty:
        public = Registration(
            provider="company", issuer=ISSUER, client_id="gate", redirect_uri="https://g/cb", scopes=("openid",)
        )
        own = replace(public, secret=secret) if confidential else public
        return RelyingParty(own, fetch=self.fetch, post=self.post, clock=lambda: self.time)


async def test_the_way_there_keeps_what_the_provider_has_in_its_address() -> None:
    url = await Idp().party().authorization_url(state="s", nonce="n", verifier="v" * 43)
    sent = parse_qs(urlsplit(url).query)
    assert sent["tenant"] == ["1"]
    assert (sent["state"], sent["nonce"], sent["code_challenge"]) == (["s"], ["n"], [challenge("v" * 43)])


async def test_the_documents_are_read_again_after_a_while() -> None:
    idp = Idp()
    party = idp.party()
    for time in (0, 599, 601):
        idp.time = time
        await party.id_token("code", verifier="v")
    assert idp.fetched == 2


async def test_a_secret_goes_in_the_header_and_nowhere_else() -> None:
    idp = Idp()
    await idp.party(confidential=True).id_token("code", verifier="v")
    assert idp.headers == {"Authorization": "Basic Z2F0ZTpzJTNBZStjcmV0"}
    assert "cret" not in repr(
        Registration(provider="p", issuer="i", client_id="c", redirect_uri="r", scopes=(), secret=secret)
    )


@pytest.mark.parametrize("status", [500, 503])
async def test_a_provider_that_is_ill(status: int) -> None:
    with pytest.raises(IssuerUnavailableError):
        await Idp(answer=(status, {})).party().id_token("code", verifier="v")


@pytest.mark.parametrize("answer", [(400, {"error": "invalid_grant"}), (200, {}), (200, {"id_token": 7}), (302, {})])
async def test_a_code_that_is_not_good(answer: tuple[int, Mapping[str, object]]) -> None:
    with pytest.raises(TokenRefusedError):
        await Idp(answer=answer).party().id_token("code", verifier="v")


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://evil.example.com", "token_endpoint": f"{ISSUER}/token"},
        {"issuer": ISSUER},
        {"issuer": ISSUER, "token_endpoint": "http://idp.example.com/token"},
        {"issuer": ISSUER, "token_endpoint": 7},
    ],
)
async def test_documents_that_cannot_be_trusted(document: dict[str, object]) -> None:
    with pytest.raises(IssuerUnavailableError):
        await Idp(document=document).party().id_token("code", verifier="v")


async def test_who_answers() -> None:
    idp = Idp()
    await idp.party().check_issuer("")
    await idp.party().check_issuer(ISSUER)
    idp.document["authorization_response_iss_parameter_supported"] = True
    await idp.party().check_issuer(ISSUER)
    for issuer in ("", ISSUER + "/"):
        with pytest.raises(OAuthError):
            await idp.party().check_issuer(issuer)
