from datetime import UTC, datetime, timedelta

import pytest

from passgate.languages.sql.folding import Folder
from passgate.languages.sql.moments import days_from_now
from passgate.pipeline.protocols import Input
from tests.unit.languages.sql.test_folding import expression

TODAY = datetime.now(UTC).date()


def days(text: str, *inputs: Input) -> float | None:
    return days_from_now(expression(text), Folder(inputs))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("now()", 0),
        ("pg_catalog.now()", 0),
        ("clock_timestamp()", 0),
        ("current_date", 0),
        ("current_timestamp(3)", 0),
        ("localtimestamp", 0),
        ("'now'", 0),
        ("'today'::date", 0),
        ("'tomorrow'", 1),
        ("'yesterday'", -1),
        ("now() - interval '30 days'", -30),
        ("now() + interval '1 week'", 7),
        ("now() - interval '1 year 2 mons'", -425.25),
        ("now() - interval '2 hours'", -1 / 12),
        ("now() - interval '5 days ago'", 5),
        ("now() - interval '-3 days'", 3),
        ("now() - interval '1' day", -1),
        ("now() - interval '2' month", -60),
        ("now() - 3 * interval '1 day'", -3),
        ("now() - interval '1 day' * 3", -3),
        ("current_date - 30", -30),
        ("current_date + 1", 1),
        ("now() - '1 day'::interval - interval '1 day'", -2),
        ("'infinity'", float("inf")),
        ("'-infinity'::timestamptz", float("-inf")),
    ],
)
def test_points_in_time(text: str, expected: float) -> None:
    assert days(text) == pytest.approx(expected)


@pytest.mark.parametrize(
    "form", ["'{}'", "'{}'::date", "'{} 10:00:00+00'::timestamptz", "'{}T10:00:00Z'", "timestamp '{} 10:00'"]
)
def test_dates(form: str) -> None:
    assert days(form.format(TODAY - timedelta(days=10))) == -10


def test_a_bound_date() -> None:
    assert days("$1", Input(value=str(TODAY), type="date")) == 0
    assert days("$1 - interval '1 day'", Input(value=str(TODAY), type="timestamptz")) == -1
    assert days("$1") is None


@pytest.mark.parametrize(
    "text",
    [
        "a",
        "random()",
        "evil.now()",
        "current_user",
        "5",
        "'next week'",
        "'2020-13-01'",
        "'0001-01-01 BC'",
        "'01/02/2020'",
        "now() - a",
        "a - interval '1 day'",
        "now() - interval 'P1D'",
        "now() - interval '1 fortnight'",
        "now() - interval ''",
        "now() - interval 'x' day",
        "now() - 2 * a",
        "now() * 2",
        "now()::text",
        "- interval '1 day'",
        "now() - $1::interval",
    ],
)
def test_what_is_not_told(text: str) -> None:
    assert days(text) is None


def test_nothing_is_no_point_in_time() -> None:
    assert days_from_now(None, Folder(None)) is None
