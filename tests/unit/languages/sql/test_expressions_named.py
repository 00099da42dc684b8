import pytest

from tests.unit.languages.sql.shop import gaps, said, shows


@pytest.mark.parametrize("argument", ["'customers'", "'public.customers'::regclass", "'customers'::text::regclass"])
def test_a_function_that_reads_a_relation_reads_all_of_it(argument: str) -> None:
    text = f"SELECT table_to_xml({argument}, true, true, '') AS x"
    assert "customers.ssn" in shows(text)["x"]
    assert "select customers.ssn output" in said(text)


def test_a_relation_that_is_computed_cannot_be_told() -> None:
    assert "computed" in gaps("SELECT table_to_xml(note, true, true, '') FROM orders")
    assert "computed" in gaps("SELECT table_to_xml(to_regclass('customers'), true, true, '')")
    assert "not known" in gaps("SELECT table_to_xml('nosuch', true, true, '')")


def test_a_query_in_a_text_is_dynamic() -> None:
    assert "call query_to_xml" in said("SELECT query_to_xml('SELECT ssn FROM customers', true, true, '')")


def test_a_sequence_is_named() -> None:
    assert said("SELECT nextval('orders_id_seq')") == ["call nextval", "select orders_id_seq"]
    assert "the sequence that nextval() acts on is computed" in gaps("SELECT nextval(note) FROM orders")


def test_set_config_needs_a_name_that_can_be_told() -> None:
    assert "computed" in gaps("SELECT set_config(note, 'x', true) FROM orders")
    assert "set timezone" in said("SELECT set_config('TimeZone', note, true) FROM orders")
