"""Times in the database."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.dialects.sqlite import dialect

from passgate.store.tables import UtcTime

COLUMN, DIALECT = UtcTime(), dialect()

FIRST, LAST = (
    datetime(year, 1, 1, tzinfo=UTC).replace(tzinfo=None) for year in (1000, 9999)
)  # Hypothesis wants them naive

times = st.datetimes(timezones=st.just(UTC), min_value=FIRST, max_value=LAST)


@given(times, times)
def test_a_time_comes_back_and_sorts_as_text(one: datetime, other: datetime) -> None:
    written = [COLUMN.process_bind_param(time, DIALECT) for time in (one, other)]
    assert [COLUMN.process_result_value(text, DIALECT) for text in written] == [one, other]
    assert (str(written[0]) < str(written[1])) == (one < other)


def test_other_zones_become_utc() -> None:
    time = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2)))
    assert COLUMN.process_bind_param(time, DIALECT) == "2025-12-31T23:00:00.000000+00:00"


def test_no_time_is_null() -> None:
    assert COLUMN.process_bind_param(None, DIALECT) is None
    assert COLUMN.process_result_value(None, DIALECT) is None


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a zone"):
        COLUMN.process_bind_param(FIRST, DIALECT)
    with pytest.raises(ValueError, match="no zone"):
        COLUMN.process_result_value("2026-01-01T00:00:00.000000", DIALECT)
