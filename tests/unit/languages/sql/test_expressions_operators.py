from tests.unit.languages.sql.shop import gaps, said, shows


def test_a_users_operator_is_a_call() -> None:
    assert "call checked" in said("SELECT note <~> status FROM orders")
    assert "call checked" in said("SELECT note OPERATOR(public.<~>) status FROM orders")


def test_the_servers_own_operator_is_none_where_the_types_are_its_own() -> None:
    assert "call checked" not in said("SELECT 1 FROM orders WHERE id = 1 AND note = 'x' AND 'a' = 'b'")
    assert "call checked" in said("SELECT 1 FROM orders WHERE id::positive = 1::positive")


def test_an_unknown_operator_is_a_gap() -> None:
    assert "operator <~~~> is not known" in gaps("SELECT note <~~~> status FROM orders")


def test_both_sides_show_in_any_form() -> None:
    for form in (
        "ssn = name",
        "ssn IN (name)",
        "ssn BETWEEN name AND name",
        "ssn LIKE name",
        "ssn SIMILAR TO name",
        "nullif(ssn, name)",
        "ssn IS DISTINCT FROM name",
        "ssn = ANY (ARRAY[name])",
        "ssn || name || 'x'",
    ):
        assert shows(f"SELECT {form} AS x FROM customers") == {"x": "customers.name,customers.ssn"}, form
    assert shows("SELECT -id AS x FROM customers") == {"x": "customers.id"}
    assert shows("SELECT 1 + 1 AS x") == {"x": ""}


def test_an_operator_of_a_schema_that_has_none_is_a_gap() -> None:
    """The server's own + does not stand for one that is named as somebody else's."""
    assert "operator public.+ is not known" in gaps("SELECT 1 OPERATOR(public.+) 2")
    assert "operator other.= is not known" in gaps("SELECT 1 FROM orders WHERE id OPERATOR(other.=) 1")
    assert said("SELECT 1 OPERATOR(pg_catalog.+) 2") == said("SELECT 1 + 2")
    assert "call checked" in said("SELECT 1 OPERATOR(public.=) 2")
