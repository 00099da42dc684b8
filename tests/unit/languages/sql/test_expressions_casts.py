import pytest

from passgate.languages.sql.expressions_casts import identifiers
from tests.unit.languages.sql.shop import gaps, said, shows, understood


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 'customers'::regclass",
        "SELECT CAST('customers' AS regclass)",
        "SELECT regclass 'customers'",
        "SELECT regclass('customers')",
        "SELECT to_regclass('public.customers')",
        "SELECT '\"customers\"'::regclass",
        "SELECT 'CUSTOMERS'::regclass",
        "SELECT '20001'::regclass",
        "SELECT pg_total_relation_size('customers')",
        "SELECT 1 WHERE 1 = 'customers'::regclass::oid",
    ],
)
def test_a_constant_names_the_relation(text: str) -> None:
    assert "select customers" in said(text)


def test_a_parameter_names_it_once_bound() -> None:
    unbound = understood("SELECT $1::regclass")
    assert unbound.inputs_matter
    assert not unbound.actions[0].complete
    assert "select customers" in said("SELECT $1::regclass", ["customers"])
    assert said("SELECT $1::regclass", [None]) == []


def test_what_is_computed_cannot_be_told() -> None:
    assert "computed regclass" in gaps("SELECT ('cust' || 'omers')::regclass")
    assert "computed regclass" in gaps("SELECT note::regclass FROM orders")
    assert "array of regclass" in gaps("SELECT '{customers}'::regclass[]")
    assert "named in a text is not known" in gaps("SELECT 'nosuch'::regclass")


def test_a_number_is_harmless_without_knowing_it() -> None:
    assert said("SELECT conrelid::regclass FROM pg_constraint")
    assert said("SELECT id::regclass FROM orders")
    assert said("SELECT 'pg_read_file'::regproc") == []


def test_types_are_resolved_and_their_code_is_called() -> None:
    assert "call checked" in said("SELECT id::positive FROM orders")
    assert "type nosuch is not known" in gaps("SELECT 1::nosuch")
    assert said("SELECT 'x'::orders, 1::int4[], '{}'::public.orders[]") == []


def test_a_cast_is_no_copy_but_to_its_own_type() -> None:
    assert shows("SELECT ssn::bytea AS x FROM customers") == {"x": "customers.ssn"}
    assert shows("SELECT ssn::text AS x FROM customers") == {"x": "=customers.ssn"}


def test_a_cast_to_a_length_or_a_precision_is_no_copy() -> None:
    """Of what was cut, the last four characters that a mask keeps are others: cut again and again, they are all of them."""
    assert shows("SELECT total::numeric AS x FROM orders") == {"x": "=orders.total"}
    assert shows("SELECT total::numeric(3, 0) AS x FROM orders") == {"x": "orders.total"}
    assert shows("SELECT CAST(total AS numeric(3)) AS x FROM orders") == {"x": "orders.total"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", ("", "a")),
        ("A.b", ("a", "b")),
        ('"A"."b""c"', ("A", 'b"c')),
        (" a . b ", ("a", "b")),
        ("a.", ("", "")),
        ("a b", ("", "")),
        ("db.s.t", ("s", "t")),
        ("a.b.c.d", ("", "")),
        ('"a', ("", "")),
    ],
)
def test_identifiers_in_a_text(text: str, expected: tuple[str, str]) -> None:
    assert identifiers(text) == expected
