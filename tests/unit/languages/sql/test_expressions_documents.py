import pytest

from tests.unit.languages.sql.shop import gaps, said, shows


@pytest.mark.parametrize(
    "expression",
    [
        "xmlelement(name a, xmlattributes(ssn AS b))",
        "xmlforest(ssn)",
        "xmlparse(document ssn)",
        "xmlserialize(content ssn::xml AS text)",
        "xmlpi(name a, ssn)",
        "xmlroot(ssn::xml, version '1')",
        "json_object('a': ssn)",
        "json_object(ssn: 1)",
        "json_array(ssn)",
        "json_array(SELECT ssn FROM customers)",
        "json_objectagg('a': ssn)",
        "json_arrayagg(ssn)",
        "json_scalar(ssn)",
        "json(ssn)",
        "json_serialize(ssn)",
        "json_value(ssn, '$')",
        "json_query('{}', '$' PASSING ssn AS x)",
        "json_exists(ssn, '$')",
        "json_value('{}', '$' DEFAULT ssn ON EMPTY)",
        "ssn IS JSON",
        "json_arrayagg(1) FILTER (WHERE ssn = '1')",
    ],
)
def test_documents_show_what_they_are_made_of(expression: str) -> None:
    assert shows(f"SELECT {expression} AS x FROM customers") == {"x": "customers.ssn"}


def test_order_and_window_of_json_aggregates() -> None:
    assert "select customers.ssn order" in said("SELECT json_arrayagg(name ORDER BY ssn) FROM customers")
    assert "select customers.ssn group" in said("SELECT json_arrayagg(name) OVER (PARTITION BY ssn) FROM customers")


def test_returning_names_a_type() -> None:
    assert said("SELECT json_array(1 RETURNING text)") == []
    assert "type nosuch is not known" in gaps("SELECT json_array(1 RETURNING nosuch)")
