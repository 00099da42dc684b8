import pytest

from passgate.policy.bundle import load_bundle
from tests.unit.languages.sql.shop import gaps, said, session, shows, understood


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ('/etc/passwd'::text).pg_read_file",
        "SELECT (note).pg_read_file FROM orders",
        "SELECT (o.note).pg_read_file FROM orders o",
        "SELECT (ARRAY['a', 'b'])[1].pg_read_file",
        "SELECT ((note).btrim).pg_read_file FROM orders",
        "SELECT (note).btrim.pg_read_file FROM orders",
        "SELECT ($1).pg_read_file",
        "SELECT ((SELECT note FROM orders LIMIT 1)).pg_read_file",
        "SELECT j.pg_read_file FROM unnest(ARRAY['/etc/passwd']) j",
        "SELECT j.pg_read_file FROM orders o, unnest(ARRAY[o.note]) j",
        "SELECT (j).pg_read_file FROM orders o, unnest(ARRAY[o.note]) j",
        "UPDATE orders SET note = (note).pg_read_file WHERE id = 1",
        "DELETE FROM orders WHERE id = 1 RETURNING (note).pg_read_file",
        "INSERT INTO orders (note) VALUES (('/etc/passwd'::text).pg_read_file)",
        "PREPARE p AS SELECT ($1).pg_read_file",
        "CREATE INDEX ON orders (((note).pg_read_file))",
    ],
)
def test_a_function_called_by_the_name_of_a_field_is_a_call(text: str) -> None:
    assert "call pg_read_file" in said(text)


def test_it_does_all_that_the_call_would_do() -> None:
    """The relation that it names, the setting, the sequence; what it counts decides; a row's fields come first."""
    assert "select events" in said("SELECT ('events'::text).to_regclass")
    assert "call nextval" in said("SELECT ('orders_id_seq'::regclass).nextval")
    assert "call checked" in said("SELECT (note).checked FROM orders")
    assert "call checked" in said("SELECT (o).checked FROM orders o")
    assert "select customers.ssn predicate" in said("SELECT (ssn).count FROM customers")
    assert "select customers.ssn output" in said("SELECT (c).to_json FROM customers c")


def test_a_field_is_a_field() -> None:
    assert said("SELECT (o).note, (o).ctid FROM orders o") == said("SELECT (o).note, (o).ctid FROM orders AS o")
    assert not [word for word in said("SELECT (o).note FROM orders o") if word.startswith("call")]
    assert shows("SELECT (c).name FROM customers c") == {"name": "=customers.name"}
    assert shows("SELECT (ROW(id, ssn)).f2 FROM customers") == {"f2": "=customers.ssn"}
    assert shows("SELECT (to_json(c)).x FROM (SELECT ssn FROM customers) c") == {"x": "customers.ssn"}


def test_what_is_neither_field_nor_function_is_a_gap() -> None:
    assert "field nosuch is not known" in gaps("SELECT (o).nosuch FROM orders o")


def test_many_fields_of_fields_take_no_time() -> None:
    """Each part is looked at once: twice would be two to the power of the depth."""
    text = "note"
    for _ in range(40):
        text = f"({text}).btrim"
    assert understood(f"SELECT {text} FROM orders").actions[0].complete


def test_the_reference_policy_refuses_the_file() -> None:
    (action,) = understood("SELECT ('/etc/passwd'::text).pg_read_file").actions
    assert load_bundle((), ("postgres-safe",)).policy().decide(action, session()).outcome == "deny"
