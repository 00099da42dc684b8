from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from passgate.core.finding import FindingClass
from passgate.masking.detectors.spans import Match, merge


def match(start: int, end: int, type_: str = "A", rank: int = 50, rule: str = "") -> Match:
    return Match(
        begin=start, stop=end, start=start, end=end, rank=rank, type=type_, class_=FindingClass.PII, rule=rule or type_
    )


def seen(*matches: Match) -> list[tuple[int, int, str]]:
    return [(f.start, f.end, f.type) for f in merge(matches)]


def test_overlaps_become_one_named_by_rank_then_length() -> None:
    assert seen(match(0, 4), match(3, 9, "B", rank=90)) == [(0, 9, "B")]
    assert seen(match(0, 4), match(3, 9, "B")) == [(0, 9, "B")]
    assert seen(match(0, 9), match(2, 4, "B", rank=60)) == [(0, 9, "B")]


def test_touching_ones_stay_two_unless_of_one_type() -> None:
    assert seen(match(0, 4), match(4, 9, "B")) == [(0, 4, "A"), (4, 9, "B")]
    assert seen(match(0, 4), match(4, 9)) == [(0, 9, "A")]


def test_apart() -> None:
    assert seen(match(5, 6), match(0, 4)) == [(0, 4, "A"), (5, 6, "A")]
    assert seen() == []


found = st.builds(
    lambda start, size, type_, rank: match(start, start + size, type_, rank),
    st.integers(0, 30),
    st.integers(1, 10),
    st.sampled_from("ABC"),
    st.integers(0, 3),
)


@given(st.lists(found, max_size=12), st.randoms(use_true_random=False))
def test_everything_is_covered_once_whatever_the_order(matches: list[Match], random: object) -> None:
    merged = merge(matches)
    assert merged == merge(reversed(matches))
    covered = {place for m in matches for place in range(m.start, m.end)}
    assert {place for f in merged for place in range(f.start, f.end)} == covered
    assert all(one.end <= two.start for one, two in pairwise(merged))
