"""The gate's own token: how it is had, kept, renewed and given up."""

from dataclasses import dataclass

import pytest

from passgate.core.errors import SecretUnavailableError
from passgate.credentials.vault.errors import VaultRefusedError, VaultUnreachableError
from passgate.credentials.vault.login import AppRoleLogin, Authenticated, JwtLogin, Token, TokenLogin
from tests.unit.credentials.vault.conftest import Played, refused, said, token


@dataclass
class Secret:
    text: str
    read: int = 0

    async def obtain(self) -> str:
        self.read += 1
        return self.text


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def approle(played: Played, clock: Clock | None = None) -> Authenticated:
    login = AppRoleLogin(mount="approle", role_id="r", secret_id=Secret("s"))
    return Authenticated(played.vault(), login, clock=clock or Clock())


async def test_an_approle_logs_in_once_and_uses_its_token(played: Played) -> None:
    vault = approle(played)
    played.will(token("t-1"), said(data=1), said(data=2))
    assert await vault.ask("GET", "a") == {"data": 1}
    assert await vault.ask("GET", "a") == {"data": 2}
    assert [(one.path, one.token) for one in played.asked] == [
        ("/v1/auth/approle/login", ""),
        ("/v1/a", "t-1"),
        ("/v1/a", "t-1"),
    ]
    assert played.asked[0].body == {"role_id": "r", "secret_id": "s"}


@pytest.mark.parametrize("mount", ["kubernetes", "jwt"])
async def test_a_signed_token_is_shown_with_its_role(played: Played, mount: str) -> None:
    played.will(token(), said(data=1))
    vault = Authenticated(played.vault(), JwtLogin(mount=mount, role="gate", jwt=Secret("e.y.J")))
    await vault.ask("GET", "a")
    assert played.asked[0].path == f"/v1/auth/{mount}/login"
    assert played.asked[0].body == {"role": "gate", "jwt": "e.y.J"}


async def test_a_token_of_somebody_elses_is_read_each_time(played: Played) -> None:
    source = Secret("t-1")
    played.will(said(data=1))
    vault = Authenticated(played.vault(), TokenLogin(source=source))
    await vault.ask("GET", "a")
    source.text = "t-2"
    await vault.ask("GET", "a")
    await vault.keep()
    assert [one.token for one in played.asked] == ["t-1", "t-2"]
    played.will(refused(403))
    with pytest.raises(VaultRefusedError):
        await vault.ask("GET", "a")
    assert len(played.asked) == 3


async def test_a_token_that_is_refused_is_had_anew_once(played: Played) -> None:
    vault = approle(played)
    played.will(token("t-1"), refused(403), token("t-2"), said(data=1), said(data=2))
    assert await vault.ask("GET", "a") == {"data": 1}
    assert [one.token for one in played.asked] == ["", "t-1", "", "t-2"]
    played.will(refused(403), token("t-3"), refused(403))
    with pytest.raises(VaultRefusedError, match="its policy allows it"):
        await vault.ask("GET", "a")
    assert len(played.asked) == 7


async def test_a_token_is_renewed_at_half_its_time(played: Played) -> None:
    clock = Clock()
    vault = approle(played, clock)
    played.will(token("t-1", 100), said(data=1), said(data=2))
    await vault.ask("GET", "a")
    clock.now += 49
    await vault.ask("GET", "a")
    clock.now += 1
    played.will(token("t-1", 100), said(data=3))
    await vault.keep()
    assert [one.path for one in played.asked][-1] == "/v1/auth/token/renew-self"
    clock.now += 49
    await vault.ask("GET", "a")
    assert [one.path for one in played.asked][-2:] == ["/v1/auth/token/renew-self", "/v1/a"]


async def test_a_token_near_its_longest_time_makes_way_for_another(played: Played) -> None:
    clock = Clock()
    vault = approle(played, clock)
    played.will(token("t-1", 100), said(data=1))
    await vault.ask("GET", "a")
    clock.now += 60
    played.will(token("t-1", 40), token("t-2", 100), said(data=2))
    await vault.ask("GET", "a")
    assert played.asked[-1].token == "t-2"


@pytest.mark.parametrize(
    ("seconds", "renewable", "passed", "renewal"),
    [(100, False, 60, None), (100, True, 100, None), (100, True, 60, refused(403))],
)
async def test_a_token_that_is_over_is_had_anew(
    played: Played, seconds: int, renewable: bool, passed: float, renewal: object
) -> None:
    clock = Clock()
    vault = approle(played, clock)
    played.will(token("t-1", seconds, renewable=renewable), said(data=1))
    await vault.ask("GET", "a")
    clock.now += passed
    played.will(*([renewal] if renewal else []), token("t-2"), said(data=2))  # type: ignore[list-item]
    await vault.ask("GET", "a")
    assert played.asked[-1].token == "t-2"


async def test_a_vault_that_is_busy_renews_later(played: Played) -> None:
    clock = Clock()
    vault = approle(played, clock)
    played.will(token("t-1", 100), said(data=1))
    await vault.ask("GET", "a")
    clock.now += 60
    played.will(refused(500), said(data=2))
    await vault.ask("GET", "a")
    assert played.asked[-1].token == "t-1"


async def test_a_token_without_an_end_is_never_renewed(played: Played) -> None:
    clock = Clock()
    vault = approle(played, clock)
    played.will(token("t-1", 0), said(data=1))
    await vault.ask("GET", "a")
    clock.now += 10**6
    await vault.ask("GET", "a")
    assert len(played.asked) == 3


@pytest.mark.parametrize("auth", [None, {}, {"client_token": ""}, {"client_token": 7}])
async def test_an_answer_without_a_token(played: Played, auth: object) -> None:
    played.will(said(auth=auth))
    with pytest.raises(VaultUnreachableError, match="gave no token"):
        await approle(played).ask("GET", "a")


async def test_nothing_that_is_secret_is_shown() -> None:
    assert "t-1" not in repr(Token(text="t-1"))
    assert issubclass(VaultRefusedError, SecretUnavailableError)


async def test_keeping_what_was_never_had_asks_nobody(played: Played) -> None:
    vault = approle(played)
    await vault.keep()
    assert played.asked == []
    assert repr(vault) == "Authenticated(main)"
