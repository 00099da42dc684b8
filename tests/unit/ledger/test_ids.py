"""Ids: ULIDs that grow, whatever the clock does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ulid import ULID

from passgate.ledger.ids import EventIds, base32

MILLISECOND = 1_000_000


@given(st.lists(st.integers(0, 2**47 * MILLISECOND), min_size=2, max_size=50))
def test_ids_grow_even_where_the_clock_steps_back(times: list[int]) -> None:
    source = EventIds()
    made = [source.next(time) for time in times]
    assert made == sorted(set(made))


def test_an_id_is_a_ulid_of_its_time() -> None:
    made = EventIds().next(1_700_000_000_123 * MILLISECOND)
    assert ULID.from_str(made).milliseconds == 1_700_000_000_123


def test_two_sources_never_meet() -> None:
    one, two = EventIds(), EventIds()
    assert not {one.next() for _ in range(2000)} & {two.next() for _ in range(2000)}


@pytest.mark.parametrize(("value", "text"), [(0, "0000"), (31, "000Z"), (32, "0010"), (2**20 - 1, "ZZZZ")])
def test_crockford_base_32(value: int, text: str) -> None:
    assert base32(value, 4) == text
