from decimal import Decimal

import pytest

from passgate.languages.sql.folding import Constant, Folder, as_boolean, type_of
from passgate.languages.sql.parser import Parser
from passgate.languages.sql.tree import Node, unwrap
from passgate.pipeline.protocols import Input

PARSER = Parser()


def expression(text: str) -> Node:
    (statement,) = PARSER.parse(f"SELECT {text}")
    found: Node = statement.node["targetList"][0]["ResTarget"]["val"]
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", Decimal(1)),
        ("0", Decimal(0)),
        ("-1", Decimal(-1)),
        ("1.5", Decimal("1.5")),
        ("12345678901234567890", Decimal(12345678901234567890)),
        ("true", True),
        ("false", False),
        ("NULL", None),
        ("'x'", "x"),
        ("''", ""),
        ("1 + 2 * 3 - 4", Decimal(3)),
        ("-(1 + 1)", Decimal(-2)),
        ("'5'::int", Decimal(5)),
        ("5::bigint", Decimal(5)),
        ("'1.5'::numeric", Decimal("1.5")),
        ("NULL::int", None),
        ("'yes'::bool", True),
        ("'x'::text", "x"),
        ("'2020-01-01'::date", "2020-01-01"),
        ("'x' COLLATE \"C\"", "x"),
        ("(SELECT 5)", Decimal(5)),
    ],
)
def test_values(text: str, expected: object) -> None:
    folder = Folder(None)
    assert folder.value(expression(text)) == Constant(expected)  # type: ignore[arg-type]
    assert folder.constant(expression(text))
    assert not folder.inputs_matter


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "f()",
        "1 / 2",
        "1.5::int",
        "0.1::float4",
        "0.001::money",
        "'x'::int",
        "true::int",
        "'maybe'::bool",
        "'x'::varchar(1)",
        "'x'::my_type",
        "1e60 + 1e-200",
        "'NaN'::numeric",
        "1 || 2",
        "(SELECT 1 FROM t)",
        "(SELECT 1 LIMIT 0)",
        "ARRAY[1]",
        "b'101'",
    ],
)
def test_what_is_not_told(text: str) -> None:
    assert Folder(None).value(expression(text)) is None


@pytest.mark.parametrize(
    "text",
    ["$1", "now()", "pg_catalog.now()", "current_date", "lower('A')", "'a' || 'b'", "current_user", "1 / 2", "$1::int"],
)
def test_constants_need_no_value(text: str) -> None:
    assert Folder(None).constant(expression(text))


@pytest.mark.parametrize(
    "text", ["a", "random()", "evil.now()", "lower(a)", "a + 1", "(SELECT max(a) FROM t)", "1 ^ 2", "f(1)"]
)
def test_what_may_differ_from_row_to_row(text: str) -> None:
    assert not Folder(None).constant(expression(text))


def test_nothing_is_no_constant() -> None:
    assert not Folder(None).constant(None)
    assert Folder(None).value(None) is None
    assert Folder(None).number(None) is None


@pytest.mark.parametrize("text", ["now()", "current_date", "lower('a')"])
def test_functions_cannot_be_read_off_the_text(text: str) -> None:
    assert not Folder(None).constant(expression(text), functions=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'5'", Decimal(5)),
        ("0.5::float8", Decimal("0.5")),
        ("'7'::money", Decimal(7)),
        ("1 + '2'", Decimal(3)),
        ("true", None),
        ("'x'", None),
    ],
)
def test_numbers_to_judge_a_bound_by(text: str, expected: Decimal | None) -> None:
    assert Folder(None).number(expression(text)) == expected


@pytest.mark.parametrize(
    ("bound", "expected"),
    [
        (Input(value="5", type="int4"), Constant(Decimal(5))),
        (Input(value="t", type="bool"), Constant(True)),
        (Input(value="x", type="text"), Constant("x")),
        (Input(value="x"), Constant("x")),
        (Input(value=None, type="int4"), Constant(None)),
        (Input(value="{1}", type="_int4"), Constant("{1}")),
        (Input(value="0.5", type="float8"), None),
        (Input(value="x", type="mood"), None),
        (Input(value="5", type="int4", opaque=True), None),
    ],
)
def test_bound_parameters(bound: Input, expected: Constant | None) -> None:
    folder = Folder([bound])
    assert folder.value(expression("$1")) == expected
    assert folder.inputs_matter


def test_a_parameter_without_a_value() -> None:
    folder = Folder(None)
    assert folder.value(expression("$1")) is None
    assert folder.inputs_matter
    assert Folder([]).number(expression("$1 + 1")) is None
    assert Folder([Input(value="4")]).number(expression("$1 + 1")) == 5


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, True), (False, False), ("t", True), (" OFF ", False), (Decimal(1), True), ("maybe", None), (None, None)],
)
def test_truth(value: object, expected: bool | None) -> None:
    assert as_boolean(Constant(value)) is expected  # type: ignore[arg-type]
    assert as_boolean(None) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [("a::int", "int4"), ("a::int[]", "_int4"), ("a::varchar(3)", ""), ("a::s.t", ""), ("a::mood", "mood")],
)
def test_type_of_a_cast(text: str, expected: str) -> None:
    assert type_of(unwrap(expression(text))[1]) == expected
