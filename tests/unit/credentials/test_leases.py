"""Leased logins are written down, renewed, taken away, and swept when nobody is left who would."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from passgate.core.action import VerbClass
from passgate.core.errors import SecretUnavailableError, StoreError
from passgate.core.lease import Lease
from passgate.core.session import Session
from passgate.credentials import leases
from passgate.credentials.leases import DatabaseLogins, LeasedRole, LeaseKeeper
from passgate.credentials.vault.database import DatabaseEngine
from passgate.credentials.vault.http import VaultServer
from passgate.credentials.vault.login import Authenticated, TokenLogin
from passgate.store.lease_store import LeaseStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.credentials.vault.test_login import Secret
from tests.unit.pipeline.steps import make_session


@dataclass
class Vault:
    """The part of a Vault's API that leases need, with leases that live as long as a test says."""

    server: TestServer
    seconds: int = 3600
    renewed_for: int = 3600
    status: int = 200
    hold: asyncio.Event | None = None
    roles: list[str] = field(default_factory=list)
    live: set[str] = field(default_factory=set)
    renewed: list[str] = field(default_factory=list)
    asked: asyncio.Event = field(default_factory=asyncio.Event)

    async def make(self, request: web.Request) -> web.Response:
        self.asked.set()
        if self.hold is not None:
            await self.hold.wait()
        if self.status != 200:
            return web.json_response({"errors": []}, status=self.status)
        role = request.match_info["role"]
        self.roles.append(role)
        number = len(self.roles)
        lease = f"database/creds/{role}/{number}"
        self.live.add(lease)
        return web.json_response(
            {
                "lease_id": lease,
                "lease_duration": self.seconds,
                "renewable": True,
                "data": {"username": f"v-{role}-{number}", "password": "p-secret"},
            }
        )

    async def renew(self, request: web.Request) -> web.Response:
        lease = (await request.json())["lease_id"]
        self.renewed.append(lease)
        if self.status != 200:
            return web.json_response({"errors": []}, status=self.status)
        if lease not in self.live:
            return web.json_response({"errors": ["lease not found"]}, status=400)
        return web.json_response({"lease_id": lease, "lease_duration": self.renewed_for, "renewable": True})

    async def revoke(self, request: web.Request) -> web.Response:
        if self.status != 200:
            return web.json_response({"errors": []}, status=self.status)
        self.live.discard((await request.json())["lease_id"])
        return web.Response(status=204)


@pytest.fixture
async def vault() -> AsyncIterator[Vault]:
    app = web.Application()
    vault = Vault(TestServer(app))
    app.router.add_get("/v1/database/creds/{role}", vault.make)
    app.router.add_post("/v1/sys/leases/renew", vault.renew)
    app.router.add_post("/v1/sys/leases/revoke", vault.revoke)
    await vault.server.start_server()
    yield vault
    await vault.server.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LeaseStore]:
    database = SqliteDatabase(tmp_path / "state.db")
    yield LeaseStore(database)
    database.close()


@dataclass
class Told:
    lost: list[str] = field(default_factory=list)
    swept: list[Lease] = field(default_factory=list)
    time: datetime = field(default_factory=lambda: datetime.now(UTC))

    async def sweep(self, lease: Lease) -> None:
        self.swept.append(lease)

    def now(self) -> datetime:
        return self.time


@pytest.fixture
def told() -> Told:
    return Told()


def keeper(vault: Vault, store: leases.LeaseStore, told: Told, holder: str = "gate-0") -> LeaseKeeper:
    server = VaultServer(name="main", address=f"http://127.0.0.1:{vault.server.port}", seconds=5)
    engine = DatabaseEngine(vault=Authenticated(server, TokenLogin(source=Secret("t"))))
    return LeaseKeeper({"main": engine}, store, holder=holder, lost=told.lost.append, swept=told.sweep, now=told.now)


def kept(store: LeaseStore) -> tuple[Lease, ...]:
    return store.abandoned(now=datetime.now(UTC) + timedelta(days=365))


def files(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it did not come to that")


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    """The loop's clock goes that far ahead."""
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: time.monotonic() + seconds)


def session(*verbs: VerbClass) -> Session:
    made = make_session()
    made.pass_ = replace(made.pass_, verbs=frozenset(verbs))
    return made


async def test_a_lease_is_written_down_without_its_password_until_it_is_taken_away(
    vault: Vault, store: LeaseStore, told: Told, tmp_path: Path
) -> None:
    one = keeper(vault, store, told)
    login = await one.open("main", "database", "ro", make_session())
    assert (login.user, login.password) == ("v-ro-1", "p-secret")
    assert "p-secret" not in repr(login)
    (lease,) = kept(store)
    assert (lease.id, lease.user, lease.server, lease.session) == (
        "database/creds/ro/1",
        "v-ro-1",
        "main",
        make_session().id,
    )
    assert b"v-ro-1" in files(tmp_path)
    assert b"p-secret" not in files(tmp_path)
    assert store.abandoned(now=told.time) == ()
    await one.close("v-ro-1")
    assert (vault.live, kept(store)) == (set(), ())
    await one.close("v-ro-1")  # a second time there is nothing to do


async def test_what_cannot_be_taken_away_now_is_swept_later(vault: Vault, store: LeaseStore, told: Told) -> None:
    one = keeper(vault, store, told)
    await one.open("main", "database", "ro", make_session())
    vault.status = 503
    with pytest.raises(SecretUnavailableError):
        await one.close("v-ro-1")
    assert await one.sweep() == 0
    assert len(kept(store)) == 1
    vault.status = 200
    assert await one.sweep() == 1
    assert (vault.live, kept(store), [lease.user for lease in told.swept]) == (set(), (), ["v-ro-1"])


async def test_what_a_crash_left_behind_goes_with_the_next_start(vault: Vault, store: LeaseStore, told: Told) -> None:
    await keeper(vault, store, told).open("main", "database", "ro", make_session())
    other = keeper(vault, store, told, holder="gate-1")
    assert await other.sweep() == 0  # it may live
    again = keeper(vault, store, told)
    running = asyncio.create_task(again.run())
    await until(lambda: not kept(store))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert vault.live == set()


async def test_what_a_worker_that_never_returns_left_behind_goes_when_nobody_holds_it(
    vault: Vault, store: LeaseStore, told: Told
) -> None:
    await keeper(vault, store, told, holder="gate-7").open("main", "database", "ro", make_session())
    other = keeper(vault, store, told)
    told.time += timedelta(seconds=59)
    assert await other.sweep() == 0
    told.time += timedelta(seconds=1)
    assert await other.sweep() == 1


async def test_a_process_holds_on_to_what_it_uses(
    vault: Vault, store: LeaseStore, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "TICK_SECONDS", 0.01)
    one = keeper(vault, store, told)
    await one.open("main", "database", "ro", make_session())
    told.time += timedelta(seconds=61)
    assert await one.sweep() == 0  # its own, even if it was stuck for a minute
    running = asyncio.create_task(one.run())
    await until(lambda: not store.abandoned(now=told.time))
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert vault.live
    assert told.lost == []


async def test_a_lease_is_renewed_at_half_its_time_and_its_session_lives_on(
    vault: Vault, store: LeaseStore, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    vault.seconds = 1000
    one = keeper(vault, store, told)
    await one.open("main", "database", "ro", make_session())
    await one.renew()
    assert vault.renewed == []
    later(monkeypatch, 550)
    await one.renew()
    assert vault.renewed == ["database/creds/ro/1"]
    later(monkeypatch, 1100)  # longer than the first lease would have been good for
    await one.renew()
    assert (vault.renewed, told.lost) == (["database/creds/ro/1"], [])


async def test_a_session_ends_with_its_lease(vault: Vault, store: LeaseStore, told: Told) -> None:
    vault.seconds = 0
    one = keeper(vault, store, told)
    await one.open("main", "database", "ro", make_session())
    await one.renew()
    await one.renew()
    assert told.lost == [make_session().id]


async def test_a_session_ends_when_its_lease_was_revoked_at_the_vault(
    vault: Vault, store: LeaseStore, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_RENEWED_AFTER", 0.0)
    one = keeper(vault, store, told)
    await one.open("main", "database", "ro", make_session())
    vault.live.clear()
    await one.renew()
    assert told.lost == [make_session().id]


async def test_a_vault_that_is_away_is_asked_again_while_the_lease_is_good(
    vault: Vault, store: LeaseStore, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_RENEWED_AFTER", 0.0)
    one = keeper(vault, store, told)
    await one.open("main", "database", "ro", make_session())
    vault.status = 500
    await one.renew()
    await one.renew()  # not at once again
    assert (vault.renewed, told.lost) == (["database/creds/ro/1"], [])


async def test_a_lease_near_its_longest_time_is_not_renewed_for_ever(
    vault: Vault, store: LeaseStore, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_RENEWED_AFTER", 0.0)
    vault.seconds, vault.renewed_for = 4, 3
    one = keeper(vault, store, told)
    await one.open("main", "database", "ro", make_session())
    await one.renew()
    assert told.lost == [make_session().id]  # it ends within the pause between two looks


async def test_who_gives_up_waiting_leaves_nothing_behind(vault: Vault, store: LeaseStore, told: Told) -> None:
    one = keeper(vault, store, told)
    vault.hold = asyncio.Event()
    opening = asyncio.create_task(one.open("main", "database", "ro", make_session()))
    await vault.asked.wait()
    opening.cancel()
    await asyncio.gather(opening, return_exceptions=True)
    vault.hold.set()
    await until(lambda: bool(kept(store)))
    told.time += timedelta(seconds=61)
    assert await one.sweep() == 1
    assert vault.live == set()


async def test_a_vault_that_cannot_be_reached_is_tried_once_a_round(
    vault: Vault, store: LeaseStore, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "_RENEWED_AFTER", 0.0)
    one = keeper(vault, store, told)
    for _ in range(3):
        await one.open("main", "database", "ro", make_session())
    await one.open("main", "database", "rw", make_session())
    vault.status = 503
    with pytest.raises(SecretUnavailableError):
        await one.close("v-rw-4")
    await vault.server.close()
    asked: list[str] = []
    engine = one._engines["main"]

    class Counting:
        vault = engine.vault

        async def renew(self, lease: str) -> float:
            asked.append(lease)
            return await engine.renew(lease)

        async def revoke(self, lease: str) -> None:
            asked.append(lease)
            await engine.revoke(lease)

    one._engines = {"main": Counting()}  # type: ignore[dict-item]
    await one.renew()
    assert len(asked) == 1
    told.time += timedelta(minutes=5)
    assert await keeper(vault, store, told).sweep("gate-0") == 0
    assert await one.sweep("gate-0") == 0
    assert asked[1:] == ["database/creds/rw/4"]  # its own three are in use
    assert (len(kept(store)), told.lost) == (4, [])


async def test_a_login_that_cannot_be_crossed_out_is_swept_again(
    vault: Vault, store: LeaseStore, told: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = keeper(vault, store, told)
    logins = DatabaseLogins(
        keeper=one, server="main", mount="database", roles=(LeasedRole(role="ro", verbs=frozenset(VerbClass)),)
    )
    login = await logins.open(make_session())

    def full(_lease_id: str) -> None:
        raise StoreError

    monkeypatch.setattr(store, "remove", full)
    with pytest.raises(SecretUnavailableError, match="is gone, but not crossed out"):
        await logins.close(login.user)
    monkeypatch.undo()
    told.time += timedelta(minutes=5)
    assert await one.sweep() == 1  # the vault takes no offence
    assert (vault.live, kept(store)) == (set(), ())


class BrokenStore(LeaseStore):
    def add(self, lease: Lease, *, holder: str, held_until: datetime) -> None:
        raise StoreError

    def abandoned(self, *, now: datetime, holder: str = "") -> tuple[Lease, ...]:
        raise StoreError

    def hold(self, lease_ids: Sequence[str], *, held_until: datetime) -> None:
        raise StoreError


async def test_what_cannot_be_written_down_is_not_used(vault: Vault, told: Told, tmp_path: Path) -> None:
    database = SqliteDatabase(tmp_path / "state.db")
    one = keeper(vault, BrokenStore(database), told)
    logins = DatabaseLogins(
        keeper=one, server="main", mount="database", roles=(LeasedRole(role="ro", verbs=frozenset(VerbClass)),)
    )
    with pytest.raises(SecretUnavailableError, match="cannot be written down"):
        await logins.open(make_session())
    assert (vault.roles, vault.live) == (["ro"], set())
    running = asyncio.create_task(one.run())
    await asyncio.sleep(0.05)
    assert not running.done()  # a store that fails is tried again
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    database.close()


async def test_the_first_role_that_covers_the_pass_is_the_one(vault: Vault, store: LeaseStore, told: Told) -> None:
    logins = DatabaseLogins(
        keeper=keeper(vault, store, told),
        server="main",
        mount="database",
        roles=(
            LeasedRole(role="ro", verbs=frozenset({VerbClass.READ})),
            LeasedRole(role="rw", verbs=frozenset({VerbClass.READ, VerbClass.WRITE})),
        ),
    )
    assert (await logins.open(session(VerbClass.READ, VerbClass.SESSION))).user == "v-ro-1"
    assert (await logins.open(session(VerbClass.WRITE))).user == "v-rw-2"
    with pytest.raises(SecretUnavailableError, match="covers a pass with the verbs ddl, read"):
        await logins.open(session(VerbClass.READ, VerbClass.DDL))
    assert vault.roles == ["ro", "rw"]
    await logins.close("v-ro-1")
    await logins.close("v-rw-2")
    assert vault.live == set()


async def test_a_vault_that_is_not_configured_any_more_keeps_its_rows(
    vault: Vault, store: LeaseStore, told: Told
) -> None:
    now = told.time
    lease = Lease(id="l", server="gone", resource="shop", session="s", user="u", expires=now)
    store.add(lease, holder="gate-0", held_until=now)
    assert await keeper(vault, store, told).sweep("gate-0") == 0
    assert kept(store) == (lease,)


async def test_a_refusal_makes_no_row(vault: Vault, store: LeaseStore, told: Told) -> None:
    vault.status = 403
    with pytest.raises(SecretUnavailableError, match="forbids this"):
        await keeper(vault, store, told).open("main", "database", "ro", make_session())
    assert kept(store) == ()


@dataclass
class Watched:
    """A store that lets the gate's first sweep run just when a lease has been written down."""

    store: LeaseStore
    sweep: Callable[[], object] = lambda: None

    def add(self, lease: Lease, *, holder: str, held_until: datetime) -> None:
        self.store.add(lease, holder=holder, held_until=held_until)
        self.sweep()

    def hold(self, lease_ids: Sequence[str], *, held_until: datetime) -> None:
        self.store.hold(lease_ids, held_until=held_until)

    def abandoned(self, *, now: datetime, holder: str = "") -> tuple[Lease, ...]:
        return self.store.abandoned(now=now, holder=holder)

    def remove(self, lease_id: str) -> None:
        self.store.remove(lease_id)


@pytest.mark.parametrize("waits", [True, False])
async def test_the_first_sweep_takes_no_login_that_is_just_being_made(
    vault: Vault, store: LeaseStore, told: Told, waits: bool
) -> None:
    """Class: a row of this process's name that is a former one's leavings by its name only. One that nobody waits for is swept."""
    watched = Watched(store)
    keeping = keeper(vault, watched, told)
    sweeps: list[asyncio.Task[int]] = []
    watched.sweep = lambda: sweeps.append(asyncio.get_running_loop().create_task(keeping.sweep("gate-0")))
    if not waits:
        vault.hold = asyncio.Event()
    opening = asyncio.get_running_loop().create_task(keeping.open("main", "database", "ro", make_session()))
    if not waits:
        await vault.asked.wait()
        opening.cancel()
        assert vault.hold is not None
        vault.hold.set()
        await until(lambda: bool(sweeps))
        await sweeps[0]
        await until(lambda: bool(kept(store)) or not vault.live)
        await keeping.sweep("gate-0")
        assert vault.live == set()
        return
    login = await opening
    assert await sweeps[0] == 0
    assert len(vault.live) == 1
    await keeping.close(login.user)
    assert vault.live == set()
