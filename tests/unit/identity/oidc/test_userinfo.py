"""What a provider is asked beyond the token, and whose answer counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from passgate.core.errors import IssuerUnavailableError, TokenRefusedError
from passgate.identity.oidc.userinfo import UserInfo

ISSUER = "https://idp.example.com"


@dataclass
class Site:
    document: dict[str, object] = field(
        default_factory=lambda: {"issuer": ISSUER, "userinfo_endpoint": f"{ISSUER}/userinfo"}
    )
    claims: dict[str, object] = field(default_factory=lambda: {"sub": "u1", "groups": ["eng"]})
    seen: list[tuple[str, str | None]] = field(default_factory=list)

    async def fetch(self, url: str, *, bearer: str | None = None) -> Mapping[str, object]:
        self.seen.append((url, bearer))
        return self.document if url.endswith("openid-configuration") else self.claims


async def test_the_access_token_is_shown_at_userinfo_and_nowhere_else() -> None:
    site = Site()
    assert await UserInfo(ISSUER, site.fetch).of("u1", "at") == {"sub": "u1", "groups": ["eng"]}
    assert site.seen == [(f"{ISSUER}/.well-known/openid-configuration", None), (f"{ISSUER}/userinfo", "at")]


@pytest.mark.parametrize("sub", ["u2", None, "", 7, ["u1"]])
async def test_claims_about_somebody_else_do_not_count(sub: object) -> None:
    with pytest.raises(TokenRefusedError, match="another person's"):
        await UserInfo(ISSUER, Site(claims={"sub": sub, "groups": ["root"]}).fetch).of("u1", "at")


@pytest.mark.parametrize("token", ["", "a b\r\nX: y", "\x00", "ä", "a" * 16385])
async def test_what_is_no_token_is_not_sent(token: str) -> None:
    site = Site()
    with pytest.raises(TokenRefusedError, match="no token"):
        await UserInfo(ISSUER, site.fetch).of("u1", token)
    assert site.seen == []


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": ISSUER},
        {"issuer": ISSUER, "userinfo_endpoint": "http://idp.example.com/userinfo"},
        {"issuer": ISSUER, "userinfo_endpoint": 7},
        {"issuer": "https://evil.example.com", "userinfo_endpoint": "https://evil.example.com/userinfo"},
    ],
)
async def test_an_access_token_goes_to_no_other_place(document: dict[str, object]) -> None:
    site = Site(document=document)
    with pytest.raises(IssuerUnavailableError):
        await UserInfo(ISSUER, site.fetch).of("u1", "at")
    assert [bearer for _, bearer in site.seen] == [None]
