"""Public names of passes."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.identity.pass_id import is_pass_id, new_pass_id

NOW = datetime(2026, 3, 1, tzinfo=UTC)


@given(st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(3000, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_its_shape_and_order(now: datetime) -> None:
    first, later = new_pass_id(now), new_pass_id(now + timedelta(seconds=1))
    assert is_pass_id(first)
    assert len(first) == 19
    assert first < later


def test_a_database_user_name_has_room_for_it() -> None:
    assert len(new_pass_id(NOW)) <= 63
    assert new_pass_id(NOW).isidentifier()


def test_ids_of_one_second_differ() -> None:
    assert len({new_pass_id(NOW) for _ in range(1000)}) == 1000


@pytest.mark.parametrize(
    "text",
    [
        "",
        "pg_",
        "postgres",
        "pg_0000000000000000\n",
        "pg_000000000000000i",
        "PG_0000000000000000",
        "pg_٣000000000000000",
    ],
)
def test_what_is_not_an_id(text: str) -> None:
    assert not is_pass_id(text)
