import pytest

from tests.unit.languages.sql.shop import action, gaps, said, shows


@pytest.mark.parametrize(
    ("text", "lineage"),
    [
        ("WITH q AS (SELECT ssn x FROM customers) SELECT x FROM q", {"x": "=customers.ssn"}),
        ("WITH q(y) AS (SELECT ssn FROM customers) SELECT y FROM q", {"y": "=customers.ssn"}),
        ("WITH a AS (SELECT ssn FROM customers), b AS (SELECT ssn z FROM a) SELECT z FROM b", {"z": "=customers.ssn"}),
        (
            "WITH RECURSIVE t(n, s) AS (SELECT 1, ssn FROM customers UNION ALL SELECT n + 1, s FROM t WHERE n < 3) SELECT s FROM t",
            {"s": "=customers.ssn"},
        ),
        (
            (
                "WITH RECURSIVE t(a, b, c) AS (SELECT ssn, '', '' FROM customers UNION ALL SELECT 'x', a, b FROM t WHERE a <> '') "
                "SELECT c FROM t"
            ),
            {"c": "customers.ssn"},
        ),
        (
            "WITH RECURSIVE b AS (SELECT * FROM a), a AS (SELECT ssn FROM customers) SELECT ssn FROM b",
            {"ssn": "=customers.ssn"},
        ),
        ("WITH d AS (DELETE FROM customers WHERE id = 1 RETURNING ssn) SELECT ssn FROM d", {"ssn": "=customers.ssn"}),
        (
            "WITH q AS (WITH r AS (SELECT ssn FROM customers) SELECT * FROM r) SELECT * FROM q",
            {"ssn": "=customers.ssn"},
        ),
        ("WITH q AS (SELECT 1 AS ssn) SELECT ssn FROM q", {"ssn": ""}),
    ],
)
def test_lineage_goes_through_with(text: str, lineage: dict[str, str]) -> None:
    assert shows(text) == lineage


def test_a_with_name_hides_a_table_of_the_same_name_but_not_a_qualified_one() -> None:
    assert said("WITH customers AS (SELECT 1) SELECT * FROM customers") == []
    assert "select customers" in said("WITH customers AS (SELECT 1) SELECT 1 FROM public.customers")


def test_a_plain_with_does_not_see_itself() -> None:
    assert "select customers" in said("WITH customers AS (SELECT * FROM customers) SELECT 1 FROM customers")
    assert "relation b is not known" in gaps("WITH a AS (SELECT * FROM b), b AS (SELECT 1) SELECT * FROM a")


def test_search_and_cycle_add_columns() -> None:
    recursive = "WITH RECURSIVE t AS (SELECT id, ssn FROM customers UNION ALL SELECT id, ssn FROM t WHERE id < 0)"
    assert shows(f"{recursive} SEARCH DEPTH FIRST BY ssn SET o SELECT o FROM t") == {"o": "customers.ssn"}
    assert shows(f"{recursive} CYCLE ssn SET m USING p SELECT m, p FROM t") == {
        "m": "customers.ssn",
        "p": "customers.ssn",
    }


def test_writing_under_a_select_is_a_fact() -> None:
    assert action("WITH d AS (DELETE FROM orders RETURNING *) SELECT count(*) FROM d").facts[
        "sql.modifies_data_in_read"
    ]
    assert "delete orders" in said("WITH d AS (DELETE FROM orders RETURNING *) SELECT count(*) FROM d")
    assert not action("WITH d AS (SELECT 1) SELECT 1").facts["sql.modifies_data_in_read"]
    assert not action("WITH d AS (DELETE FROM orders RETURNING *) DELETE FROM events").facts[
        "sql.modifies_data_in_read"
    ]


@pytest.mark.parametrize(
    ("text", "endless"),
    [
        ("WITH RECURSIVE t AS (SELECT 1 UNION ALL SELECT 1 FROM t) SELECT count(*) FROM t", True),
        ("WITH RECURSIVE t AS (SELECT 1 UNION ALL SELECT 1 FROM t WHERE true) SELECT count(*) FROM t", True),
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT n FROM t LIMIT 10", False),
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t WHERE n < 5) SELECT n FROM t", False),
        ("WITH RECURSIVE t(n) AS (SELECT 1 UNION SELECT 1 FROM t) SELECT n FROM t", False),
        ("WITH RECURSIVE t AS (SELECT 1) SELECT 1 FROM t", False),
    ],
)
def test_a_recursion_without_a_condition_multiplies_rows(text: str, endless: bool) -> None:
    assert action(text).facts["sql.cartesian"] is endless
