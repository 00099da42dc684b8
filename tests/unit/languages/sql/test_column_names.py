import pytest

from tests.unit.languages.sql.shop import action


@pytest.mark.parametrize(
    ("expression", "name"),
    [
        ("note", "note"),
        ("o.note", "note"),
        ("upper(note)", "upper"),
        ("note::varchar", "note"),
        ("1::int4", "int4"),
        ("'x'::text", "text"),
        ("1", "?column?"),
        ("note || 'x'", "?column?"),
        ("CASE WHEN true THEN note END", "case"),
        ("CASE WHEN true THEN 1 ELSE note END", "note"),
        ("coalesce(note, '')", "coalesce"),
        ("nullif(note, '')", "nullif"),
        ("greatest(1, 2)", "greatest"),
        ("least(1, 2)", "least"),
        ("EXISTS (SELECT 1)", "exists"),
        ("ARRAY(SELECT 1)", "array"),
        ("ARRAY[1]", "array"),
        ("ROW(1)", "row"),
        ("(SELECT note)", "note"),
        ("(SELECT 1 AS z)", "z"),
        ("(SELECT 1)", "?column?"),
        ("(VALUES (1))", "column1"),
        ("(o).note", "note"),
        ("current_date", "current_date"),
        ("current_user", "current_user"),
        ('note COLLATE "C"', "note"),
        ("extract(year from now())", "extract"),
        ("xmlconcat(NULL)", "xmlconcat"),
        ("1 IN (SELECT 1)", "?column?"),
        ("json_array(1)", "json_array"),
        ("(ARRAY[1])[1]", "array"),
        ("xmlserialize(content '<a/>' AS text)", "xmlserialize"),
        ("(SELECT 7 UNION SELECT 8)", "?column?"),
        ("current_timestamp(3)", "current_timestamp"),
        ("json_value('1', '$')", "json_value"),
        ("o.*::text", "o"),
    ],
)
def test_unnamed_columns_are_named_as_the_server_does(expression: str, name: str) -> None:
    found = action(f"SELECT {expression} FROM orders o")
    assert found.outputs is not None
    assert found.outputs[0].name == name
