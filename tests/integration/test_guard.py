"""The row guard and the read-only floor, at the server."""

import asyncpg
import psycopg
import pytest

from passgate.core.action import VerbClass
from passgate.core.principal import PrincipalKind
from tests.integration.conftest import Gate

READ = frozenset({VerbClass.READ})
READ_WRITE = frozenset({VerbClass.READ, VerbClass.WRITE})


async def test_simple_within_and_over_the_limit(gate: Gate) -> None:
    out = await gate.psql(
        "-v",
        "VERBOSITY=verbose",
        text="update audit set what = 'y' where id <= 3;\nupdate audit set what = 'z' where id <= 4;\nselect 1;\n",
    )
    assert out.splitlines()[0] == "UPDATE 3"
    assert "ERROR:  42501: the statement was rolled back: it touched 4 rows, and 3 are allowed" in out
    assert "rule few-rows" in out
    assert out.endswith("1\n")
    assert gate.direct("select string_agg(what, '' order by id) from audit") == "yyyxx"
    assert "row.guard" in gate.recorder.types()
    assert "rolled_back" in gate.recorder.outcomes()


async def test_nothing_of_the_answer_is_seen_before_the_verdict(gate: Gate) -> None:
    out = await gate.psql("-c", "update audit set what = 'leak' returning what")
    assert "leak" not in out
    assert "rolled back" in out
    out = await gate.psql("-c", "update customers set name = 'n' where id = 2 returning id, email")
    assert out == "2|u***\nUPDATE 1\n"


@pytest.mark.parametrize("driver", ["psycopg", "asyncpg"])
async def test_extended_within_and_over_the_limit(gate: Gate, driver: str) -> None:
    if driver == "psycopg":
        async with await gate.connect(prepare_threshold=1) as connection:
            for n in (1, 2, 3):
                await connection.execute("update audit set what = %s where id <= %s", ("p", n))
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="touched 4 rows"):
                await connection.execute("update audit set what = %s where id <= %s", ("q", 4))
            cursor = await connection.execute("update audit set what = %s where id = %s returning id, what", ("r", 5))
            assert await cursor.fetchall() == [(5, "r")]
    else:
        connection = await gate.asyncpg()
        assert await connection.execute("update audit set what = $1 where id <= $2", "p", 3) == "UPDATE 3"
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute("update audit set what = $1 where id <= $2", "q", 4)
        assert await connection.fetch("update audit set what = $1 where id = $2 returning id", "r", 5) == [(5,)]
        await connection.close()
    assert gate.direct("select string_agg(what, '' order by id) from audit") == "pppxr"


async def test_triggers_and_cascades_count(gate: Gate) -> None:
    async with await gate.connect() as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="touched 6 rows"):
            await connection.execute("delete from customers where id = 3")  # five orders go with it
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="touched 6 rows"):
            await connection.execute("update orders set note = 'n' where id in (1, 2)")  # two log lines each
        await connection.execute("update orders set note = 'n' where id = 1")
    assert gate.direct("select count(*) from customers") == "20"
    assert gate.direct("select count(*) from audit") == "7"


async def test_counts_of_earlier_transactions_do_not_add_up(gate: Gate) -> None:
    async with await gate.connect() as connection:
        for n in range(1, 6):
            await connection.execute("update audit set what = 'again' where id = %s", (n,))
    assert gate.direct("select count(*) from audit where what = 'again'") == "5"


@pytest.mark.parametrize("prepared", [False, True])
async def test_inside_the_clients_own_block(gate: Gate, prepared: bool) -> None:
    async with await gate.connect(autocommit=False) as connection:
        parameters = (4,) if prepared else None
        await connection.execute("update audit set what = 'one' where id = 1")
        sql = "update audit set what = 'four' where id <= " + ("%s" if prepared else "4")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(sql, parameters)
        assert connection.info.transaction_status is psycopg.pq.TransactionStatus.INTRANS
        await connection.execute("update audit set what = 'two' where id = 2")
        await connection.commit()
    assert gate.direct("select string_agg(what, ',' order by id) from audit") == "one,two,x,x,x"


async def test_an_error_of_the_statement_itself_is_the_servers(gate: Gate) -> None:
    async with await gate.connect() as connection:
        with pytest.raises(psycopg.errors.DivisionByZero):
            await connection.execute("update audit set what = (1/0)::text where id = 1")
        with pytest.raises(psycopg.errors.DivisionByZero):
            await connection.execute("update audit set what = (1/%s)::text where id = 1", (0,))
        assert connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
        await connection.execute("begin")
        with pytest.raises(psycopg.errors.DivisionByZero):
            await connection.execute("update audit set what = (1/0)::text where id = 1")
        assert connection.info.transaction_status is psycopg.pq.TransactionStatus.INERROR
        await connection.execute("rollback")


async def test_a_deferred_constraint_speaks_at_the_statement(gate: Gate) -> None:
    gate.cluster.psql(
        "ALTER TABLE orders ALTER CONSTRAINT orders_customer_id_fkey DEFERRABLE INITIALLY DEFERRED", database="shop"
    )
    try:
        async with await gate.connect() as connection:
            with pytest.raises(psycopg.errors.ForeignKeyViolation):
                await connection.execute("update orders set customer_id = 999 where id = 1")
            assert await (await connection.execute("select 1")).fetchone() == (1,)
    finally:
        gate.cluster.psql("ALTER TABLE orders ALTER CONSTRAINT orders_customer_id_fkey NOT DEFERRABLE", database="shop")


async def test_what_cannot_be_guarded_is_refused_with_a_hint(gate: Gate) -> None:
    async with await gate.connect() as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="several statements") as refused:
            await connection.execute(b"update audit set what = 'a'; update audit set what = 'b'")
        assert "alone" in str(refused.value.diag.message_hint)
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="several in a batch"):  # noqa: PT012 - a pipeline raises where it ends
            async with connection.pipeline():
                await connection.execute("update audit set what = 'a' where id = 1")
                await connection.execute("update audit set what = 'b' where id = 2")
        assert connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
    assert gate.direct("select count(*) from audit where what = 'x'") == "5"


async def test_the_guards_savepoint_is_its_own(gate: Gate) -> None:
    async with await gate.connect() as connection:
        await connection.execute("begin")
        for sql in ("savepoint passgate_guard", "rollback to savepoint passgate_guard"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="the gate's own"):
                await connection.execute(sql.encode())
        await connection.execute("savepoint mine")
        await connection.execute("release savepoint mine")


async def test_an_agent_reads_on_the_floor_and_writes_through_the_guard(gate: Gate) -> None:
    gate.policies.current.max_rows = None
    gate.passes.add("agent", kind=PrincipalKind.AGENT, verbs=READ_WRITE)
    async with await gate.connect("agent") as connection:
        cursor = await connection.execute("show default_transaction_read_only")
        assert await cursor.fetchone() == ("on",)
        await connection.execute("update audit set what = 'agent' where id = 1")
        await connection.execute("update audit set what = %s where id = 2", ("agent",))
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await connection.execute("select setval('audit_id_seq', 100)")
        for opening in (b"begin", b"begin isolation level serializable", b"start transaction -- read only"):
            await connection.execute(opening)
            await connection.execute("update audit set what = 'block' where id = 3")
            await connection.execute("commit")
        await connection.execute(b"begin read only")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await connection.execute("update audit set what = 'no' where id = 4")
        await connection.execute("rollback")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute("set default_transaction_read_only = off")
        await connection.execute(
            b"update audit set what = 'm1' where id = 4; update audit set what = 'm2' where id = 5"
        )
        await connection.execute(b"begin; update audit set what = 'm3' where id = 5; commit")
    assert gate.direct("select string_agg(what, ',' order by id) from audit") == "agent,agent,block,m1,m3"


async def test_psycopg_and_asyncpg_transactions_of_agents(gate: Gate) -> None:
    gate.policies.current.max_rows = None
    gate.passes.add("agent", kind=PrincipalKind.AGENT, verbs=READ_WRITE)
    async with await gate.connect("agent", autocommit=False) as connection:
        await connection.execute("update audit set what = %s where id = 1", ("pg",))
    connection = await gate.asyncpg("agent")
    async with connection.transaction():
        await connection.executemany("update audit set what = $1 where id = $2", [("apg", 2), ("apg", 3)])
    await connection.close()
    assert gate.direct("select string_agg(what, ',' order by id) from audit") == "pg,apg,apg,x,x"


async def test_a_reading_agent_cannot_leave_the_floor(gate: Gate) -> None:
    gate.passes.add("reader", kind=PrincipalKind.AGENT, verbs=READ)
    async with await gate.connect("reader") as connection:
        for sql in (b"begin read/**/write", b"start transaction -- x\r read write", b"begin -- /*\n read write"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(sql)
        await connection.execute(b"begin")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(b"set transaction read write")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await connection.execute("select setval('audit_id_seq', 100)")
        await connection.execute("rollback")


async def test_a_rule_can_ask_for_the_floor_where_there_is_none(gate: Gate) -> None:
    async with await gate.connect() as connection:
        await connection.execute("select setval('audit_id_seq', 100)")
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            await connection.execute("select setval('audit_id_seq', 100) as floor")
        assert connection.info.transaction_status is psycopg.pq.TransactionStatus.IDLE
