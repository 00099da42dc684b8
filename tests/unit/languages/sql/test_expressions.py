import pytest

from tests.unit.languages.sql.shop import gaps, said, shows, understood, words

ALL = "customers.email,customers.id,customers.name,customers.ssn"


@pytest.mark.parametrize(
    ("expression", "lineage"),
    [
        ("ssn", "=customers.ssn"),
        ("c.ssn", "=customers.ssn"),
        ("1", ""),
        ("NULL", ""),
        ("true", ""),
        ("B'1'", ""),
        ("c", ALL),
        ("c.*::text", ALL),
        ("coalesce(ssn, name)", "customers.name,customers.ssn"),
        ("greatest(ssn, '1')", "customers.ssn"),
        ("ssn IS NULL", "customers.ssn"),
        ("(ssn = '1') IS TRUE", "customers.ssn"),
        ("NOT (ssn = '1' OR id = 1)", "customers.id,customers.ssn"),
        ("CASE ssn WHEN '1' THEN name END", "customers.name,customers.ssn"),
        ("CASE WHEN ssn > '1' THEN 1 ELSE id END", "customers.id,customers.ssn"),
        ("ARRAY[ssn, name]", "customers.name,customers.ssn"),
        ("(ARRAY[name])[id]", "customers.id,customers.name"),
        ("(ARRAY[1])[id:2]", "customers.id"),
        ("ROW(ssn, 1)", "customers.ssn"),
        ("ROW(c.*)", ALL),
        ("(c).ssn", "=customers.ssn"),
        ("(ROW(ssn, name)).f2", "=customers.name"),
        ('ssn COLLATE "C"', "=customers.ssn"),
        ("current_user", ""),
        ("ssn IN ('1', name)", "customers.name,customers.ssn"),
        ("(upper(ssn)).x", "customers.ssn"),
        ("xmlconcat(xmlelement(name a, ssn))", "customers.ssn"),
    ],
)
def test_what_shows_in_an_expression(expression: str, lineage: str) -> None:
    assert shows(f"SELECT {expression} AS x FROM customers c") == {"x": lineage}


def test_a_case_condition_decides() -> None:
    found = said("SELECT CASE WHEN ssn > '1' THEN 1 END FROM customers")
    assert {"select customers.ssn predicate", "select customers.ssn output"} <= set(found)


def test_grouping_groups() -> None:
    assert "select customers.ssn group" in said("SELECT grouping(ssn) FROM customers GROUP BY ROLLUP (ssn)")


def test_names_that_mean_nothing_are_gaps() -> None:
    assert "column nosuch is not known" in gaps("SELECT nosuch FROM orders")
    assert "column o.nosuch is not known" in gaps("SELECT o.nosuch FROM orders o")
    assert "ambiguous" in gaps("SELECT id FROM orders o, customers c WHERE o.customer_id = c.id")
    assert "FROM item x is not known" in gaps("SELECT x.id FROM orders")
    assert "ambiguous" in gaps("SELECT q.a FROM (SELECT 1 a, 2 a) q")


def test_an_attribute_that_is_no_column_may_be_a_function() -> None:
    found = said("SELECT c.upper FROM customers c")
    assert "call upper" in found
    assert "select customers.ssn output" in found


def test_a_function_that_is_a_column_selects_it() -> None:
    assert shows("SELECT ssn(c) AS x FROM customers c") == {"x": "=customers.ssn"}


def test_a_cursor_that_was_not_declared_is_not_known() -> None:
    assert "cursor c is not known" in gaps("DELETE FROM orders WHERE CURRENT OF c")


def test_assignments_of_rows_go_by_position() -> None:
    found = shows(
        "UPDATE orders SET (note, status) = (SELECT ssn, name FROM customers LIMIT 1) WHERE id = 1 RETURNING note, status"
    )
    assert found == {"note": "customers.ssn,orders.note", "status": "customers.name,orders.status"}
    found = shows("UPDATE orders SET (note, status) = ROW('x', status) WHERE id = 1 RETURNING note, status")
    assert found["note"] == "=orders.note"


def test_an_argument_of_a_prepared_statement_shows_through() -> None:
    found = understood("PREPARE p(text) AS SELECT upper($1) AS x; EXECUTE p(lower('a'))").actions[1]
    assert found.complete
    assert "call lower" in words(found)
