from datetime import UTC, datetime, timedelta

import pytest

from passgate.policy.cel.errors import EvaluationError
from passgate.policy.cel.functions import FUNCTIONS, METHODS, checked_int, duration, timestamp
from tests.unit.policy.cel.conditions import evaluate


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("15m", timedelta(minutes=15)),
        ("1h30m", timedelta(minutes=90)),
        ("250ms", timedelta(milliseconds=250)),
        ("1.5h", timedelta(minutes=90)),
        ("-2s", timedelta(seconds=-2)),
        ("7us", timedelta(microseconds=7)),
    ],
)
def test_durations(text: str, wanted: timedelta) -> None:
    assert duration(text) == wanted


@pytest.mark.parametrize("text", ["", "15", "m", "1d", "1h 2m", "9999999999999999h"])
def test_what_is_not_a_duration(text: str) -> None:
    with pytest.raises(EvaluationError):
        duration(text)


def test_timestamps_are_in_utc_and_cut_to_microseconds() -> None:
    assert timestamp("2030-01-31T08:00:00.123456789+02:00") == datetime(2030, 1, 31, 6, 0, 0, 123456, tzinfo=UTC)
    assert timestamp("2030-01-31T08:00:00Z") == datetime(2030, 1, 31, 8, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2030-01-31", "2030-02-31T00:00:00Z", "now", "0001-01-01T00:00:00+14:00"])
def test_what_is_not_a_timestamp(text: str) -> None:
    with pytest.raises(EvaluationError):
        timestamp(text)


def test_integers_have_64_bits() -> None:
    assert checked_int(2**63 - 1) == 2**63 - 1
    assert checked_int(-(2**63)) == -(2**63)
    for value in (2**63, -(2**63) - 1):
        with pytest.raises(EvaluationError):
            checked_int(value)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("name.startsWith('Ab')", True),
        ("name.endsWith('c')", False),
        ("name.contains('bC')", True),
        ("name.matches('b.$')", True),
        ("name.matches('^b')", False),
        ("name.lowerAscii() == 'abc'", True),
        ("name.upperAscii() == 'ABC'", True),
        ("size(name) == name.size()", True),
        ("int('-12') == -12 && string(12) == '12'", True),
    ],
)
def test_text_functions(text: str, holds: bool) -> None:
    assert evaluate(text, name="AbC") is holds


def test_parts_of_a_moment_count_as_in_cel() -> None:
    moment = datetime(2030, 1, 6, 23, 59, tzinfo=UTC)  # a Sunday
    parts = "opened.getDate() == 6 && opened.getDayOfWeek() == 0 && opened.getMinutes() == 59 && opened.getMonth() == 0"
    assert evaluate(parts, opened=moment) is True
    assert (
        evaluate("opened.getDayOfWeek('Asia/Tokyo') == 1 && opened.getDate('Asia/Tokyo') == 7", opened=moment) is True
    )


def test_a_prepared_function_cannot_run_unprepared() -> None:
    for overload in (*METHODS["matches"], *METHODS["getHours"]):
        if overload.prepare is not None:
            with pytest.raises(EvaluationError):
                overload.run("a", "b")


def test_every_function_says_its_types() -> None:
    for overloads in (*METHODS.values(), *FUNCTIONS.values()):
        assert all(overload.types for overload in overloads)
