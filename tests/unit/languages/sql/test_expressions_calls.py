import pytest

from tests.unit.languages.sql.shop import action, gaps, said, shows


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


@pytest.mark.parametrize(
    "text",
    [
        "SELECT id, regexp_matches(ssn, '^1') FROM customers",
        "SELECT c.id FROM customers c, regexp_matches(c.ssn, '^1')",
        "SELECT c.id FROM customers c, LATERAL regexp_matches(c.ssn, '^1') m",
        "SELECT c.id FROM customers c, ROWS FROM (regexp_split_to_table(c.ssn, '1'), generate_series(1, 2)) m",
        "SELECT generate_series(1, ascii(ssn)) FROM customers",
        "SELECT unnest(string_to_array(ssn, '1')) FROM customers",
        "SELECT unnest(array_agg(name) FILTER (WHERE ssn LIKE '1%')) FROM customers",
        "SELECT unnest(array_agg(DISTINCT ssn)) FROM customers",
        "SELECT unnest(ARRAY[string_to_array(ssn, '1')]) FROM customers",
        "SELECT unnest(ARRAY[name, string_to_array(ssn, '1')::text[]]) FROM customers",
        "SELECT unnest(ARRAY(SELECT string_to_array(ssn, '1') FROM customers))",
        "SELECT unnest(array_agg(string_to_array(ssn, '1'))) FROM customers",
        "SELECT jsonb_path_query(to_jsonb(ssn), '$ ? (@ like_regex \"^1\")') FROM customers",
        "SELECT t.x FROM customers c, JSON_TABLE(to_jsonb(c.ssn), '$ ? (@ == \"1\")' COLUMNS (x int PATH '$')) t",
        "SELECT t.x FROM customers c, XMLTABLE('/a[.=1]' PASSING xmlelement(name a, c.ssn) COLUMNS x int PATH '.') t",
        "WITH RECURSIVE r(s) AS (SELECT ssn FROM customers UNION ALL SELECT s FROM r) CYCLE s SET c USING p SELECT 1 FROM r",
    ],
)
def test_what_says_how_many_rows_come_decides(text: str) -> None:
    """A function that returns rows is a WHERE by another name: it tells a masked value bit by bit."""
    assert {"select customers.ssn predicate", "select customers.ssn group"} & set(said(text))


@pytest.mark.parametrize(
    "text",
    [
        "SELECT unnest(ARRAY[name, ssn]) FROM customers",
        "SELECT unnest(ARRAY['x', upper(ssn)::text]) FROM customers",
        "SELECT unnest(ARRAY[c]) FROM customers c",
        "SELECT unnest(array_agg(ssn)) FROM customers",
        "SELECT unnest(ARRAY(SELECT ssn FROM customers))",
        "SELECT x FROM customers, lower(ssn) x",
    ],
)
def test_an_array_put_together_there_says_nothing_by_its_length(text: str) -> None:
    assert "select customers.ssn predicate" not in said(text)
    assert "select customers.ssn output" in said(text)


def test_a_function_that_reads_a_relation_reads_all_of_it_whoever_owns_it() -> None:
    """``get_raw_page`` is an extension's: it gives the rows as they lie on the disk."""
    assert "select customers.ssn output" in said("SELECT get_raw_page('customers', 0)")
    assert "computed" in gaps("SELECT get_raw_page(note, 0) FROM orders")
