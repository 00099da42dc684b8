import math
from typing import Any

import pytest

from passgate.languages.sql.constants import literal, number
from passgate.languages.sql.findings import Findings
from passgate.languages.sql.parser import Parser
from passgate.languages.sql.walk import Environment, Walk
from passgate.pipeline.protocols import Input
from tests.unit.languages.sql.shop import gaps, language, said


def expression(text: str) -> dict[str, Any]:
    node = Parser().parse(f"SELECT {text}")[0].node
    found: dict[str, Any] = node["targetList"][0]["ResTarget"]["val"]
    return found


def walk(inputs: list[Input] | None = None, **more: Any) -> Walk:
    return Walk(Environment(names=language().names, paths=(), inputs=inputs, **more), Findings())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("'a'", "a"),
        ("1", "1"),
        ("0", "0"),
        ("1.5", "1.5"),
        ("true", "true"),
        ("false", ""),
        ("NULL", ""),
        ("'a'::regclass", "a"),
        ("'a' COLLATE \"C\"", "a"),
        ("'a'||'b'", None),
        ("id", None),
        ("f('a')", None),
    ],
)
def test_text_of_constants(text: str, expected: str | None) -> None:
    assert literal(walk(), expression(text)) == expected


def test_a_parameter_is_a_constant_once_it_is_bound() -> None:
    unbound = walk()
    assert literal(unbound, expression("$1")) is None
    assert unbound.found.inputs_matter
    assert literal(walk([Input(value="x")]), expression("$1::text")) == "x"
    assert literal(walk([Input(value=None)]), expression("$1")) == ""
    assert literal(walk([Input(value="x", opaque=True)]), expression("$1")) is None
    assert literal(walk([Input(value="x")]), expression("$2")) is None


def test_an_argument_of_execute_stands_for_its_parameter() -> None:
    assert literal(walk(arguments={1: expression("'x'")}), expression("$1")) == "x"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5", 5),
        ("2*3", 6),
        ("-7", -7),
        ("10^3", 1000),
        ("1<<4", 16),
        ("7%4", 3),
        ("8/2", 4),
        ("'12'::int", 12),
        ("1+1::int", 2),
        ("(SELECT 9)", 9),
        ("(2*2)::int8", 4),
        ("1/0", math.inf),
        ("1e308*10", math.inf),
        ("10^400", math.inf),
        ("id", None),
        ("'x'", None),
        ("'nan'", math.inf),
        ("1 # 2", None),
        ("(SELECT 1 FROM t)", None),
        ("(1e308*10)-(1e308*10)", math.inf),
    ],
)
def test_arithmetic_on_constants_never_comes_out_too_small(text: str, expected: float | None) -> None:
    assert number(walk(), expression(text)) == expected


def test_a_text_that_a_cast_may_cut_short_names_nothing_yet() -> None:
    """``'events_of_others'::varchar(6)`` names the table ``events``: the words before the cast do not tell."""
    for text in ("('events_1'::varchar(6))", "('events_1'::char(6))", "('events_1'::\"char\")"):
        assert "computed regclass" in gaps(f"SELECT {text}::regclass"), text
        assert "computed" in gaps(f"SELECT table_to_xml({text}, true, true, '')"), text
    assert "select events_1" in said("SELECT ('events_1'::text)::regclass, to_regclass('events_1'::varchar)")
