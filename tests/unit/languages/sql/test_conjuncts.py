from tests.unit.languages.sql.shop import action, said


def test_every_part_of_a_condition_is_read() -> None:
    found = said(
        "SELECT 1 FROM orders o, customers c WHERE (o.id = c.id AND (c.ssn = '1' OR NOT c.email = '2')) AND o.note IS NULL"
    )
    assert {
        "select customers.ssn predicate",
        "select customers.email predicate",
        "select orders.note predicate",
    } <= set(found)


def test_on_joins() -> None:
    found = said("SELECT 1 FROM orders o JOIN customers c ON o.id = c.id AND (c.ssn = '1' OR c.email = '2')")
    assert {"select customers.ssn join", "select customers.email join", "select orders.id join"} <= set(found)


def test_a_key_pins_an_item_from_either_side() -> None:
    assert not action("SELECT 1 FROM orders o, customers c WHERE 7 = c.id").facts["sql.cartesian"]
    assert action("SELECT 1 FROM orders o, customers c WHERE c.id = c.id").facts["sql.cartesian"]
    assert action("SELECT 1 FROM orders o, customers c WHERE c.id > 7").facts["sql.cartesian"]


def test_a_condition_over_one_sub_select_pins_nothing() -> None:
    assert action("SELECT 1 FROM orders o, (SELECT * FROM customers) c WHERE c.id = 7").facts["sql.cartesian"]
