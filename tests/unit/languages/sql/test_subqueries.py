from passgate.core.action import ObjectRef
from passgate.languages.sql.lineage import Field, StoredColumn, Value
from passgate.languages.sql.scope import With
from passgate.languages.sql.subqueries import OPEN, QUERIES, entry, renamed, rows
from passgate.languages.sql.walk import Environment, Walk
from tests.unit.languages.sql.shop import language

SOURCE = frozenset((StoredColumn(ObjectRef(kind="relation", name="t"), "a"),))
FIELDS = (Field("a", Value(SOURCE, direct=True)), Field("b", Value()))


def test_an_alias_list_names_the_first_columns() -> None:
    assert [field.name for field in renamed(FIELDS, ("x",))] == ["x", "b"]
    assert [field.name for field in entry("q", FIELDS, ("x", "y")).fields] == ["x", "y"]


def test_columns_that_cannot_be_told_stay_open() -> None:
    found = entry("q", (Field(OPEN, Value(SOURCE)),), ("x",))
    assert found.open
    assert [(field.name, field.value.sources) for field in found.fields] == [("x", SOURCE)]
    assert found.column("anything") == Value(SOURCE)


def test_only_statements_that_yield_rows_are_queries() -> None:
    assert set(QUERIES) == {"SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"}
    walk = Walk(Environment(names=language().names, paths=()))
    assert rows(walk, {"TruncateStmt": {}}, None, With()).fields == ()
    assert rows(walk, None, None, With()).fields == ()
    assert list(walk.found.gaps) == ["query TruncateStmt is not known", "query without a statement is not known"]
    rows(walk, {"SelectStmt": {"novel": 1}}, None, With())
    assert "field SelectStmt.novel is not known" in walk.found.gaps
