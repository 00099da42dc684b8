"""OpenID Connect Back-Channel Logout 1.0, section 2.6."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import OctKey, RSAKey

from passgate.core.errors import IssuerUnavailableError, TokenRefusedError
from passgate.core.event import EventType
from passgate.core.principal import Principal
from passgate.identity.logout import EVENT, BackchannelLogout
from passgate.identity.oidc.keys import IssuerKeys
from passgate.identity.oidc.provider import Provider
from passgate.identity.oidc.token import Verifier
from passgate.store.spent_tokens import SpentTokenStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.identity.directory.conftest import World, agent, human
from tests.unit.identity.oidc.issuer import NOW, Issuer


@pytest.fixture(scope="module")
def issuer() -> Issuer:
    return Issuer()


@dataclass
class Bench:
    world: World
    issuer: Issuer
    logout: BackchannelLogout

    def token(self, **claims: object) -> str:
        """With what is None left out."""
        now = int(NOW.timestamp())
        said: dict[str, Any] = {
            "iss": self.issuer.issuer,
            "aud": "passgate",
            "iat": now,
            "exp": now + 120,
            "jti": "j1",
            "events": {EVENT: {}},
            "sub": "u1",
            **claims,
        }
        return self.issuer.token({name: value for name, value in said.items() if value is not None}, typ="logout+jwt")

    def bought(self, who: Principal) -> str:
        return self.world.issue(agent(who))


@pytest.fixture
def bench(tmp_path: Path, issuer: Issuer) -> Iterator[Bench]:
    database = SqliteDatabase(tmp_path / "state.db")
    world = World(database)
    people = Provider(name="company", issuer=issuer.issuer, audiences=frozenset({"passgate"}), subject="email")
    logout = BackchannelLogout(
        verifiers={issuer.issuer: Verifier(people, IssuerKeys(issuer.issuer, issuer.fetch), now=lambda: NOW)},
        names={issuer.issuer: "company"},
        ending=world.ending,
        spent=SpentTokenStore(database),
        recorder=world.recorder,
        now=lambda: NOW,
    )
    yield Bench(world=world, issuer=issuer, logout=logout)
    database.close()


def person(sub: str, **claims: str) -> Principal:
    return human(**{"sub": sub, **claims})


async def test_who_is_out_loses_every_pass_that_their_tokens_bought(bench: Bench) -> None:
    mine = [bench.bought(person("u1", sid="s1")), bench.bought(person("u1", sid="s2")), bench.bought(person("u1"))]
    others = [bench.bought(person("u2", sid="s1")), bench.bought(person("U1"))]
    elsewhere = bench.bought(person("u1", iss="https://partner.example"))
    assert await bench.logout.logged_out(bench.token()) == 3
    assert [bench.world.live(one) for one in mine] == [False] * 3
    assert [bench.world.live(one) for one in (*others, elsewhere)] == [True] * 3
    assert set(bench.world.reasons()) == {"signed out at company"}
    received = [event for event in bench.world.recorder.events if event.type is EventType.LOGOUT_RECEIVED]
    assert [(event.actor, event.detail["passes"]) for event in received] == [("logout:company", 3)]
    assert len(bench.world.looks) == 1


async def test_who_is_out_is_out_of_the_gates_own_tokens_too(bench: Bench) -> None:
    mine, others = bench.world.signed_in(person("u1", sid="s1")), bench.world.signed_in(person("u2", sid="s1"))
    assert await bench.logout.logged_out(bench.token()) == 0
    assert (bench.world.is_signed_in(mine), bench.world.is_signed_in(others)) == (False, True)


async def test_a_session_that_is_over_ends_what_it_bought(bench: Bench) -> None:
    first, second, unknown = (bench.bought(person("u1", **c)) for c in ({"sid": "s1"}, {"sid": "s2"}, {}))
    assert await bench.logout.logged_out(bench.token(sub=None, sid="s1")) == 1
    assert [bench.world.live(one) for one in (first, second, unknown)] == [False, True, True]
    assert await bench.logout.logged_out(bench.token(sid="s2", jti="j2")) == 2  # the third told no session
    assert [bench.world.live(one) for one in (second, unknown)] == [False, False]


async def test_a_logout_token_counts_once(bench: Bench) -> None:
    assert await bench.logout.logged_out(bench.token()) == 0
    mine = bench.bought(person("u1"))
    for again in (bench.token(), bench.token(sub="u2", sid="s")):
        with pytest.raises(TokenRefusedError, match="used before"):
            await bench.logout.logged_out(again)
    assert bench.world.live(mine)


NOW_SECONDS = int(NOW.timestamp())


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"events": None}, "no logout token"),
        ({"events": {"http://schemas.openid.net/event/other": {}}}, "no logout token"),
        ({"events": {EVENT: None}}, "no logout token"),
        ({"events": [EVENT]}, "no logout token"),
        ({"nonce": "n"}, "no nonce"),
        ({"sub": None}, "neither who nor which session"),
        ({"sub": ""}, "neither who nor which session"),
        ({"sub": 3}, "the claim sub"),
        ({"sid": "x" * 300}, "the claim sid"),
        ({"jti": None}, "no jti"),
        ({"iss": "https://evil.example"}, "not one that this gate trusts"),
        ({"iss": ["https://idp.example.com"]}, "not one that this gate trusts"),
        ({"aud": "another"}, "meant for somebody else"),
        ({"exp": None}, "when it expires"),
        ({"exp": NOW_SECONDS - 60}, "expired"),
        ({"iat": NOW_SECONDS + 60}, "from the future"),
        ({"iat": NOW_SECONDS - 7200}, "too old"),
    ],
)
async def test_a_token_that_is_none_ends_nothing(bench: Bench, claims: dict[str, object], said: str) -> None:
    mine = bench.bought(person("u1"))
    with pytest.raises(TokenRefusedError, match=said):
        await bench.logout.logged_out(bench.token(**claims))
    assert bench.world.live(mine)


async def test_an_id_token_signs_nobody_out(bench: Bench, issuer: Issuer) -> None:
    with pytest.raises(TokenRefusedError, match="no logout token"):
        await bench.logout.logged_out(issuer.token())


async def test_nobody_else_signs_in_the_issuers_name(bench: Bench, issuer: Issuer) -> None:
    mine = bench.bought(person("u1"))
    theirs = RSAKey.generate_key(2048, {"kid": "k1"}, private=True)
    claims = issuer.claims(events={EVENT: {}}, jti="j", sub="u1")
    for forged in (
        issuer.token(claims, key=theirs),
        issuer.token(claims, key=OctKey.import_key(b"secret" * 8, {"kid": "k1"})),
        "x" * 20_000,
        "a.b.c",
        "",
    ):
        with pytest.raises(TokenRefusedError):
            await bench.logout.logged_out(forged)
    assert bench.world.live(mine)


async def test_without_its_keys_nothing_is_believed(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench.issuer, "down", True)
    with pytest.raises(IssuerUnavailableError):
        await bench.logout.logged_out(bench.token())


async def test_out_is_out_also_when_it_cannot_be_recorded(bench: Bench) -> None:
    mine = bench.bought(person("u1"))
    bench.world.recorder.full = True
    assert await bench.logout.logged_out(bench.token(exp=NOW_SECONDS + int(timedelta(minutes=2).total_seconds()))) == 1
    assert not bench.world.live(mine)
