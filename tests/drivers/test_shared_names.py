"""SQL's PREPARE and DECLARE share their names with the protocol's statements and portals: no order of the two may swap a text."""

import psycopg
import pytest
from psycopg import pq

from passgate.testing import IssuedPass, RunningGate

HARMLESS = "SELECT id::text FROM customers WHERE id = 5"
MASKED = "SELECT email || '' FROM customers WHERE id = 5"
CLEAR = b"customer5@example.com"


@pytest.fixture
def wire(gate: RunningGate, agent: IssuedPass):
    with psycopg.connect(gate.dsn(agent), autocommit=True) as connection:
        yield connection.pgconn


def seen(result: pq.abc.PGresult) -> list[bytes | None]:
    return [result.get_value(row, 0) for row in range(result.ntuples)]


def run(wire: pq.abc.PGconn, text: str) -> pq.abc.PGresult:
    return wire.exec_(text.encode())


def test_a_prepared_name_of_sql_cannot_be_given_another_text(wire: pq.abc.PGconn) -> None:
    run(wire, f"PREPARE p AS {HARMLESS}")
    wire.close_prepared(b"p")
    wire.prepare(b"p", MASKED.encode())
    assert CLEAR not in seen(run(wire, "EXECUTE p"))


def test_a_wire_statement_whose_name_sql_took_over_is_not_run(wire: pq.abc.PGconn) -> None:
    wire.prepare(b"q", HARMLESS.encode())
    assert seen(wire.exec_prepared(b"q", [])) == [b"5"]
    run(wire, "DEALLOCATE q")
    run(wire, f"PREPARE q AS {MASKED}")
    result = wire.exec_prepared(b"q", [])
    assert CLEAR not in seen(result)


def test_deallocate_all_forgets_them_too(wire: pq.abc.PGconn) -> None:
    wire.prepare(b"r", HARMLESS.encode())
    run(wire, "DEALLOCATE ALL")
    run(wire, f"PREPARE r AS {MASKED}")
    assert CLEAR not in seen(wire.exec_prepared(b"r", []))
    assert seen(run(wire, "SELECT 1")) == [b"1"]
