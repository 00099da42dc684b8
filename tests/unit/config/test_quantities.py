"""Durations and sizes as people write them."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.config.quantities import format_duration, parse_duration, parse_size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("250ms", 0.25), ("2s", 2), ("30m", 1800), ("8h", 28800), ("1d", 86400), ("1h30m", 5400), ("1m1s1ms", 61.001)],
)
def test_duration(text: str, seconds: float) -> None:
    assert parse_duration(text) == timedelta(seconds=seconds)


@pytest.mark.parametrize("text", ["", "30", "m", "30q", "-1s", "1.5h", " 1s", "1s ", "1S", "٣s", "1s1s", "1h 30m"])
def test_what_is_not_a_duration(text: str) -> None:
    with pytest.raises(ValueError, match="not a duration"):
        parse_duration(text)


def test_a_duration_is_longer_than_zero_and_no_typing_error() -> None:
    with pytest.raises(ValueError, match="longer than zero"):
        parse_duration("0s")
    with pytest.raises(ValueError, match="at most 3650d"):
        parse_duration("3651d")
    assert parse_duration("3650d") == timedelta(days=3650)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1B", 1),
        ("64MiB", 64 * 2**20),
        ("64 MiB", 64 * 2**20),
        ("10MB", 10**7),
        ("2GiB", 2**31),
        ("3KB", 3000),
        ("1KiB", 1024),
    ],
)
def test_size(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "64", "MiB", "64mib", "64 M", "-1B", "1.5MiB", "64  MiB", "1TiB"])
def test_what_is_not_a_size(text: str) -> None:
    with pytest.raises(ValueError, match="not a size"):
        parse_size(text)


def test_a_size_is_larger_than_zero() -> None:
    with pytest.raises(ValueError, match="larger than zero"):
        parse_size("0MiB")


@given(st.integers(min_value=1, max_value=3650 * 86400 * 1000))
def test_a_duration_written_is_read_back(milliseconds: int) -> None:
    duration = timedelta(milliseconds=milliseconds)
    assert parse_duration(format_duration(duration)) == duration


def test_no_duration_at_all() -> None:
    assert format_duration(timedelta(0)) == "0s"
