"""Sessions end from outside within two seconds, and what they were running ends with them; clients cancel only what is theirs."""

import asyncio
import contextlib
import time
from datetime import timedelta

import psycopg
import pytest

from passgate.codecs.postgres.cancellation import CancelRequest
from passgate.endpoints.postgres import Limits
from tests.integration.conftest import Gate

BOUND = 2.0
RUNNING = "select count(*) from pg_stat_activity where application_name like 'passgate:%' and state = 'active'"


async def until_active(gate: Gate, text: str) -> None:
    await gate.until(f"{RUNNING} and query like '%{text}%' and pid <> pg_backend_pid()", "1")


async def until_gone(gate: Gate) -> None:
    await gate.until("select count(*) from pg_stat_activity where application_name like 'passgate:0%'", "0")


async def revoke(gate: Gate, pass_id: str = "svc") -> float:
    """Seconds from the revocation until no backend of the gate's clients is left."""
    started = time.monotonic()
    assert gate.live.revoke([pass_id]) == 1
    async with asyncio.timeout(10):
        await until_gone(gate)
    return time.monotonic() - started


async def test_revoked_while_it_sleeps(gate: Gate) -> None:
    connection = await gate.connect()
    sleeping = asyncio.create_task(connection.execute("select pg_sleep(60)"))
    await until_active(gate, "pg_sleep")
    assert await revoke(gate) < BOUND
    with pytest.raises(psycopg.errors.AdminShutdown, match="the pass was revoked"):
        await sleeping
    assert gate.live.list() == ()
    await asyncio.sleep(0)
    assert gate.recorder.types()[-2:] == ["session.end", "session.cancelled"]
    assert gate.recorder.events[-1].detail["delivered"] is True
    assert gate.recorder.outcomes()[-1] == "cancelled"


async def test_a_pass_that_expires_ends_its_session(gate: Gate) -> None:
    gate.passes.add("brief", ttl=timedelta(seconds=1))
    connection = await gate.connect("brief")
    started = time.monotonic()
    with pytest.raises(psycopg.errors.AdminShutdown, match="the pass has expired"):
        await connection.execute("select pg_sleep(60)")
    await until_gone(gate)
    assert time.monotonic() - started < 1 + BOUND


async def test_revoked_in_the_middle_of_copy_in(gate: Gate) -> None:
    connection = await gate.connect()
    with contextlib.suppress(psycopg.Error):
        async with connection.cursor().copy("copy audit (what) from stdin") as copy:
            await copy.write_row(("never",))
            await until_active(gate, "copy audit")
            assert await revoke(gate) < BOUND
    assert gate.direct("select count(*) from audit where what = 'never'") == "0"


async def test_revoked_in_the_middle_of_copy_out_that_nobody_reads(gate: Gate) -> None:
    reader, writer = await raw_session(gate)
    writer.write(query("copy (select repeat('x', 1000) from generate_series(1, 1000000)) to stdout"))
    await reader.readexactly(100_000)
    await until_active(gate, "copy ")
    assert await revoke(gate) < BOUND
    writer.transport.abort()


async def test_revoked_while_its_client_does_not_read_rows(gate: Gate) -> None:
    reader, writer = await raw_session(gate)
    writer.write(query("select repeat('x', 1000) from generate_series(1, 1000000)"))
    await reader.readexactly(100_000)
    await until_active(gate, "select repeat")
    assert await revoke(gate) < BOUND
    writer.transport.abort()


async def test_an_idle_session_is_told_why(gate: Gate) -> None:
    reader, writer = await raw_session(gate)
    assert await revoke(gate) < BOUND
    rest = await reader.read()
    assert b"57P01" in rest
    assert b"the session was ended: the pass was revoked" in rest
    writer.close()


async def test_a_client_that_leaves_takes_its_statement_with_it(gate: Gate) -> None:
    _, writer = await raw_session(gate)
    writer.write(query("select pg_sleep(60)"))
    await until_active(gate, "pg_sleep")
    writer.transport.abort()
    async with asyncio.timeout(BOUND):
        await until_gone(gate)


async def test_what_was_sent_before_the_goodbye_is_carried_out(gate: Gate) -> None:
    gate.policies.current.max_rows = None
    reader, writer = await raw_session(gate)
    writer.write(query("select pg_sleep(0.2)") + query("insert into audit (what) values ('last')") + b"X\0\0\0\4")
    await reader.read()
    await until_gone(gate)
    assert gate.direct("select count(*) from audit where what = 'last'") == "1"


async def test_cancel_reaches_the_own_statement_only(gate: Gate) -> None:
    first, second = await gate.connect(), await gate.connect()
    sleeping = [asyncio.create_task(c.execute("select pg_sleep(60)")) for c in (first, second)]
    await gate.until(f"{RUNNING} and query like '%pg_sleep%' and pid <> pg_backend_pid()", "2")
    forged = CancelRequest(process_id=second.info.backend_pid, key=b"\0\0\0\0").encode()
    _, writer = await asyncio.open_connection("127.0.0.1", gate.endpoint.port)
    writer.write(forged)
    writer.close()
    await first.cancel_safe(timeout=5)
    with pytest.raises(psycopg.errors.QueryCanceled):
        await sleeping[0]
    assert not sleeping[1].done()
    assert await (await first.execute("select 1")).fetchone() == (1,)
    assert gate.direct(f"{RUNNING} and query like '%pg_sleep%' and pid <> pg_backend_pid()") == "1"
    await second.cancel_safe(timeout=5)
    with pytest.raises(psycopg.errors.QueryCanceled):
        await sleeping[1]
    for connection in (first, second):
        assert connection.info.backend_pid not in gate_pids(gate)
        await connection.close()


async def test_the_gate_closes_with_all_its_sessions(gate: Gate) -> None:
    connections = [await gate.connect() for _ in range(5)]
    await gate.endpoint.close()
    assert gate.live.list() == ()
    for connection in connections:
        with pytest.raises(psycopg.OperationalError):
            await connection.execute("select 1")


class TestLimits:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(statement=0.5, idle=1.0, result_rows=1000, result_bytes=100_000, text=2000)

    async def test_a_statement_that_takes_too_long(self, gate: Gate) -> None:
        async with await gate.connect() as connection:
            started = time.monotonic()
            with pytest.raises(psycopg.errors.QueryCanceled, match=r"longer than 0\.5 seconds"):
                await connection.execute("select pg_sleep(60)")
            assert time.monotonic() - started < BOUND
            assert await (await connection.execute("select 1")).fetchone() == (1,)
        assert "bound.hit" in gate.recorder.types()

    async def test_a_result_that_is_too_long(self, gate: Gate) -> None:
        async with await gate.connect() as connection:
            for parameters in (None, (10**5,)):
                sql = "select n from generate_series(1, " + ("100000" if parameters is None else "%s::int") + ") n"
                with pytest.raises(psycopg.errors.ProgramLimitExceeded, match="more than 1000 rows"):
                    await connection.execute(sql, parameters)
            with pytest.raises(psycopg.errors.ProgramLimitExceeded, match="more than 100000 bytes"):
                await connection.execute("select repeat('x', 200000)")
            assert await (await connection.execute("select 1")).fetchone() == (1,)

    async def test_a_session_that_says_nothing(self, gate: Gate) -> None:
        reader, writer = await raw_session(gate)
        async with asyncio.timeout(3):
            rest = await reader.read()
        assert b"57P05" in rest
        writer.close()

    async def test_a_statement_that_is_too_large(self, gate: Gate) -> None:
        connection = await gate.connect()
        with pytest.raises(psycopg.errors.ProtocolViolation):
            await connection.execute(b"select '" + b"x" * 3000 + b"'")
        assert "protocol.error" in gate.recorder.types()


def gate_pids(gate: Gate) -> list[int]:
    """Process ids as the server knows them."""
    return [int(pid) for pid in gate.direct("select pid from pg_stat_activity where pid is not null").split()]


def query(text: str) -> bytes:
    body = text.encode() + b"\0"
    return b"Q" + (len(body) + 4).to_bytes(4, "big") + body


async def raw_session(gate: Gate) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A logged-in session of which the test reads and writes every byte."""
    from tests.integration.raw import log_in

    return await log_in(gate)
