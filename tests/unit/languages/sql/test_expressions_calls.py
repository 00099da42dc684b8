import pytest

from tests.unit.languages.sql.shop import action, said, shows


@pytest.mark.parametrize(
    "text",
    [
        "SELECT {}",
        "SELECT 1 WHERE {} IS NULL",
        "SELECT 1 FROM orders ORDER BY {}",
        "SELECT 1 FROM orders GROUP BY {}",
        "SELECT 1 LIMIT {}",
        "SELECT 1 OFFSET {}",
        "SELECT count(*) FILTER (WHERE {} > 1) FROM orders",
        "SELECT * FROM {}",
        "SELECT sum(id) OVER (PARTITION BY {}) FROM orders",
        "SELECT sum(id) OVER (ORDER BY {}) FROM orders",
        "SELECT CASE WHEN id > 0 THEN {} END FROM orders",
        "SELECT * FROM orders, LATERAL (SELECT {}) z",
        "VALUES ({})",
        "INSERT INTO orders (id) VALUES ({})",
        "UPDATE orders SET id = {} WHERE id = 1",
        "DELETE FROM orders WHERE id = {}",
        "SELECT 1 FROM orders o JOIN customers c ON {} = 1",
        "SELECT ARRAY[{}]",
        "SELECT (ARRAY[1])[{}]",
        "SELECT coalesce({}, 1)",
        "WITH x AS (SELECT {}) SELECT 1",
        "SELECT 1 UNION SELECT {}",
        "SELECT json_array({})",
        "SELECT xmlelement(name a, {})",
        "SELECT array_agg(id ORDER BY {}) FROM orders",
        "SELECT DISTINCT ON ({}) id FROM orders",
        "SELECT id::text || {} FROM orders",
        "SELECT sum(id) OVER (ORDER BY id ROWS {} PRECEDING) FROM orders",
        "SELECT 1 HAVING {} > 1",
        "SELECT '{{}}'::text = ANY (ARRAY[{}])",
        "SELECT * FROM orders TABLESAMPLE system ({})",
        "INSERT INTO orders (id) VALUES (1) ON CONFLICT (id) DO UPDATE SET id = {}",
        "MERGE INTO orders o USING customers c ON o.id = {} WHEN MATCHED THEN DO NOTHING",
        "EXPLAIN SELECT {}",
        "PREPARE p AS SELECT {}",
        "DECLARE c CURSOR FOR SELECT {}",
        "COPY (SELECT {}) TO STDOUT",
        "CREATE VIEW v AS SELECT {}",
        "CREATE TABLE t AS SELECT {}",
        "CREATE TABLE t (a int DEFAULT {})",
        "CREATE INDEX ON orders ((id + {}))",
        "CALL p({})",
        "ALTER TABLE orders ADD CHECK ({} > 1)",
        "ALTER TABLE orders ALTER id TYPE int USING {}",
        "CREATE POLICY p ON orders USING ({} > 1)",
        "SELECT grouping({})",
        "SELECT * FROM ROWS FROM ({})",
        "SELECT * FROM xmltable('/a' PASSING {} COLUMNS x text)",
        "SELECT 1 FOR UPDATE OF nothing LIMIT {}",
        "SELECT * FROM JSON_TABLE({}, '$' COLUMNS (x text PATH '$'))",
        "SELECT JSON_VALUE({}, '$')",
        "SELECT {} BETWEEN 1 AND 2",
    ],
)
def test_a_call_is_seen_wherever_it_stands(text: str) -> None:
    found = action(text.format("pg_terminate_backend(1)"))
    assert not found.atoms or any(
        a.object.name == "pg_terminate_backend" and a.verb_class == "admin" for a in found.atoms
    )
    assert found.atoms or not found.complete


def test_an_unknown_function_is_an_atom_not_a_gap() -> None:
    found = action("SELECT purge_orders(), dblink_exec('x', 'y')")
    assert found.complete
    assert [(a.object.known, a.object.effect, a.verb_class) for a in found.atoms] == [
        (False, "unknown", "code"),
        (False, "network", "egress"),
    ]


def test_a_shadowed_built_in_is_the_users_too() -> None:
    assert {"call lower"} <= set(said("SELECT lower(note) FROM orders"))
    assert {a.object.namespace for a in action("SELECT lower(note) FROM orders").atoms if a.verb == "call"} == {
        "pg_catalog",
        "public",
    }


def test_count_shows_nothing_but_decides_by_null() -> None:
    assert shows("SELECT count(ssn) AS n, count(*) AS m FROM customers") == {"n": "", "m": ""}
    assert "select customers.ssn predicate" in said("SELECT count(DISTINCT ssn) FROM customers")
    assert shows("SELECT count(*) FILTER (WHERE ssn = '1') AS n FROM customers") == {"n": "customers.ssn"}


@pytest.mark.parametrize(
    ("expression", "lineage", "atom"),
    [
        ("max(ssn)", "customers.ssn", "select customers.ssn output"),
        ("string_agg(name, ',' ORDER BY ssn)", "customers.name", "select customers.ssn order"),
        ("percentile_disc(0.5) WITHIN GROUP (ORDER BY ssn)", "customers.ssn", "select customers.ssn output"),
        ("rank() OVER (ORDER BY ssn)", "customers.ssn", "select customers.ssn order"),
        ("sum(id) OVER (PARTITION BY ssn)", "customers.id", "select customers.ssn group"),
        ("row_number() OVER w", "customers.ssn", "select customers.ssn order"),
        ("lag(name) OVER w", "customers.name", "select customers.ssn order"),
    ],
)
def test_aggregates_and_windows(expression: str, lineage: str, atom: str) -> None:
    text = f"SELECT {expression} AS x FROM customers WINDOW w AS (ORDER BY ssn)"
    assert shows(text) == {"x": lineage}
    assert atom in said(text)


def test_special_syntax_is_a_call() -> None:
    assert "call extract" in said("SELECT extract(year FROM now())")
    assert "call overlay" in said("SELECT overlay(ssn placing 'x' from 1) FROM customers")
    assert shows("SELECT substring(ssn from 1 for 2) x FROM customers") == {"x": "customers.ssn"}


def test_variadic_and_named_arguments() -> None:
    assert "call concat" in said("SELECT concat(VARIADIC ARRAY['a', 'b'])")
    assert "call make_interval" in said("SELECT make_interval(days => 10)")


def test_a_type_can_be_called_as_a_cast() -> None:
    assert shows("SELECT positive(id) AS x FROM customers") == {"x": "customers.id"}
    assert "call checked" in said("SELECT positive(id) FROM customers")


def test_order_by_using_calls_the_operator() -> None:
    assert "call checked" in said("SELECT note FROM orders ORDER BY note USING <~>")
