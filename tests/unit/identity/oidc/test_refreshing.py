"""A provider is asked for a new ID token."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from passgate.core.errors import IssuerUnavailableError, TokenRefusedError
from passgate.identity.oidc.refreshing import Refreshed, Refreshing

ISSUER = "https://idp.example.com"


@dataclass
class Answers:
    status: int = 200
    said: Mapping[str, object] = field(default_factory=dict)
    document: Mapping[str, object] = field(
        default_factory=lambda: {"issuer": ISSUER, "token_endpoint": f"{ISSUER}/token"}
    )
    asked: list[object] = field(default_factory=list)

    async def __call__(self, url: str) -> Mapping[str, object]:
        self.asked.append(url)
        return self.document

    async def post(self, url: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
        self.asked.append((url, form))
        return self.status, self.said


def refreshing(answers: Answers) -> Refreshing:
    return Refreshing(issuer=ISSUER, client_id="cli", ask=answers)


async def test_a_token_buys_the_next_ones() -> None:
    answers = Answers(said={"id_token": "id", "refresh_token": "next", "access_token": "at"})
    got = await refreshing(answers).refresh("old")
    assert got == Refreshed(id_token="id", refresh_token="next", access_token="at")
    assert "next" not in repr(got)
    form = {"grant_type": "refresh_token", "refresh_token": "old", "client_id": "cli"}
    assert answers.asked == [f"{ISSUER}/.well-known/openid-configuration", (f"{ISSUER}/token", form)]
    assert await refreshing(Answers()).refresh("old") == Refreshed(id_token="", refresh_token="")


async def test_a_no_is_a_no() -> None:
    with pytest.raises(TokenRefusedError, match="does not vouch"):
        await refreshing(Answers(status=400, said={"error": "invalid_grant"})).refresh("old")


@pytest.mark.parametrize(
    "answers",
    [
        Answers(status=401, said={"error": "invalid_client"}),
        Answers(status=400, said={}),
        Answers(said={"id_token": 3}),
        Answers(said={"id_token": "a", "refresh_token": ["b"]}),
        Answers(document={"issuer": "https://evil.example", "token_endpoint": f"{ISSUER}/token"}),
        Answers(document={"issuer": ISSUER}),
        Answers(document={"issuer": ISSUER, "token_endpoint": "http://idp.example.com/token"}),
    ],
)
async def test_what_is_neither_is_no_answer(answers: Answers) -> None:
    with pytest.raises(IssuerUnavailableError):
        await refreshing(answers).refresh("old")


async def test_it_is_there() -> None:
    await refreshing(Answers()).reach()
    with pytest.raises(IssuerUnavailableError):
        await refreshing(Answers(document={})).reach()
