"""Providers are asked again."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from passgate.core.errors import IssuerUnavailableError, StoreError, TokenRefusedError
from passgate.core.principal import Principal
from passgate.identity.admission import TokenAlone
from passgate.identity.oidc.keys import IssuerKeys
from passgate.identity.oidc.provider import Provider
from passgate.identity.oidc.refreshing import Refreshing
from passgate.identity.oidc.token import Identity, Verifier
from passgate.identity.recheck.sealing import Sealing
from passgate.identity.recheck.watch import PAST_GRACE, Asked, RecheckWatch
from passgate.store.sqlite import SqliteDatabase
from tests.unit.identity.conftest import Clock, until
from tests.unit.identity.directory.conftest import GRANTS, World, agent
from tests.unit.identity.oidc.issuer import Issuer

EVERY, GRACE = timedelta(minutes=5), timedelta(minutes=15)


@dataclass
class Company(Issuer):
    """An issuer that refreshes: each refresh token once. ``says``: the ID token's claims; ``bare``: no ID token at all."""

    clock: Clock = field(default_factory=Clock)
    valid: set[str] = field(default_factory=lambda: {"first"})
    forms: list[Mapping[str, str]] = field(default_factory=list)
    says: dict[str, object] = field(default_factory=dict)
    bare: bool = False
    client_known: bool = True
    rotates: bool = True

    async def post(self, url: str, form: Mapping[str, str]) -> tuple[int, Mapping[str, object]]:
        self.forms.append(form)
        if self.down:
            raise IssuerUnavailableError("down")
        if not self.client_known:
            return 401, {"error": "invalid_client"}
        if form["refresh_token"] not in self.valid:
            return 400, {"error": "invalid_grant"}
        if self.rotates:
            self.valid = {f"{form['refresh_token']}+"}
        now = int(self.clock.now().timestamp())
        id_token = self.token(self.claims(iat=now, exp=now + 300, **self.says))
        rotated = {"refresh_token": min(self.valid)} if self.rotates else {}
        return 200, {**rotated, **({} if self.bare else {"id_token": id_token})}

    async def __call__(self, url: str) -> Mapping[str, object]:
        return {**await self.fetch(url), "token_endpoint": f"{self.issuer}/token"}


@dataclass
class Bench:
    world: World
    company: Company
    clock: Clock
    watch: RecheckWatch

    async def after(self, elapsed: timedelta) -> None:
        self.clock.time += elapsed
        await self.watch.look()


@pytest.fixture(scope="module")
def keys() -> list[object]:
    return Issuer().keys


@pytest.fixture
def bench(tmp_path: Path, keys: list[object]) -> Iterator[Bench]:
    database = SqliteDatabase(tmp_path / "state.db")
    clock = Clock(time=datetime.now(UTC))  # passes are issued by the real clock
    world, company = World(database), Company(keys=keys, clock=clock)
    people = Provider(name="company", issuer=company.issuer, audiences=frozenset({"passgate"}), subject="email")
    sealing = Sealing(b"k" * 32, provider="company", every=EVERY)
    asked = Asked(
        name="company",
        issuer=company.issuer,
        every=EVERY,
        grace=GRACE,
        verifier=Verifier(people, IssuerKeys(company.issuer, company.fetch), now=clock.now),
        refreshing=Refreshing(issuer=company.issuer, client_id="cli", ask=company),
        sealing=sealing,
    )
    watch = RecheckWatch(
        asked,
        rechecks=world.rechecks,
        admission=TokenAlone(),
        grants=GRANTS,
        ending=world.ending,
        now=clock.now,
    )
    yield Bench(world=world, company=company, clock=clock, watch=watch)
    database.close()


def human(**claims: str) -> Principal:
    from tests.unit.identity.directory.conftest import human as made

    return made(**{"sub": "u1", **claims})


def bought(bench: Bench, token: str | None = "first", **claims: str) -> str:
    """A pass of an agent, with a refresh token behind it."""
    pass_id = bench.world.issue(agent(human(**claims)), provider=None)
    sealing = Sealing(b"k" * 32, provider="company", every=EVERY)
    recheck = None if token is None else sealing.first(token, sub="u1", now=bench.clock.now())
    bench.world.rechecks.bought(pass_id, provider="company", recheck=recheck)
    return pass_id


async def test_who_is_still_there_keeps_what_they_have_and_tokens_rotate(bench: Bench) -> None:
    mine = [bought(bench), bought(bench)]
    await bench.after(EVERY / 2)
    assert bench.company.forms == []
    for times in range(1, 4):
        await bench.after(EVERY)
        assert len(bench.company.forms) == times
    assert [form["refresh_token"] for form in bench.company.forms] == ["first", "first+", "first++"]
    assert bench.company.forms[0] == {"grant_type": "refresh_token", "refresh_token": "first", "client_id": "cli"}
    assert [bench.world.live(one) for one in mine] == [True, True]


async def test_a_refresh_token_that_does_not_rotate_is_used_again(bench: Bench) -> None:
    mine = bought(bench)
    bench.company.rotates = False
    for _ in range(2):
        await bench.after(EVERY)
    assert [form["refresh_token"] for form in bench.company.forms] == ["first", "first"]
    assert bench.world.live(mine)


async def test_whom_the_provider_vouches_for_no_more_is_out(bench: Bench) -> None:
    mine, other = [bought(bench), bought(bench)], bought(bench, None)
    signed_in, another = bench.world.signed_in(human()), bench.world.signed_in(human(sub="u2"))
    bench.company.valid.clear()
    await bench.after(EVERY)
    assert (bench.world.is_signed_in(signed_in), bench.world.is_signed_in(another)) == (False, True)
    assert [bench.world.live(one) for one in (*mine, other)] == [False, False, True]
    assert all("vouches no more" in reason for reason in bench.world.reasons())
    assert len(bench.world.reasons()) == 2
    await bench.after(EVERY)
    assert len(bench.company.forms) == 1  # what is over is not asked about again


async def test_who_is_in_no_group_any_more_is_out(bench: Bench) -> None:
    mine = bought(bench)
    allowed = bench.world.issue(human(), resource="vault", provider=None)  # by people, by no grant
    sealing = Sealing(b"k" * 32, provider="company", every=EVERY)
    same = sealing.first("first", sub="u1", now=bench.clock.now())
    bench.world.rechecks.bought(allowed, provider=None, recheck=same)
    bench.company.says["groups"] = ["sales"]
    await bench.after(EVERY)
    assert (bench.world.live(mine), bench.world.live(allowed)) == (False, True)
    assert bench.world.reasons() == [
        "asked again, company says that human:ada@example.com is in no group any more that may have it"
    ]


@pytest.mark.parametrize(
    ("says", "reason"),
    [
        ({"sub": "u2"}, "somebody else"),
        ({"aud": "another"}, "meant for somebody else"),
        ({"email_verified": False}, "not verified"),
    ],
)
async def test_an_answer_about_somebody_else_is_none(bench: Bench, says: dict[str, object], reason: str) -> None:
    mine = bought(bench)
    bench.company.says.update(says)
    await bench.after(EVERY)
    assert not bench.world.live(mine)
    assert reason in bench.world.reasons()[0]


async def test_a_stored_token_that_was_tampered_with_ends_what_it_stood_behind(bench: Bench) -> None:
    mine = bench.world.issue(agent(human()), provider=None)
    forged = Sealing(b"x" * 32, provider="company", every=EVERY).first("first", sub="u1", now=bench.clock.now())
    bench.world.rechecks.bought(mine, provider="company", recheck=forged)
    await bench.after(EVERY)
    assert not bench.world.live(mine)
    assert bench.company.forms == []


async def test_who_has_a_say_besides_is_asked_too(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    def no(_self: TokenAlone, _identity: Identity) -> Identity:
        raise TokenRefusedError("this person is not active in the company's directory")

    mine = bought(bench)
    monkeypatch.setattr(TokenAlone, "admit", no)
    await bench.after(EVERY)
    assert "not active" in bench.world.reasons()[0]
    assert not bench.world.live(mine)


async def test_a_provider_past_its_grace_ends_what_it_vouched_for(bench: Bench) -> None:
    mine, unasked = bought(bench), bought(bench, None)
    others = bench.world.issue(human(iss="https://partner.example"), provider="partner")
    operators = bench.world.issue(agent(human(iss="")), provider=None)
    signed_in, elsewhere = bench.world.signed_in(human()), bench.world.signed_in(human(iss="https://partner.example"))
    bench.company.down = True
    for _ in range(3):
        await bench.after(EVERY)
        assert (bench.world.live(mine), bench.world.live(unasked)) == (True, True)
    await bench.after(timedelta(seconds=1))
    assert [bench.world.live(one) for one in (mine, unasked, others, operators)] == [False, False, True, True]
    assert bench.world.reasons() == [PAST_GRACE, PAST_GRACE]
    assert (bench.world.is_signed_in(signed_in), bench.world.is_signed_in(elsewhere)) == (False, True)


@pytest.mark.parametrize("how", ["bare", "client"])
async def test_an_answer_that_confirms_nobody_is_none(bench: Bench, how: str) -> None:
    """The provider is there and does not say who it is: only what hangs on this answer ends."""
    mine, unasked = bought(bench), bought(bench, None)
    bench.company.bare, bench.company.client_known = how == "bare", how != "client"
    for _ in range(3):
        await bench.after(EVERY)
    assert bench.world.live(mine)
    await bench.after(timedelta(seconds=6))
    assert (bench.world.live(mine), bench.world.live(unasked)) == (False, True)
    assert bench.world.reasons() == [PAST_GRACE]


async def test_a_provider_that_is_back_in_time_changes_nothing(bench: Bench) -> None:
    mine, unasked = bought(bench), bought(bench, None)
    for _ in range(4):
        bench.company.down = True
        await bench.after(EVERY)
        await bench.after(EVERY)
        bench.company.down = False
        await bench.after(timedelta(minutes=1))
    assert (bench.world.live(mine), bench.world.live(unasked)) == (True, True)


async def test_it_goes_on_also_when_the_store_fails(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    mine = bought(bench)
    bench.clock.time += EVERY
    path = bench.world.database.path
    away = path.rename(path.with_suffix(".away"))
    running = asyncio.create_task(bench.watch.run())
    await until(lambda: "cannot be asked again about anybody" in caplog.text)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    away.rename(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench.world.rechecks, "keep", _failing)
        with pytest.raises(StoreError):
            await bench.watch.look()
    await bench.after(timedelta(minutes=2))
    assert len(bench.company.forms) == 2
    assert not bench.world.live(
        mine
    )  # its token was used and the next one lost: the provider takes the old one for stolen


def _failing(_: object) -> None:
    raise StoreError
