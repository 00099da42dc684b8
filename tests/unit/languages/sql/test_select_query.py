import pytest

from tests.unit.languages.sql.shop import action, gaps, said, shows


@pytest.mark.parametrize(
    ("text", "lineage"),
    [
        (
            "SELECT * FROM customers",
            {"id": "=customers.id", "name": "=customers.name", "ssn": "=customers.ssn", "email": "=customers.email"},
        ),
        (
            "SELECT c.* FROM customers c(a, b)",
            {"a": "=customers.id", "b": "=customers.name", "ssn": "=customers.ssn", "email": "=customers.email"},
        ),
        (
            "TABLE orders",
            {
                "id": "=orders.id",
                "customer_id": "=orders.customer_id",
                "status": "=orders.status",
                "total": "=orders.total",
                "note": "=orders.note",
            },
        ),
        (
            "SELECT (c).* FROM customers c",
            {"id": "=customers.id", "name": "=customers.name", "ssn": "=customers.ssn", "email": "=customers.email"},
        ),
        ("VALUES (1, (SELECT ssn FROM customers)), (2, 'x')", {"column1": "", "column2": "customers.ssn"}),
        ("SELECT name FROM customers UNION ALL SELECT ssn FROM customers", {"name": "customers.name,customers.ssn"}),
        ("SELECT ssn FROM customers UNION ALL SELECT ssn FROM customers", {"ssn": "=customers.ssn"}),
        ("(SELECT name FROM customers) EXCEPT SELECT ssn FROM customers", {"name": "=customers.name"}),
        ("SELECT name FROM customers INTERSECT SELECT ssn FROM customers", {"name": "customers.name,customers.ssn"}),
        (
            "SELECT 'x' a UNION ALL (SELECT ssn FROM customers ORDER BY 1 LIMIT 1) UNION ALL SELECT note FROM orders",
            {"a": "customers.ssn,orders.note"},
        ),
    ],
)
def test_lineage(text: str, lineage: dict[str, str]) -> None:
    assert shows(text) == lineage


@pytest.mark.parametrize(
    ("clause", "atom"),
    [
        ("WHERE ssn = '1'", "predicate"),
        ("GROUP BY id, ssn", "group"),
        ("GROUP BY GROUPING SETS ((id), (id, ssn))", "group"),
        ("GROUP BY (id, ssn)", "group"),
        ("GROUP BY id, x HAVING min(ssn) > '1'", "predicate"),
        ("ORDER BY ssn", "order"),
        ("ORDER BY x", "order"),
        ("ORDER BY 1", "order"),
        ("ORDER BY ssn || 'x'", "order"),
        ("GROUP BY x", "group"),
        ("GROUP BY 1", "group"),
        ("LIMIT (SELECT length(ssn) FROM customers LIMIT 1)", "predicate"),
        ("WINDOW w AS (ORDER BY ssn)", "order"),
    ],
)
def test_each_clause_has_its_position(clause: str, atom: str) -> None:
    assert f"select customers.ssn {atom}" in said(f"SELECT ssn AS x FROM customers {clause}")


def test_group_by_takes_an_input_column_first() -> None:
    found = said("SELECT ssn AS name, count(*) FROM customers GROUP BY name, ssn")
    assert "select customers.name group" in found


def test_distinct_groups() -> None:
    """How many are left says how many differ, of two rows whether they are alike, and the server may sort to find out."""
    assert "select customers.ssn group" in said("SELECT DISTINCT ssn FROM customers")
    assert "select customers.ssn group" in said("SELECT count(*) FROM (SELECT DISTINCT ssn FROM customers) q")
    assert "select customers.ssn group" not in said("SELECT DISTINCT name FROM customers")
    assert "select customers.ssn group" in said("SELECT DISTINCT ssn || 'x' FROM customers")
    assert "select customers.ssn group" in said(
        "SELECT DISTINCT x FROM (SELECT 'guess' x UNION ALL SELECT ssn FROM customers) q"
    )
    assert "select customers.ssn group" in said("SELECT DISTINCT ON (ssn) name FROM customers")
    assert "select customers.ssn group" in said("SELECT DISTINCT ON (x) ssn AS x FROM customers")
    assert "select customers.ssn group" in said("SELECT 'guess' UNION SELECT ssn FROM customers")
    assert "select customers.ssn group" not in said("SELECT 'guess' UNION ALL SELECT ssn FROM customers")


def test_set_operations_that_compare_are_predicates() -> None:
    for operation in ("INTERSECT", "EXCEPT"):
        assert "select customers.ssn predicate" in said(f"SELECT 'guess' {operation} SELECT ssn FROM customers")
    assert "different numbers" in gaps("SELECT 1 UNION SELECT 1, 2")


def test_a_column_that_a_sub_select_hands_on_is_read_even_if_nobody_uses_it() -> None:
    assert "select customers.ssn output" in said("SELECT x FROM (SELECT ssn, name AS x FROM customers) q")
    assert "select customers.ssn predicate" in said(
        "SELECT x FROM (SELECT ssn, name AS x FROM customers) q WHERE ssn = '1'"
    )
    assert "select customers.ssn output" not in said(
        "SELECT x FROM (SELECT ssn, name AS x FROM customers) q WHERE ssn = '1'"
    )


def test_locking_locks_what_is_named_through_sub_selects() -> None:
    found = action("SELECT * FROM orders o JOIN customers c ON c.id = o.customer_id FOR UPDATE OF o")
    assert [a.object.name for a in found.atoms if a.verb == "lock_rows"] == ["orders"]
    assert found.facts["sql.locking"]
    assert "lock_rows orders" in said("SELECT * FROM (SELECT id FROM orders) q FOR SHARE")
    assert "lock_rows" in " ".join(said("SELECT 1 FOR UPDATE"))


@pytest.mark.parametrize(
    ("text", "cartesian"),
    [
        ("SELECT 1 FROM orders a, orders b", True),
        ("SELECT 1 FROM orders a CROSS JOIN customers b", True),
        ("SELECT 1 FROM orders a JOIN customers b ON true", True),
        ("SELECT 1 FROM orders a JOIN customers b ON a.id = a.id", True),
        ("SELECT 1 FROM orders a, customers b WHERE a.id = b.id", False),
        ("SELECT 1 FROM orders a, customers b WHERE a.id = b.id OR a.id = 1", True),
        ("SELECT 1 FROM orders a, customers b WHERE a.id = b.id OR a.total = b.id", False),
        ("SELECT 1 FROM orders a JOIN customers b USING (id)", False),
        ("SELECT 1 FROM orders a NATURAL JOIN customers b", False),
        ("SELECT 1 FROM orders a, customers b, events e WHERE a.id = b.id AND b.id = e.id", False),
        ("SELECT 1 FROM orders a, customers b, events e WHERE a.id = b.id", True),
        ("SELECT 1 FROM orders a, customers b WHERE a.id = 1", False),
        ("SELECT 1 FROM orders a, customers b WHERE a.note = 'x'", True),
        ("SELECT 1 FROM orders a, (VALUES (1)) v", False),
        ("SELECT 1 FROM orders a, (SELECT max(id) FROM customers) v", False),
        ("SELECT 1 FROM orders a, (SELECT id FROM customers LIMIT 5) v", False),
        ("SELECT 1 FROM orders a, (SELECT id FROM customers) v", True),
        ("SELECT 1 FROM orders a, LATERAL (SELECT * FROM customers c WHERE c.id = a.id) v", False),
        ("SELECT 1 FROM orders a, unnest(ARRAY[1]) u", False),
        ("WITH q AS (SELECT * FROM customers) SELECT 1 FROM orders, q", True),
        ("UPDATE orders SET note = 'x' FROM customers", True),
        ("DELETE FROM orders USING customers c WHERE c.id = orders.customer_id", False),
    ],
)
def test_joins_without_a_condition(text: str, cartesian: bool) -> None:
    assert action(text).facts["sql.cartesian"] is cartesian


def test_a_star_needs_something_to_stand_for() -> None:
    assert "has nothing to stand for" in gaps("SELECT *")
    assert "FROM item x is not known" in gaps("SELECT x.* FROM orders")


def test_columns_that_cannot_be_told_have_no_shape() -> None:
    found = action("SELECT * FROM json_populate_record(NULL::record, '{}')")
    assert found.complete
    assert found.outputs is None
    assert action("SELECT (json_populate_record(NULL::record, note::json)).* FROM orders").outputs is None
    assert action("SELECT * FROM nosuch_rows(1) UNION ALL SELECT 1").outputs is None
