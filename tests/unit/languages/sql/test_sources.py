import pytest

from passgate.languages.sql.folding import Folder
from passgate.languages.sql.reference import catalog_of
from passgate.languages.sql.sources import Source, constant_rows, sources_of
from passgate.languages.sql.tree import Node, items
from tests.unit.languages.sql.test_folding import PARSER

CATALOG = catalog_of("""
CREATE TABLE parent (id int PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE part PARTITION OF parent FOR VALUES FROM (1) TO (2);
CREATE TABLE other (id int PRIMARY KEY);
CREATE TABLE t (id int PRIMARY KEY, must int NOT NULL REFERENCES other, may int REFERENCES other);
CREATE VIEW v AS SELECT id FROM t;
""")


def select(text: str) -> Node:
    (statement,) = PARSER.parse(text)
    return statement.node


def sources(from_: str, ctes: frozenset[str] = frozenset()) -> tuple[dict[str, Source], list[Node]]:
    nodes = items(select(f"SELECT FROM {from_}")["fromClause"])
    return sources_of(nodes, catalog=CATALOG, search_path=("public",), ctes=ctes, folder=Folder(None))


def narrows(source: str, column: str, target: str = "t") -> bool:
    relation = CATALOG.relation(target, "", ("public",))
    assert relation is not None
    found, _ = sources(source)
    return found[source].narrows(relation, column)


def test_every_kind_of_from_item_has_its_alias() -> None:
    found, joined = sources(
        "t a, other, (VALUES (1), (2)) w(x), f() g, (a1 JOIN a2 ON true) AS j, LATERAL (SELECT id FROM t) l"
    )
    assert set(found) == {"a", "other", "w", "g", "j", "l"}
    assert found["a"].relation is CATALOG.relation("t", "", ("public",))
    assert found["w"] == Source(constants=2)
    assert found["g"] == found["j"] == found["l"] == Source()
    assert joined == []


def test_only_conditions_of_inner_joins_hold_for_every_row() -> None:
    found, joined = sources("t JOIN other o ON t.id = o.id LEFT JOIN v ON v.id = o.id")
    assert set(found) == {"t", "o", "v"}
    assert len(joined) == 1
    assert sources("t CROSS JOIN other")[1] == []


def test_a_with_query_hides_a_relation_unless_qualified() -> None:
    assert sources("other", frozenset({"other"}))[0]["other"].relation is None
    assert sources("public.other", frozenset({"other"}))[0]["other"].relation is not None
    assert sources("missing")[0]["missing"].relation is None


def test_joins_that_leave_rows_out() -> None:
    assert narrows("other", "id")
    assert narrows("other", "may")
    assert not narrows("other", "must")
    assert not narrows("t", "id")
    assert not narrows("v", "id")
    assert not narrows("part", "id", target="parent")
    assert not narrows("parent", "id", target="part")
    assert not narrows("missing", "id")


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("VALUES (1), (2)", 2),
        ("VALUES (1, 'a'), ($1, NULL)", 2),
        ("VALUES (1), (a)", 0),
        ("VALUES (now())", 0),
        ("SELECT 1, 'x'", 1),
        ("SELECT 1 FROM t", 0),
        ("SELECT", 0),
        ("SELECT 1 UNION SELECT 2", 0),
        ("WITH a AS (SELECT 1) SELECT 1", 0),
    ],
)
def test_constant_rows(text: str, rows: int) -> None:
    assert constant_rows(select(text), Folder(None)) == rows
