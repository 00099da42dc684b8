from hypothesis import given
from hypothesis import strategies as st

from passgate.languages.sql.narrowing import EVERYTHING, NOTHING, Narrowed, Strength, all_of, any_of, point, ranged

PARTS = st.sampled_from(
    [NOTHING, EVERYTHING, point("a"), point("a", pins=2), point("b", pins=3), ranged("a"), ranged("b")]
)


def test_and_takes_the_strongest_and_every_pin() -> None:
    found = all_of([ranged("a"), point("b", pins=3), NOTHING, point("b", pins=2)])
    assert (found.strength, found.columns, found.pins) == (Strength.POINT, frozenset({"b"}), {"b": 2})
    assert all_of([]) == NOTHING


def test_or_needs_every_part_and_adds_up_pins() -> None:
    assert any_of([point("a"), NOTHING]) == NOTHING
    assert any_of([]) == NOTHING
    assert any_of([EVERYTHING, EVERYTHING]) == EVERYTHING
    assert any_of([EVERYTHING, point("a", pins=1)]).pins == {"a": 1}
    found = any_of([point("a", pins=1), point("a", pins=2)])
    assert (found.strength, found.pins) == (Strength.POINT, {"a": 3})
    assert any_of([point("a", pins=1), point("b", pins=1)]).pins == {}


def test_parts_that_may_complete_each_other_count_for_nothing() -> None:
    assert any_of([ranged("a"), ranged("a")]) == NOTHING
    assert any_of([ranged("a"), point("a")]) == NOTHING
    assert any_of([ranged("a"), ranged("b")]).strength is Strength.RANGE
    assert any_of([ranged("a"), point("b")]).strength is Strength.RANGE


@given(st.lists(PARTS, min_size=1, max_size=4), PARTS)
def test_or_is_never_stronger_and_and_never_weaker_than_a_part(parts: list[Narrowed], more: Narrowed) -> None:
    assert all_of([*parts, more]).strength >= max(part.strength for part in parts)
    live = [part for part in [*parts, more] if part is not EVERYTHING]
    if live:
        assert any_of([*parts, more]).strength <= min(part.strength for part in live)
