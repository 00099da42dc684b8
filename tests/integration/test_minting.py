"""A role of its own for each session, at a real server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from passgate.core.action import VerbClass
from passgate.core.errors import TargetUnavailableError
from passgate.endpoints.postgres import Minter, Upstream
from passgate.testing import PostgresCluster
from tests.integration.conftest import Gate, Secret
from tests.unit.pipeline.steps import make_session

ROLES = """\
CREATE ROLE minter LOGIN CREATEROLE PASSWORD 'minter-password';
CREATE ROLE shop_read; CREATE ROLE shop_write; GRANT shop_read, shop_write TO minter WITH ADMIN OPTION;
"""
GRANTS = """\
GRANT SELECT ON ALL TABLES IN SCHEMA public TO shop_read;
GRANT SELECT, UPDATE ON ALL TABLES IN SCHEMA public TO shop_write;
GRANT CREATE ON SCHEMA public TO shop_write, minter;
"""
MINTED = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'passgate\\_%'"


@pytest.fixture(scope="module", autouse=True)
def _roles(cluster: PostgresCluster) -> Iterator[None]:
    cluster.psql(ROLES)
    yield
    cluster.psql("DROP OWNED BY shop_read, shop_write, minter", database="shop")
    cluster.psql("DROP ROLE minter, shop_read, shop_write")


@pytest.fixture
def upstream(cluster: PostgresCluster) -> Upstream:
    return Upstream(
        host=cluster.host,
        port=cluster.port,
        database="shop",
        user="minter",
        credential=Secret("minter-password"),
        ca=cluster.ca,
    )


@pytest.fixture
async def minter(upstream: Upstream) -> AsyncIterator[Minter]:
    minter = Minter(upstream, {VerbClass.READ: ("shop_read",), VerbClass.WRITE: ("shop_write",)})
    yield minter
    minter.close()


@pytest.fixture
async def minted(gate: Gate, minter: Minter, upstream: Upstream) -> Gate:
    """The gate with a minter for the resource ``shop``, and passes that read and that write."""
    gate.direct(GRANTS)
    targets = gate.endpoint._resources
    gate.endpoint._resources = {**targets, "shop": replace(targets["shop"], upstream=upstream, minter=minter)}
    gate.passes.add("reader", verbs=frozenset({VerbClass.READ}))
    return gate


def own(gate: Gate) -> str:
    """Rights of the one session's role, as the server has them."""
    return gate.direct(
        "SELECT string_agg(m.rolname, ',' ORDER BY m.rolname) FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.roleid"
        " JOIN pg_roles r ON r.oid = a.member WHERE r.rolname LIKE 'passgate\\_%'"
    )


async def test_a_session_logs_in_as_a_role_of_its_own_that_goes_with_it(minted: Gate) -> None:
    connection = await minted.connect("reader")
    cursor = await connection.execute("select current_user, session_user")
    current, session = await cursor.fetchone() or ("", "")
    assert current == session
    assert str(current).startswith("passgate_01")
    assert own(minted) == "shop_read"
    limits = "rolconnlimit, rolsuper, rolcreaterole, rolcreatedb, rolbypassrls, rolreplication"
    assert minted.direct(f"SELECT {limits} FROM pg_roles WHERE rolname = '{current}'") == "2|f|f|f|f|f"
    await connection.close()
    await minted.until(MINTED, "0")
    events = [event for event in minted.recorder.events if event.type.value.startswith("credential.")]
    assert [event.type.value for event in events] == ["credential.minted", "credential.dropped"]
    assert {event.detail["role"] for event in events} == {current}


async def test_the_role_has_what_the_pass_covers_and_the_server_itself_refuses_the_rest(minted: Gate) -> None:
    reader, writer = await minted.connect("reader"), await minted.connect("svc")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await reader.execute("select 1 from customers for update")
    await writer.execute("select 1 from customers for update")
    await reader.close()
    await writer.close()
    await minted.until(MINTED, "0")


async def test_what_a_session_made_stays_and_is_the_gates(minted: Gate) -> None:
    connection = await minted.connect("svc")
    await connection.execute("create table kept_by_minting (id int)")
    await connection.close()
    await minted.until(MINTED, "0")
    owner = "SELECT tableowner FROM pg_tables WHERE tablename = 'kept_by_minting'"
    assert minted.direct(owner) == "minter"
    minted.direct("DROP TABLE kept_by_minting")


async def test_a_role_that_cannot_be_made_lets_nobody_in(minted: Gate, minter: Minter, upstream: Upstream) -> None:
    broken = Minter(replace(upstream, credential=Secret("wrong")), {VerbClass.READ: ("shop_read",)})
    targets = minted.endpoint._resources
    minted.endpoint._resources = {**targets, "shop": replace(targets["shop"], minter=broken)}
    with pytest.raises(psycopg.OperationalError, match='resource "shop" cannot be reached'):
        await minted.connect("reader")
    broken.close()
    assert minted.direct(MINTED) == "0"


async def test_a_role_that_a_crash_left_behind_is_swept_once_its_time_is_over(
    minter: Minter, cluster: PostgresCluster
) -> None:
    over, live = make_session(), make_session()
    over.id, live.id = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAW"
    over.pass_ = replace(over.pass_, expires=datetime.now(UTC) - timedelta(seconds=1))
    live.pass_ = replace(live.pass_, expires=datetime.now(UTC) + timedelta(hours=1))
    await asyncio.gather(minter.mint(over), minter.mint(live))
    cluster.psql("CREATE ROLE passgate_of_the_operator VALID UNTIL '2020-01-01'")
    assert await minter.sweep() == ["passgate_01arz3ndektsv4rrffq69g5fav"]
    assert cluster.psql(MINTED) == "2"
    await minter.drop("passgate_01arz3ndektsv4rrffq69g5faw")
    cluster.psql("DROP ROLE passgate_of_the_operator")
    with pytest.raises(TargetUnavailableError):
        await minter.drop("passgate_01arz3ndektsv4rrffq69g5faw")


async def test_nothing_shows_the_password(minter: Minter, cluster: PostgresCluster) -> None:
    session = make_session()
    session.id = "01ARZ3NDEKTSV4RRFFQ69G5FAX"
    session.pass_ = replace(session.pass_, expires=datetime.now(UTC) + timedelta(hours=1))
    login = await minter.mint(session)
    password = await login.credential.obtain()
    assert password not in repr(login)
    log = (cluster.directory / "server.log").read_text()
    assert password not in log
    assert (
        cluster.psql(f"SELECT rolpassword LIKE 'SCRAM-SHA-256$4096:%' FROM pg_authid WHERE rolname = '{login.user}'")
        == "t"
    )
    await minter.drop(login.user)
