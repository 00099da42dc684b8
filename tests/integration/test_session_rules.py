"""Smaller rules of a running session, each seen at the server."""

import asyncio

import asyncpg
import psycopg
import pytest

from passgate.core.decision import Outcome
from passgate.core.event import EventType
from passgate.endpoints.postgres import Limits, holding
from tests.integration.conftest import Gate
from tests.integration.raw import log_in, message, until
from tests.integration.test_back_pressure import relay
from tests.integration.test_ending import query


@pytest.mark.parametrize("sql", [b"set client_encoding = 'LATIN1'", b"set standard_conforming_strings = off"])
async def test_a_session_whose_lexing_changed_ends(gate: Gate, sql: bytes) -> None:
    connection = await gate.connect()
    ended = relay(gate).finished
    with pytest.raises(psycopg.errors.InternalError_, match="was changed"):
        await connection.execute(sql)
    await ended
    assert gate.recorder.events[-1].type is EventType.SESSION_END
    assert "changed" in str(gate.recorder.events[-1].detail["reason"])


async def test_notifications_are_scanned(gate: Gate) -> None:
    connection = await gate.asyncpg()
    heard: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    await connection.add_listener("news", lambda *given: heard.set_result(given[3]))
    gate.direct("notify news, 'from bob@example.com'")
    async with asyncio.timeout(5):
        assert await heard == "from <EMAIL>"
    await connection.remove_listener("news", lambda *_: None)
    await connection.close()


async def test_a_detector_that_fails_shows_nothing(gate: Gate) -> None:
    gate.direct("update customers set email = 'boom@example.com' where id = 5")
    async with await gate.connect() as connection:
        with pytest.raises(psycopg.errors.InternalError_):
            await connection.execute("select email from customers")
        with pytest.raises(psycopg.errors.InvalidTextRepresentation) as withheld:
            await connection.execute("select 'boom'::int")
        assert withheld.value.diag.message_primary == "invalid text representation"
        assert await (await connection.execute("select 1")).fetchone() == (1,)


async def test_function_calls_and_unknown_messages(gate: Gate) -> None:
    reader, writer = await log_in(gate)
    writer.write(b"F\0\0\0\x0e" + b"\0\0\0\1" + b"\0\0" * 3)
    assert (await message(reader))[0] == b"E"
    assert await message(reader) == (b"Z", b"I")
    assert gate.recorder.events[-1].detail["sqlstate"] == "0A000"
    writer.write(b"~\0\0\0\4")
    rest = await reader.read()
    assert b"08P01" in rest
    assert EventType.PROTOCOL_ERROR in [event.type for event in gate.recorder.events]
    writer.close()


async def test_statements_prepared_by_sql_cannot_be_bound_by_the_protocol(gate: Gate) -> None:
    connection = await gate.asyncpg(statement_cache_size=0)
    statement = await connection.prepare("select 1", name="mine")
    await connection.execute("deallocate mine")
    await connection.execute("prepare mine as select 2")
    with pytest.raises(asyncpg.InvalidSQLStatementNameError):
        await statement.fetchval()
    await connection.close()


async def test_a_pool_may_close_all_and_go_on_with_its_statements(gate: Gate) -> None:
    connection = await gate.asyncpg()
    statement = await connection.prepare("select 1")
    await connection.execute("close all; unlisten *; reset all")
    assert await statement.fetchval() == 1
    await connection.close()


async def test_a_cursor_is_judged_again_when_the_policy_changes_between_parts(gate: Gate) -> None:
    connection = await gate.asyncpg()
    async with connection.transaction():
        cursor = await connection.cursor("show all")
        assert len(await cursor.fetch(3)) == 3
        gate.policies.current.version, gate.policies.current.denied = "v2", ("show",)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await cursor.fetch(3)
        gate.policies.current.version, gate.policies.current.denied = "v3", ()
        assert len(await cursor.fetch(3)) == 3
    await connection.close()


@pytest.mark.parametrize("outcome", [Outcome.ALLOW, Outcome.DENY])
async def test_a_held_query_waits_for_people(gate: Gate, outcome: Outcome) -> None:
    reader, writer = await log_in(gate)
    writer.write(query("select 'held'") + query("select 2"))
    kind, said = await message(reader)
    assert kind == b"N"
    assert b"request r1" in said
    early = asyncio.create_task(message(reader))
    await asyncio.sleep(0.05)
    assert not early.done()
    gate.answers.answer.set_result(outcome)
    assert (await early)[0] == (b"T" if outcome is Outcome.ALLOW else b"E")
    await until(reader, b"Z")
    assert [kind for kind, _ in await until(reader, b"Z")] == [b"T", b"D", b"C", b"Z"]
    writer.close()


async def test_a_client_that_waits_is_reminded(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "REMINDER_SECONDS", 0.01)
    reader, writer = await log_in(gate)
    writer.write(query("select 'held'"))
    assert [(await message(reader))[0] for _ in range(3)] == [b"N"] * 3
    gate.answers.answer.set_result(Outcome.ALLOW)
    assert [kind for kind, _ in await until(reader, b"Z") if kind != b"N"] == [b"T", b"D", b"C", b"Z"]
    writer.close()


async def test_what_waits_for_people_can_be_called_off(gate: Gate) -> None:
    async with await gate.connect() as connection:
        told = asyncio.Event()
        connection.add_notice_handler(lambda _notice: told.set())
        waiting = asyncio.create_task(connection.execute("select 'held'"))
        await told.wait()
        await connection.cancel_safe()
        with pytest.raises(psycopg.errors.QueryCanceled):
            await waiting
        assert await (await connection.execute("select 2")).fetchone() == (2,)
    assert "action.refused" in gate.recorder.types()


async def test_a_client_that_leaves_while_it_waits_leaves_nothing_running(gate: Gate) -> None:
    reader, writer = await log_in(gate)
    ended = relay(gate).finished
    writer.write(query("select 'held'"))
    await message(reader)
    writer.close()
    await ended
    assert "action.intent" not in gate.recorder.types()


async def test_what_cannot_run_in_a_transaction_is_not_guarded(gate: Gate) -> None:
    async with await gate.connect() as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="cannot run in a transaction"):
            await connection.execute("update audit set what = 'concurrently' where id = 1")


class TestLimits:
    @pytest.fixture
    def limits(self) -> Limits:
        return Limits(guarded=10_000)

    async def test_a_guarded_answer_is_bounded(self, gate: Gate) -> None:
        async with await gate.connect() as connection:
            with pytest.raises(psycopg.errors.ProgramLimitExceeded, match="may have 10000 bytes"):
                await connection.execute("update audit set what = 'z' where id = 1 returning repeat('x', 50000)")
            assert connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
            assert await (await connection.execute("select what from audit where id = 1")).fetchone() == ("x",)
