"""The simple protocol, through a real gate to a real server."""

import psycopg
import pytest

from passgate.codecs.postgres.simple_query import Query
from tests.integration import raw
from tests.integration.conftest import Gate


async def test_psql_reads_masked_rows_through_tls_and_scram(gate: Gate) -> None:
    out = await gate.psql("-c", "select id, email from customers order by id limit 2")
    assert out == "1|u***\n2|u***\n"


async def test_a_refusal_says_why_and_keeps_the_connection(gate: Gate) -> None:
    out = await gate.psql("-v", "VERBOSITY=verbose", text="drop table orders;\nselect 42;\n")
    assert "ERROR:  42501: drop is not permitted" in out
    assert "rule no-drop" in out
    assert "HINT:  do something else" in out
    assert out.endswith("42\n")
    assert gate.direct("select count(*) from orders") == "100"


async def test_one_denied_statement_and_none_runs(gate: Gate) -> None:
    gate.policies.current.max_rows = None
    out = await gate.psql("-c", "insert into audit (what) values ('early'); drop table orders")
    assert "not permitted" in out
    assert gate.direct("select count(*) from audit where what = 'early'") == "0"


async def test_a_refusal_inside_a_block_keeps_the_block(gate: Gate) -> None:
    async with await gate.connect() as connection:
        await connection.execute("begin")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await connection.execute(b"drop table orders")
        assert connection.info.transaction_status is psycopg.pq.TransactionStatus.INTRANS
        cursor = await connection.execute("select 1")
        assert await cursor.fetchall() == [(1,)]
        await connection.execute("commit")


async def test_a_setting_cannot_carry_a_masked_value_out(gate: Gate) -> None:
    """The server reports some settings to the client by itself, whatever they were set to."""
    reader, writer = await raw.log_in(gate)
    texts = (
        "select set_config('application_name', reverse(email), false) from customers where id = 1",
        "select set_config('application_name', 'user' || id || '@example.com', false) from orders where id = 2",
    )
    told = b""
    for text in texts:
        writer.write(Query(text=text).encode())
        told += b"".join(body for kind, body in await raw.until(reader, b"Z") if kind == b"S")
    assert b"moc.elpmaxe" not in told
    assert told == b"application_name\0<EMAIL>\0"
    writer.write(Query(text="set timezone to 'Asia/Tokyo'").encode())
    assert (b"S", b"TimeZone\0Asia/Tokyo\0") in await raw.until(reader, b"Z")
    writer.close()
