from typing import Any

import pytest

from passgate.core.errors import NotUnderstoodError
from passgate.languages.sql.expressions import READERS, value
from passgate.languages.sql.findings import Findings
from passgate.languages.sql.scope import Scope, With
from passgate.languages.sql.walk import MAX_DEPTH, RANGE_VAR, Environment, Walk, named, reader
from tests.unit.languages.sql.shop import gaps, language, understander


@pytest.fixture
def walk() -> Walk:
    return Walk(Environment(names=language().names, paths=(("public",),)), Findings())


def test_an_unknown_node_is_a_gap(walk: Walk) -> None:
    value(walk, {"FutureExpr": {}}, Scope(None, With()))
    assert list(walk.found.gaps) == ["node FutureExpr is not known"]


def test_an_unknown_field_of_a_known_node_is_a_gap(walk: Walk) -> None:
    value(walk, {"A_Const": {"ival": {"ival": 1}, "secret": {}}}, Scope(None, With()))
    assert list(walk.found.gaps) == ["field A_Const.secret is not known"]


@pytest.mark.parametrize("kind", sorted(READERS))
def test_every_reader_declares_its_fields(walk: Walk, kind: str) -> None:
    known, _ = READERS[kind]
    walk.check(kind, {**dict.fromkeys(known), "novel": None}, known)
    assert list(walk.found.gaps) == [f"field {kind}.novel is not known"]


def test_depth_is_bounded(walk: Walk) -> None:
    node: dict[str, Any] = {"A_Const": {}}
    for _ in range(MAX_DEPTH + 5):
        node = {"CollateClause": {"arg": node}}
    with pytest.raises(NotUnderstoodError, match="nests more than"):
        value(walk, node, Scope(None, With()))


def test_a_deep_statement_is_a_gap() -> None:
    assert "nest" in gaps("SELECT " + "lower(" * 150 + "'x'" + ")" * 150)
    assert "nest" in gaps("SELECT * FROM " + "(SELECT * FROM " * 70 + "orders" + ") x" * 70)


def test_long_chains_are_not_deep() -> None:
    assert understander().understand("SELECT " + " || ".join(["note"] * 400) + " FROM orders").actions[0].complete
    assert understander().understand(" UNION ALL ".join(["SELECT 1"] * 300)).actions[0].complete


def test_a_range_var_is_named_as_written(walk: Walk) -> None:
    assert named({"schemaname": "a", "relname": "b"}) == "a.b"
    assert named({"relname": "b"}) == "b"
    assert not walk.object({"relname": "nosuch"}).known
    assert "relname" in RANGE_VAR


def test_a_reader_is_declared_once_for_a_kind() -> None:
    table: Any = {}
    function = reader(table, "X", "a b")(READERS["List"][1])
    assert table["X"] == (frozenset({"a", "b"}), function)


def test_a_relation_of_another_database_is_not_the_one_of_that_name_here() -> None:
    for text in ("SELECT * FROM elsewhere.public.orders", "DELETE FROM elsewhere.public.orders WHERE id = 1"):
        assert "database elsewhere is not the session's" in gaps(text)
