"""Prepared statements, portals, pipelines and cursors, as psycopg and asyncpg use them."""

import asyncpg
import psycopg
import pytest

from passgate.core.decision import Outcome
from tests.integration.conftest import Gate


@pytest.mark.parametrize("binary", [False, True])
async def test_psycopg_prepared_reuse_keeps_masks(gate: Gate, binary: bool) -> None:
    async with await gate.connect(prepare_threshold=1) as connection:
        for _ in range(4):
            cursor = connection.cursor(binary=binary)
            await cursor.execute("select id, email from customers where id = %s", (7,))
            assert await cursor.fetchall() == [(7, "u***")]
        assert len(connection._prepared._names) == 1


async def test_asyncpg_prepared_reuse_keeps_masks(gate: Gate) -> None:
    connection = await gate.asyncpg()
    statement = await connection.prepare("select id, email from customers where id = $1")
    for _ in range(3):
        assert [tuple(row) for row in await statement.fetch(3)] == [(3, "u***")]
    assert await connection.fetchval("select email from customers where id = $1", 9) == "u***"
    await connection.close()


async def test_asyncpg_cursor_reads_in_parts_with_masks_and_one_intent(gate: Gate) -> None:
    connection = await gate.asyncpg()
    async with connection.transaction():
        seen = [
            record["email"] async for record in connection.cursor("select email from customers order by id", prefetch=6)
        ]
    assert seen == ["u***"] * 20
    intents = [e for e in gate.recorder.events if e.type.value == "action.intent" and "email" in (e.text or "")]
    outcomes = [e for e in gate.recorder.events if e.type.value == "action.outcome" and e.detail["rows"] == 20]
    assert len(intents) == 1
    assert len(outcomes) == 1
    await connection.close()


async def test_a_denied_text_is_refused_at_parse_and_the_connection_goes_on(gate: Gate) -> None:
    connection = await gate.asyncpg()
    with pytest.raises(asyncpg.InsufficientPrivilegeError) as refused:
        await connection.prepare("select ssn from customers where id = $1")
    assert refused.value.hint == "do something else"
    assert await connection.fetchval("select 1 + $1::int", 1) == 2
    await connection.close()


async def test_bound_values_are_judged_at_execute_in_text_and_binary(gate: Gate) -> None:
    async with await gate.connect() as connection:
        for binary in (False, True):
            cursor = connection.cursor(binary=binary)
            await cursor.execute("select %s::text as secret_of", ("good",))
            assert await cursor.fetchone() == ("good",)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await cursor.execute("select %s::text as secret_of", ("evil",))


async def test_policy_that_changed_since_parse_counts(gate: Gate) -> None:
    connection = await gate.asyncpg()
    statement = await connection.prepare("show work_mem")
    assert await statement.fetchval()
    gate.policies.current.version, gate.policies.current.denied = "v2", ("show",)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await statement.fetchval()
    await connection.close()


async def test_a_refusal_in_a_pipeline_comes_in_its_turn_and_undoes_the_batch(gate: Gate) -> None:
    gate.policies.current.max_rows = None
    async with await gate.connect() as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):  # noqa: PT012 - a pipeline raises where it ends
            async with connection.pipeline():
                first = await connection.execute("insert into audit (what) values ('half') returning what")
                await connection.execute("drop table orders")
                third = await connection.execute("select 3")
        assert await first.fetchall() == [("half",)]
        assert third.pgresult is None or third.pgresult.status != psycopg.pq.ExecStatus.TUPLES_OK
        assert connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
        assert await (await connection.execute("select 5")).fetchone() == (5,)
    assert gate.direct("select count(*) from audit where what = 'half'") == "0"


async def test_a_refusal_in_a_pipeline_inside_a_block_keeps_the_block(gate: Gate) -> None:
    gate.policies.current.max_rows = None
    async with await gate.connect() as connection:
        await connection.execute("begin")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):  # noqa: PT012 - a pipeline raises where it ends
            async with connection.pipeline():
                await connection.execute("insert into audit (what) values ('kept')")
                await connection.execute("drop table orders")
        assert connection.info.transaction_status is psycopg.pq.TransactionStatus.INTRANS
        await connection.execute("commit")
    assert gate.direct("select count(*) from audit where what = 'kept'") == "1"


async def test_a_long_pipeline(gate: Gate) -> None:
    async with await gate.connect() as connection:
        async with connection.pipeline():
            cursors = [
                await connection.execute("select %s::int, email from customers where id = 1", (n,)) for n in range(500)
            ]
        assert [await cursor.fetchone() for cursor in cursors] == [(n, "u***") for n in range(500)]


async def test_server_cursor_and_copy(gate: Gate) -> None:
    async with await gate.connect(autocommit=False) as connection:
        async with connection.cursor(name="c") as cursor:
            await cursor.execute("select id, email from customers order by id")
            assert await cursor.fetchmany(2) == [(1, "u***"), (2, "u***")]
        async with connection.cursor().copy("copy customers (id, email) to stdout") as copy:
            rows = [row async for row in copy.rows()]
        assert len(rows) == 20
        assert all("example" not in (email or "") for _, email in rows)


async def test_copy_in_simple_and_failed(gate: Gate) -> None:
    async with await gate.connect() as connection:
        async with connection.cursor().copy("copy audit (what) from stdin") as copy:
            for n in range(100):
                await copy.write_row((f"copied {n}",))
        assert gate.direct("select count(*) from audit where what like 'copied%'") == "100"
        with pytest.raises(psycopg.errors.BadCopyFileFormat):
            async with connection.cursor().copy("copy audit (id, what) from stdin") as copy:
                await copy.write(b"1\n" * 1000)
        assert await (await connection.execute("select 1")).fetchone() == (1,)


async def test_errors_of_the_server_are_withheld_where_masked_columns_are_touched(gate: Gate) -> None:
    gate.policies.current.max_rows = None
    async with await gate.connect() as connection:
        with pytest.raises(psycopg.errors.UniqueViolation) as clash:
            await connection.execute("insert into customers (id, name, email) values (77, 'x', 'user1@example.com')")
        assert "user1" not in str(clash.value.diag.message_detail)
        assert "withheld" in str(clash.value.diag.message_detail)
        with pytest.raises(psycopg.errors.InvalidTextRepresentation) as cast:
            await connection.execute("select 'bob@example.com'::int")
        assert "<EMAIL>" in str(cast.value.diag.message_primary)


async def test_an_approved_statement_runs_and_a_refused_one_does_not(gate: Gate) -> None:
    connection = await gate.asyncpg()
    gate.answers.answer.set_result(Outcome.ALLOW)
    assert await connection.fetchval("select 'held' || $1::text", "x") == "heldx"
    gate.answers.answer = gate.answers.answer.get_loop().create_future()
    gate.answers.answer.set_result(Outcome.DENY)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetchval("select 'held' || $1::text", "y")
    assert await connection.fetchval("select 1") == 1
    await connection.close()


async def test_limited_rows_are_cut_with_a_notice(gate: Gate) -> None:
    notices: list[str] = []
    async with await gate.connect() as connection:
        connection.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
        cursor = await connection.execute("select what from audit")
        assert len(await cursor.fetchall()) == 2
        assert cursor.statusmessage == "SELECT 2"
    assert notices == ["the result was cut at 2 rows"]
