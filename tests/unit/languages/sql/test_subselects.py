from collections.abc import Sequence

import pytest

from passgate.languages.sql.folding import Folder
from passgate.languages.sql.narrowing import Strength
from passgate.languages.sql.reference import catalog_of
from passgate.languages.sql.sources import Target
from passgate.languages.sql.subselects import Selected, array_subselect, exists_narrows, select_narrows
from passgate.languages.sql.tree import Node
from tests.unit.languages.sql.test_folding import PARSER, expression

CATALOG = catalog_of("""
CREATE TABLE t (id int PRIMARY KEY, a int, b text);
CREATE TABLE other (id int PRIMARY KEY, x int, c int);
CREATE VIEW v AS SELECT id, b FROM t;
""")


def target(name: str = "t") -> Target:
    relation = CATALOG.relation(name, "", ("public",))
    assert relation is not None
    return Target(relation=relation, name=name, catalog=CATALOG, search_path=("public",))


def select(text: str) -> Node:
    (statement,) = PARSER.parse(text)
    return statement.node


def selected(text: str, *, inside: Strength = Strength.NONE) -> tuple[Selected, list[tuple[str, int]]]:
    """What the select says, and each relation that conditions inside it were judged for, with how many conditions."""
    asked: list[tuple[str, int]] = []

    def judged(inner: Target, conditions: Sequence[Node]) -> Strength:
        asked.append((inner.name, len(conditions)))
        return inside

    return select_narrows(select(text), "id", target(), Folder(None), judged), asked


NARROWS = Selected(narrows=True, uncorrelated=True)
ALL = Selected(narrows=False, uncorrelated=True)
UNKNOWN = Selected()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1", Selected(constants=1, narrows=True, uncorrelated=True)),
        ("VALUES (1), (2)", Selected(constants=2, narrows=True, uncorrelated=True)),
        ("SELECT id FROM other", NARROWS),
        ("SELECT o.id FROM other o", NARROWS),
        ("SELECT id FROM t", ALL),
        ("SELECT id FROM v", ALL),
        ("SELECT id FROM t LIMIT 10", NARROWS),
        ("SELECT id FROM t FETCH FIRST 10 ROWS ONLY", NARROWS),
        ("SELECT id FROM t LIMIT 100000", ALL),
        ("SELECT id FROM t ORDER BY a FETCH FIRST 10 ROWS WITH TIES", ALL),
        ("SELECT max(id) FROM t", NARROWS),
        ("SELECT count(*) FROM t", UNKNOWN),
        ("SELECT max(id) OVER () FROM t", UNKNOWN),
        ("SELECT max(id) FROM t GROUP BY a", UNKNOWN),
        ("SELECT t.id FROM other", UNKNOWN),
        ("SELECT a FROM other", UNKNOWN),
        ("SELECT id FROM other WHERE x = t.a", UNKNOWN),
        ("SELECT id FROM other WHERE x = a", UNKNOWN),
        ("SELECT id FROM other WHERE x IN (SELECT a FROM t)", UNKNOWN),
        ("SELECT id, x FROM other", UNKNOWN),
        ("SELECT * FROM other", UNKNOWN),
        ("SELECT id + 1 FROM other", UNKNOWN),
        ("SELECT a.b.id FROM other", UNKNOWN),
        ("SELECT id FROM missing", UNKNOWN),
        ("SELECT g FROM generate_series(1, 5) g", UNKNOWN),
        ("SELECT other.id FROM other LEFT JOIN t ON true", UNKNOWN),
        ("SELECT o.id FROM other o JOIN t ON true FULL JOIN v ON true", UNKNOWN),
        ("WITH other AS (SELECT id FROM t) SELECT id FROM other", UNKNOWN),
        ("SELECT id FROM t UNION SELECT id FROM other", ALL),
        ("SELECT id FROM other UNION ALL SELECT 5", NARROWS),
        ("SELECT id FROM t INTERSECT SELECT id FROM other", NARROWS),
        ("SELECT id FROM t EXCEPT SELECT id FROM other", ALL),
        ("SELECT id FROM other EXCEPT SELECT id FROM t", NARROWS),
        ("SELECT id FROM t UNION SELECT f()", UNKNOWN),
    ],
)
def test_what_a_sub_select_says(text: str, expected: Selected) -> None:
    assert selected(text)[0] == expected


def test_conditions_inside_are_judged_for_the_relation_that_is_selected_from() -> None:
    found, asked = selected(
        "SELECT t2.id FROM t t2 JOIN other ON other.id = t2.a WHERE t2.b = 'x'", inside=Strength.POINT
    )
    assert (found, asked) == (NARROWS, [("t2", 2)])


def test_an_unqualified_name_in_a_join_condition_may_be_anothers() -> None:
    assert selected("SELECT t2.id FROM t t2 JOIN other ON x = 5")[1] == [("t2", 0)]


@pytest.mark.parametrize(
    ("condition", "column"),
    [
        ("EXISTS (SELECT FROM other WHERE other.id = t.id)", "id"),
        ("EXISTS (SELECT FROM other o WHERE t.a = o.id AND o.x = 1)", "a"),
        ("EXISTS (SELECT FROM other WHERE x = a)", "a"),
        ("EXISTS (SELECT FROM other WHERE x = id)", ""),
        ("EXISTS (SELECT FROM other WHERE other.id = t.missing)", ""),
        ("EXISTS (SELECT FROM other WHERE other.id > t.id)", ""),
        ("EXISTS (SELECT FROM other WHERE other.id = t.id OR true)", ""),
        ("EXISTS (SELECT FROM other WHERE other.id = 5)", ""),
        ("EXISTS (SELECT FROM other WHERE other.id = s.t.id)", ""),
        ("EXISTS (SELECT FROM other WHERE true)", ""),
        ("EXISTS (SELECT FROM other)", ""),
        ("EXISTS (SELECT FROM t t2 WHERE t2.id = t.id)", ""),
        ("EXISTS (SELECT FROM other t WHERE t.id = t.id)", ""),
        ("EXISTS (SELECT FROM v WHERE v.id = t.id)", ""),
        ("EXISTS (SELECT FROM missing WHERE missing.id = t.id)", ""),
        ("EXISTS (SELECT FROM other, v WHERE other.id = t.id)", ""),
        ("EXISTS (SELECT count(*) FROM other WHERE other.id = t.id)", ""),
        ("EXISTS (SELECT 1 + sum(x) FROM other WHERE other.id = t.id)", ""),
        ("EXISTS (SELECT FROM other WHERE other.id = t.id GROUP BY ())", ""),
        ("EXISTS (SELECT 1, other.x FROM other WHERE other.id = t.id)", "id"),
        ("EXISTS (SELECT * FROM other WHERE other.id = t.id)", "id"),
        ("EXISTS (SELECT FROM other WHERE other.id = t.id LIMIT 1)", ""),
    ],
)
def test_exists_ties_a_column_to_another_relation(condition: str, column: str) -> None:
    node = expression(condition)["SubLink"]["subselect"]["SelectStmt"]
    assert exists_narrows(node, target(), Folder(None)) == column


def test_the_select_of_an_array() -> None:
    found = array_subselect(expression("ARRAY(SELECT 1)"))
    assert found is not None
    assert "targetList" in found
    assert array_subselect(expression("(SELECT 1)")) is None
    assert array_subselect(expression("ARRAY[1]")) is None
