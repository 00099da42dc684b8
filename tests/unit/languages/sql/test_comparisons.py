import pytest

from passgate.languages.sql.catalog import Column, ForeignKey, Relation
from passgate.languages.sql.comparisons import equals_is_plain, range_narrows
from passgate.languages.sql.folding import Folder
from tests.unit.languages.sql.test_folding import expression

RELATION = Relation(
    oid=1,
    namespace="public",
    name="t",
    columns=(
        Column(name="id", number=1, type_name="int8", not_null=True),
        Column(name="total", number=2, type_name="numeric"),
        Column(name="at", number=3, type_name="timestamptz"),
        Column(name="name", number=4, type_name="text"),
        Column(name="paid", number=5, type_name="bool"),
        Column(name="owner", number=6, type_name="int4"),
        Column(name="parent_id", number=7, type_name="int4"),
    ),
    primary_key=("id",),
    foreign_keys=(
        ForeignKey(columns=("owner",), target_namespace="public", target_name="people", target_columns=("id",)),
    ),
)


@pytest.mark.parametrize(
    ("column", "expected"),
    [("id", True), ("ctid", True), ("paid", False), ("tableoid", False), ("xmin", False), ("gone", False)],
)
def test_equality(column: str, expected: bool) -> None:
    assert equals_is_plain(RELATION, column) is expected


@pytest.mark.parametrize(
    ("column", "operator", "bound", "expected"),
    [
        ("id", ">", "1", True),
        ("id", ">", "0", False),
        ("id", ">=", "2", True),
        ("id", ">=", "1", False),
        ("total", ">", "0", True),
        ("owner", ">", "0", False),
        ("parent_id", ">=", "1", False),
        ("parent_id", ">=", "2", True),
        ("total", ">=", "0", False),
        ("total", ">", "-0.01", False),
        ("total", "<", "999998", True),
        ("total", "<=", "999999", False),
        ("total", "<", "a", False),
        ("at", "<", "now() - interval '1 day'", True),
        ("at", "<", "now()", False),
        ("at", "<=", "now() - interval '1 second'", False),
        ("at", ">", "now() - interval '14 years'", True),
        ("at", ">", "now() - interval '16 years'", False),
        ("at", ">", "a", False),
        ("name", ">", "'m'", False),
        ("paid", ">", "false", False),
        ("ctid", ">", "'(5,1)'", False),
        ("gone", ">", "5", False),
    ],
)
def test_ranges(column: str, operator: str, bound: str, expected: bool) -> None:
    assert range_narrows(RELATION, column, operator, expression(bound), Folder(None)) is expected
