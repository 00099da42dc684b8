import pytest

from tests.unit.languages.sql.shop import action, gaps, said, shows

WHOLE = "customers.email,customers.id,customers.name,customers.ssn"


@pytest.mark.parametrize(
    ("text", "lineage"),
    [
        ("SELECT x FROM customers t(a, b, x)", {"x": "=customers.ssn"}),
        ("SELECT j.d FROM (orders o JOIN customers c ON o.id = c.id) j(a, b, c, d, e, f, g)", {"d": "=orders.total"}),
        ("SELECT id FROM orders JOIN customers USING (id)", {"id": "customers.id,orders.id"}),
        ("SELECT u.id FROM orders JOIN customers USING (id) AS u", {"id": "customers.id,orders.id"}),
        ("SELECT ssn FROM orders NATURAL JOIN customers", {"ssn": "=customers.ssn"}),
        ("SELECT z.v FROM customers c, LATERAL (SELECT c.ssn AS v) z", {"v": "=customers.ssn"}),
        ("SELECT k FROM customers c, unnest(ARRAY[c.ssn]) k", {"k": "customers.ssn"}),
        ("SELECT v.value FROM customers c, jsonb_each_text(to_jsonb(c)) v", {"value": WHOLE}),
        ("SELECT n FROM generate_series(1, 2) n", {"n": ""}),
        ("SELECT generate_series FROM generate_series(1, 2)", {"generate_series": ""}),
        ("SELECT b FROM customers c, rows_of() r", {"b": ""}),
        ("SELECT r.x FROM customers c, json_to_record(row_to_json(c)) AS r(x text)", {"x": WHOLE}),
        (
            (
                "SELECT p, q, r FROM ROWS FROM (md5((SELECT ssn FROM customers)), json_to_record('{}') AS (y int)) "
                "WITH ORDINALITY t(p, q, r)"
            ),
            {"p": "customers.ssn", "q": "", "r": ""},
        ),
        (
            "SELECT x.a FROM customers c, XMLTABLE('/r' PASSING (c.ssn::xml) COLUMNS a text, n FOR ORDINALITY) x",
            {"a": "customers.ssn"},
        ),
        (
            "SELECT x.n FROM customers c, XMLTABLE('/r' PASSING (c.ssn::xml) COLUMNS a text, n FOR ORDINALITY) x",
            {"n": ""},
        ),
        (
            (
                "SELECT j.a, j.b FROM customers c, JSON_TABLE(to_jsonb(c), '$' COLUMNS (a text PATH '$', "
                "NESTED PATH '$' COLUMNS (b text))) j"
            ),
            {"a": WHOLE, "b": WHOLE},
        ),
        ("SELECT u.ssn FROM unnest(ARRAY(SELECT c FROM customers c)) u", {"ssn": WHOLE}),
        ("SELECT * FROM unnest(ARRAY[1, 2]) WITH ORDINALITY", {"unnest": "", "ordinality": ""}),
        ("SELECT tag FROM (SELECT ssn FROM customers) q(tag)", {"tag": "=customers.ssn"}),
    ],
)
def test_lineage_goes_through(text: str, lineage: dict[str, str]) -> None:
    assert shows(text) == lineage


def test_using_and_natural_compare() -> None:
    assert "select customers.ssn join" in said("SELECT 1 FROM customers a JOIN customers b USING (ssn)")
    assert {"select customers.id join", "select orders.id join"} <= set(
        said("SELECT 1 FROM orders NATURAL JOIN customers")
    )


def test_what_cannot_be_joined_by_is_a_gap() -> None:
    assert "column nosuch cannot be joined by" in gaps("SELECT 1 FROM orders JOIN customers USING (nosuch)")
    assert "NATURAL join of columns that cannot be told" in gaps("SELECT 1 FROM orders NATURAL JOIN nosuch_rows(1) x")


def test_a_function_of_unknown_columns_shows_its_arguments_in_any() -> None:
    found = action("SELECT f.whatever FROM customers c, nosuch_rows(c.ssn) f")
    assert found.outputs is not None
    assert [s.column for s in found.outputs[0].sources] == ["ssn"]


def test_an_alias_list_past_columns_that_cannot_be_told_may_mean_any_of_them() -> None:
    text = "SELECT t.q AS x FROM ROWS FROM (unnest((SELECT array_agg(c) FROM customers c)), md5('x')) t(p, q)"
    assert shows(text) == {"x": WHOLE}


def test_a_sample_calls_its_method() -> None:
    assert "call system" not in said("SELECT 1 FROM orders TABLESAMPLE system (10) REPEATABLE (1)")
    assert "call mine" in said("SELECT 1 FROM orders TABLESAMPLE mine (10)")


def test_tables_of_the_server_are_resolved_too() -> None:
    assert shows("SELECT relname FROM pg_class") == {"relname": "=pg_class.relname"}
    assert action("SELECT * FROM pg_stats").atoms[0].object.tags == {"statistics"}
    assert action("SELECT query FROM pg_stat_statements").atoms[0].object.tags == {"activity"}


def test_another_schema_is_another_table() -> None:
    assert shows("SELECT secret FROM other.orders") == {"secret": "=orders.secret"}
    assert "column secret is not known" in gaps("SELECT secret FROM orders")


def test_unnest_of_several_arrays_is_one_unnest_of_each() -> None:
    assert said("SELECT * FROM unnest(ARRAY[1, 2], ARRAY['a', 'b'])") == ["call unnest"]
    shown = shows(
        "SELECT k, e FROM unnest(ARRAY(SELECT id FROM customers), ARRAY(SELECT email FROM customers)) t(k, e)"
    )
    assert shown["k"] == "customers.id"
    assert "customers.email" in shown["e"]  # and the id: an array may be one of rows, whose columns come first
