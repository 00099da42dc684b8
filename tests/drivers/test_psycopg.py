import psycopg
import pytest

from passgate.testing import IssuedPass, RunningGate


@pytest.fixture
def connection(gate: RunningGate, agent: IssuedPass):
    with psycopg.connect(gate.dsn(agent), autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize("binary", [False, True])
def test_masks_hold_in_text_and_binary(connection, binary: bool) -> None:
    for _ in range(8):  # past psycopg's prepare threshold
        row = connection.execute(
            "SELECT id, name, email, ssn, joined, score FROM customers WHERE id = %s", (3,), binary=binary
        ).fetchone()
        assert row[0] == 3
        assert row[1] == "Customer 3"
        assert "customer3@" not in row[2]
        assert row[3] is None
        assert row[4].isoformat() == "2026-01-04"


def test_a_refusal_is_insufficient_privilege_with_detail_and_hint(connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as refused:
        connection.execute("DROP TABLE orders")
    assert refused.value.diag.message_detail
    assert refused.value.diag.message_hint
    assert connection.execute("SELECT 1").fetchone() == (1,)


def test_bulk_writes_are_rolled_back_and_small_ones_are_not(connection) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="rows"):
        connection.execute("UPDATE orders SET status = 'void' WHERE total > 3")
    assert connection.execute("SELECT count(*) FROM orders WHERE status = 'void'").fetchone() == (0,)
    assert connection.execute("UPDATE orders SET status = 'paid' WHERE id = %s", (5,)).rowcount == 1
    rows = connection.execute("UPDATE orders SET status = 'x' WHERE id IN (6, 7) RETURNING id").fetchall()
    assert sorted(rows) == [(6,), (7,)]


def test_transactions_and_savepoints(gate: RunningGate, agent: IssuedPass) -> None:
    with psycopg.connect(gate.dsn(agent)) as connection:
        with connection.transaction():
            connection.execute("UPDATE orders SET status = 'in' WHERE id = 20")
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("TRUNCATE orders")
            assert connection.execute("SELECT status FROM orders WHERE id = 20").fetchone() == ("in",)
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute("UPDATE orders SET status = 'gone' WHERE total > 3")
        assert connection.execute("SELECT status FROM orders WHERE id = 20").fetchone() == ("in",)


def test_pipeline_mode(connection) -> None:
    with connection.pipeline():
        cursors = [connection.execute("SELECT id, email FROM customers WHERE id = %s", (n,)) for n in range(1, 30)]
        for number, cursor in enumerate(cursors, start=1):
            identity, email = cursor.fetchone()
            assert identity == number
            assert f"customer{number}@" not in email


def test_a_refusal_in_a_pipeline_stops_only_its_batch(connection) -> None:
    with pytest.raises(psycopg.Error), connection.pipeline():  # noqa: PT012 - which of them raises is the driver's affair
        connection.execute("SELECT 1")
        connection.execute("DELETE FROM orders")
        connection.execute("SELECT 2")
    assert connection.execute("SELECT count(*) FROM orders").fetchone()[0] > 2000


def test_copy_out_is_masked(connection) -> None:
    with connection.cursor() as cursor, cursor.copy("COPY (SELECT id, email FROM customers) TO STDOUT") as copy:
        rows = list(copy.rows())
    assert len(rows) == 300
    assert not any(email.startswith("customer") for _, email in rows)


def test_server_side_cursor_is_masked(gate: RunningGate, agent: IssuedPass) -> None:
    with psycopg.connect(gate.dsn(agent)) as connection, connection.cursor(name="walk") as cursor:
        cursor.itersize = 50
        cursor.execute("SELECT id, email FROM customers ORDER BY id")
        rows = list(cursor)
    assert len(rows) == 300
    assert not any(email.startswith("customer") for _, email in rows)


def test_error_texts_do_not_show_masked_values(connection) -> None:
    for statement in (
        "INSERT INTO customers (id, name, email) VALUES (9001, 'x', 'customer5@example.com')",
        "SELECT email::int FROM customers WHERE id = 5",
    ):
        with pytest.raises(psycopg.Error) as failed:
            connection.execute(statement)
        said = str(failed.value) + str(failed.value.diag.message_detail)
        assert "customer5@example.com" not in said


def test_inference_on_masked_columns_is_denied(connection) -> None:
    for statement in (
        "SELECT name FROM customers WHERE ssn LIKE '536%'",
        "SELECT name FROM customers ORDER BY ssn",
        "SELECT count(*) FROM customers GROUP BY left(email, 3)",
        "SELECT * FROM payments",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(statement)
