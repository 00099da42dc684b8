from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from passgate.core.finding import FindingClass
from passgate.masking.detectors.spans import LABEL_REACH, Finding, Match, merge


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


def test_what_holds_a_secret_is_one() -> None:
    secret = match(3, 5, "KEY", rank=10)._replace(class_=FindingClass.SECRET)
    assert seen(match(0, 9, rank=90), secret) == [(0, 9, "KEY")]


def test_what_begins_far_inside_does_not_name_the_whole() -> None:
    long = match(0, 2000, rank=10)
    assert seen(long, match(LABEL_REACH - 1, LABEL_REACH + 5, "B")) == [(0, 2000, "B")]
    assert seen(long, match(LABEL_REACH, 2100, "B")) == [(0, 2100, "A")]
    assert seen(long, match(2000, 2100, "B")) == [(0, 2000, "A"), (2000, 2100, "B")]
    assert seen(match(0, LABEL_REACH), match(0, 5000, "B", rule="0")) == [(0, 5000, "B")]


def test_what_goes_on_keeps_its_name_and_comes_first() -> None:
    before = Finding(start=10, end=10, type="A", class_=FindingClass.PII, rule="r")

    def after(*matches: Match) -> list[tuple[int, int, str]]:
        return [(f.start, f.end, f.type) for f in merge(matches, before)]

    assert after() == [(10, 10, "A")]
    assert after(match(9, 30, "B", rank=90)) == [(10, 30, "A")]
    assert after(match(10, 30)) == [(10, 30, "A")]
    assert after(match(10, 30, "B")) == [(10, 10, "A"), (10, 30, "B")]
    assert after(match(9, 12, "C"), match(12, 14, "C"), match(14, 20, "A")) == [
        (10, 12, "A"),
        (12, 14, "C"),
        (14, 20, "A"),
    ]


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
