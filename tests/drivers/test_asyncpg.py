import ssl

import asyncpg
import pytest

from passgate.testing import IssuedPass, RunningGate


@pytest.fixture
async def connection(gate: RunningGate, agent: IssuedPass):
    context = ssl.create_default_context(cafile=str(gate.ca))
    connection = await asyncpg.connect(
        host="127.0.0.1", port=gate.port, user=agent.id, password=agent.secret, database="shop", ssl=context
    )
    yield connection
    await connection.close()


async def test_prepared_statements_keep_their_masks(connection) -> None:
    statement = await connection.prepare("SELECT id, name, email, ssn FROM customers WHERE id = $1")
    for number in (1, 2, 3):
        row = await statement.fetchrow(number)
        assert row["id"] == number
        assert f"customer{number}@" not in row["email"]
        assert row["ssn"] is None


async def test_cursors_come_in_portions(connection) -> None:
    async with connection.transaction():
        rows = [row async for row in connection.cursor("SELECT id, email FROM customers", prefetch=40)]
    assert len(rows) == 300
    assert not any(row["email"].startswith("customer") for row in rows)


async def test_a_refusal_keeps_the_connection(connection) -> None:
    with pytest.raises(asyncpg.InsufficientPrivilegeError) as refused:
        await connection.execute("TRUNCATE orders")
    assert refused.value.hint
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.fetch("SELECT name FROM customers WHERE ssn = $1", "536-90-1001")
    assert await connection.fetchval("SELECT count(*) FROM customers") == 300


async def test_executemany_and_types(connection) -> None:
    async with connection.transaction():  # several guarded writes in one implicit batch are refused
        await connection.executemany("UPDATE orders SET status = $1 WHERE id = $2", [("a", 31), ("b", 32)])
    assert await connection.fetchval("SELECT status FROM orders WHERE id = 32") == "b"
    row = await connection.fetchrow("SELECT score, joined FROM customers WHERE id = 4")
    assert str(row["score"]) == "2.0000000000000000"


async def test_copy_from_query_is_masked(connection, tmp_path) -> None:
    for kind in ("text", "csv", "binary"):
        target = tmp_path / kind
        await connection.copy_from_query("SELECT id, email FROM customers", output=str(target), format=kind)
        copied = target.read_bytes()
        assert b"customer1" not in copied
        assert len(copied) > 2000


async def test_a_type_of_the_databases_own_is_looked_up(connection) -> None:
    """To look one up, asyncpg turns jit off with set_config() and on again."""
    assert await connection.fetchval("SELECT array['calm'::mood]") == ["calm"]
    assert await connection.fetchval("SHOW jit") == "on"


async def test_rows_of_arrays_side_by_side(connection) -> None:
    rows = await connection.fetch("SELECT * FROM unnest($1::int[], $2::text[]) AS t(a, b)", [1, 2], ["x", "y"])
    assert [tuple(row) for row in rows] == [(1, "x"), (2, "y")]


async def test_set_config_lasts_as_set_does(connection) -> None:
    await connection.fetch("SELECT set_config('TimeZone', 'Asia/Tokyo', false)")
    assert await connection.fetchval("SHOW timezone") == "Asia/Tokyo"
