import pytest

from tests.unit.languages.sql.shop import action, acts, gaps, said, shows, understood


@pytest.mark.parametrize(
    ("text", "verb", "verb_class", "atoms"),
    [
        (
            "CREATE TABLE t AS SELECT ssn FROM customers",
            "create_as",
            "ddl",
            ["create_as relation public.t ddl additive", "select relation public.customers.ssn read"],
        ),
        ("SELECT ssn INTO t FROM customers", "create_as", "ddl", ["select relation public.customers.ssn read"]),
        (
            "CREATE MATERIALIZED VIEW m AS TABLE customers",
            "create_as",
            "ddl",
            ["select relation public.customers.ssn read"],
        ),
        ("CREATE TEMP TABLE t AS SELECT 1", "create_as", "ddl", ["create_as relation pg_temp.t ddl additive"]),
        (
            "CREATE VIEW v AS SELECT ssn FROM customers",
            "create",
            "ddl",
            ["create relation public.v ddl additive", "select relation public.customers.ssn read"],
        ),
        (
            "CREATE OR REPLACE VIEW customer_v AS SELECT 1",
            "create",
            "ddl",
            ["create relation public.customer_v ddl destructive"],
        ),
        ("CREATE OR REPLACE VIEW new_v AS SELECT 1", "create", "ddl", ["create relation public.new_v ddl additive"]),
        (
            "REFRESH MATERIALIZED VIEW customer_v",
            "refresh",
            "ddl",
            ["refresh relation public.customer_v ddl", "select relation public.customers read"],
        ),
        (
            "SELECT ssn INTO t FROM customers UNION ALL SELECT note FROM orders",
            "create_as",
            "ddl",
            ["select relation public.orders.note read"],
        ),
    ],
)
def test_what_it_does(text: str, verb: str, verb_class: str, atoms: list[str]) -> None:
    found = action(text)
    assert found.complete, found.gaps
    assert (found.verb, found.verb_class) == (verb, verb_class)
    assert set(atoms) <= set(acts(found)), acts(found)


def test_what_is_copied_is_a_source() -> None:
    for text in (
        "CREATE TABLE t AS SELECT ssn FROM customers",
        "CREATE VIEW v AS SELECT ssn FROM customers",
        "SELECT ssn INTO t FROM customers",
    ):
        assert [atom.position for atom in action(text).atoms if atom.column == "ssn"] == ["source"]
        assert action(text).outputs == ()


def test_a_table_as_a_prepared_statement_is_as_its_body() -> None:
    assert not action("CREATE TABLE t AS EXECUTE nosuch").complete
    found = understood("PREPARE p AS SELECT ssn FROM customers; CREATE TABLE t AS EXECUTE p").actions[1]
    assert found.complete
    assert any(atom.column == "ssn" for atom in found.atoms)
    assert shows("SELECT 1 AS x") == {"x": ""}


def test_into_inside_a_query_is_a_gap() -> None:
    """The server takes it in the leftmost SELECT only; a newer one might make a table of it anywhere."""
    for text in (
        "SELECT * FROM (SELECT id INTO t FROM orders) q",
        "WITH q AS (SELECT id INTO t FROM orders) SELECT 1",
        "SELECT id FROM orders UNION ALL SELECT id INTO t FROM customers",
        "SELECT (SELECT 1 INTO t)",
        "INSERT INTO orders (id) SELECT id INTO t FROM customers",
        "CREATE VIEW v AS SELECT id INTO t FROM orders",
        "CREATE TABLE x AS SELECT id INTO t FROM orders",
    ):
        assert "INTO inside a query is not understood" in gaps(text), text
    several = "SELECT id INTO t FROM orders UNION ALL SELECT id FROM customers UNION SELECT 1"
    assert "create_as t" in said(several)
    assert "select orders.id source" in said(several)
