import pytest

from tests.unit.languages.sql.shop import said, shows


def test_a_scalar_sub_select_is_its_column() -> None:
    assert shows("SELECT (SELECT ssn FROM customers LIMIT 1) AS x") == {"x": "=customers.ssn"}
    assert shows("SELECT ((SELECT c FROM customers c LIMIT 1)).ssn AS x") == {"x": "=customers.ssn"}


def test_comparisons_show_both_sides() -> None:
    for form in (
        "name IN (SELECT ssn FROM customers)",
        "name = ALL (SELECT ssn FROM customers)",
        "ARRAY(SELECT ssn || name FROM customers)",
    ):
        assert "customers.ssn" in shows(f"SELECT {form} AS x FROM customers")["x"], form
    assert shows("SELECT (name, 1) = (SELECT ssn, id FROM customers LIMIT 1) AS x FROM customers")["x"] == (
        "customers.id,customers.name,customers.ssn"
    )


def test_exists_asks_only_for_rows() -> None:
    found = said("SELECT name FROM customers c WHERE EXISTS (SELECT * FROM customers d WHERE d.id = c.id)")
    assert not [atom for atom in found if "ssn" in atom]
    assert "select customers.ssn argument" in said("SELECT 1 WHERE EXISTS (SELECT ssn FROM customers)")
    assert "call pg_sleep" in said("SELECT 1 WHERE EXISTS (SELECT *, pg_sleep(1) FROM customers)")
    assert shows("SELECT EXISTS (SELECT 1 FROM orders) AS x") == {"x": ""}


def test_exists_over_a_comparison_compares() -> None:
    assert "select customers.ssn predicate" in said("SELECT EXISTS (SELECT ssn FROM customers INTERSECT SELECT '1')")
    assert "select customers.ssn predicate" in said("SELECT EXISTS (SELECT ssn FROM customers WHERE ssn = '1')")
    assert "select customers.ssn predicate" in said("SELECT EXISTS (SELECT DISTINCT ssn FROM customers)")


@pytest.mark.parametrize(
    "text",
    [
        "SELECT coalesce(nullif(ssn, '1'), (SELECT max(note) FROM orders)) FROM customers",
        "SELECT ssn = '1' OR EXISTS (SELECT FROM orders) FROM customers",
        "SELECT NOT (ssn = '1' AND (SELECT true FROM orders)) FROM customers",
        "SELECT ssn IN ('1', (SELECT max(note) FROM orders)) FROM customers",
        "SELECT ssn BETWEEN '1' AND (SELECT max(note) FROM orders) FROM customers",
        "SELECT (ssn, 1) = ('1', (SELECT max(id) FROM orders)) FROM customers",
        "SELECT ssn IN (SELECT note FROM orders) FROM customers",
        "SELECT '1' < ALL (SELECT ssn FROM customers)",
        "SELECT coalesce(nullif(ssn, '1'), pg_current_xact_id()::text) FROM customers",
    ],
)
def test_a_sub_select_that_is_run_as_needed_tells_why(text: str) -> None:
    """The server counts what was read, and whether the transaction has a number, for everybody to see."""
    assert "select customers.ssn predicate" in said(text)


def test_what_is_looked_at_anyway_tells_nothing() -> None:
    for text in (
        "coalesce(ssn, 'none')",
        "ssn || (SELECT max(note) FROM orders)",
        "coalesce((SELECT max(note) FROM orders), ssn)",
    ):
        assert "select customers.ssn predicate" not in said(f"SELECT {text} FROM customers")
