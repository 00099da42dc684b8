import pytest

from tests.unit.languages.sql.shop import action, said


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE t (a int DEFAULT wipe())",
        "CREATE TABLE t (a int CHECK (wipe() > a))",
        "CREATE TABLE t (a int GENERATED ALWAYS AS (a + wipe()) STORED)",
        "CREATE TABLE t (a int, CHECK (wipe() > a))",
        "CREATE TABLE t (a int, EXCLUDE USING gist ((a + wipe()) WITH =) WHERE (a > 1))",
        "CREATE TABLE t (a int, EXCLUDE USING gist (a WITH =) WHERE (a > wipe()))",
        "CREATE TABLE t PARTITION OF events FOR VALUES FROM (wipe()) TO (2)",
        "CREATE TABLE t PARTITION OF events FOR VALUES IN (wipe())",
        "CREATE TABLE t (a int) PARTITION BY LIST ((wipe()))",
        "CREATE INDEX ON orders ((id + wipe()))",
        "ALTER TABLE orders ADD COLUMN x int CHECK (x > wipe())",
    ],
)
def test_code_in_a_definition_is_seen(text: str) -> None:
    assert "call wipe" in said(text)


def test_a_definition_sees_its_own_columns_only() -> None:
    assert action("CREATE TABLE t (a int, b int CHECK (a > b))").complete
    assert not action("CREATE TABLE t (a int CHECK (ssn > a))").complete


def test_a_key_over_stored_columns_compares_them() -> None:
    assert "select customers.ssn predicate" in said("ALTER TABLE customers ADD UNIQUE (ssn)")
    assert "select customers.id predicate" in said("CREATE TABLE t (a int REFERENCES customers)")
