from dataclasses import replace

import pytest

from passgate.core.errors import DetectorError
from passgate.core.finding import FindingClass
from passgate.masking import Rule
from passgate.masking.detectors.confirm import accept, matches, resumed, settled
from passgate.masking.detectors.rule import CONTEXT_REACH, MAX_TAIL, compile_rule

NUMBER = Rule(id="n", class_=FindingClass.PII, label="N", rank=50, pattern=r"\b[0-9]{3}\b")


def spans(rule: Rule, data: bytes, position: int = 0) -> list[tuple[int, int]]:
    return [(m.start, m.end) for m in matches(compile_rule(rule), data, position)]


def certain(rule: Rule, data: bytes, horizon: int | None = None) -> tuple[list[tuple[int, int]], int]:
    found, place, _ = settled(compile_rule(rule), data, 0, len(data) if horizon is None else horizon)
    return [(m.start, m.end) for m in found], place


def test_position() -> None:
    data = b"111 222 333"
    assert spans(NUMBER, data) == [(0, 3), (4, 7), (8, 11)]
    assert spans(NUMBER, data, 1) == [(4, 7), (8, 11)]


def test_a_rejected_candidate_hides_no_good_one() -> None:
    rule = replace(NUMBER, pattern="[ab]{2}", edge="word")
    assert spans(rule, b"aab ab") == [(4, 6)]
    rule = replace(NUMBER, pattern="[0-9]{2}", validator="luhn")
    assert spans(rule, b"118") == [(1, 3)]


def test_context_counts_within_its_reach_on_both_sides() -> None:
    rule = replace(NUMBER, context=("card",))
    gap = b" " * (CONTEXT_REACH - 4)
    assert spans(rule, b"card" + gap + b"123")
    assert not spans(rule, b"card " + gap + b"123")
    assert spans(rule, b"123" + gap + b"card")
    assert not spans(rule, b"123" + gap + b" card")


def test_a_word_cut_by_the_reach_is_not_whole() -> None:
    rule = replace(NUMBER, context=("card",))
    assert not spans(rule, b"123" + b" " * (CONTEXT_REACH - 4) + b"cardinal")
    assert not spans(rule, b"discard" + b" " * (CONTEXT_REACH - 4) + b"123")


def test_a_word_that_runs_into_the_match_is_not_whole() -> None:
    rule = replace(NUMBER, pattern="c", context=("ab",))
    assert not spans(rule, b"abc")
    assert spans(rule, b"ab c")


def test_context_inside_the_match_or_another_cell_does_not_count() -> None:
    rule = replace(NUMBER, pattern="card [0-9]{3}", context=("card",))
    assert not spans(rule, b"card 123")
    compiled = compile_rule(replace(NUMBER, context=("card",)))
    data = b"card\x00123\x00card"
    assert accept(compiled, data, (5, 8), (5, 8), (5, 8)) is None
    assert accept(compiled, data, (5, 8), (5, 8), (0, 8)) is not None


def test_the_group_is_what_is_masked_and_the_whole_is_consumed() -> None:
    rule = replace(NUMBER, pattern="k=([a-z]{2})!")
    (found,) = matches(compile_rule(rule), b"k=ab!k=cd?")
    assert (found.begin, found.stop, found.start, found.end) == (0, 5, 2, 4)


def test_a_group_that_took_no_part_means_the_whole() -> None:
    assert spans(replace(NUMBER, pattern="k=([a-z]{2})|z{3}"), b"zzz") == [(0, 3)]


def test_a_tail_goes_on_to_its_end_and_no_further_than_its_bound() -> None:
    rule = replace(NUMBER, pattern="key:", tail="a-z")
    assert spans(rule, b"key:abc def") == [(0, 7)]
    assert spans(rule, b"key:" + b"a" * (MAX_TAIL + 9)) == [(0, 4 + MAX_TAIL)]


def test_a_check_that_fails_is_an_error_that_quotes_nothing() -> None:
    rule = replace(NUMBER, pattern="s[^ ]{4}", validator="npi")
    with pytest.raises(DetectorError) as failed:
        spans(rule, b"secre t")
    assert "secre" not in repr(failed.value)
    assert failed.value.__cause__ is None


def test_what_can_still_change_is_not_certain() -> None:
    edged = replace(NUMBER, edge="number")
    assert certain(edged, b"111 222 333") == ([(0, 3), (4, 7)], 8)
    assert certain(edged, b"111 222.") == ([(0, 3)], 4)
    assert certain(edged, b"111 222. ") == ([(0, 3), (4, 7)], 9)
    assert certain(edged, b"111 222 333", 4) == ([(0, 3)], 4)


def test_what_is_rejected_for_good_is_not_waited_for() -> None:
    assert certain(replace(NUMBER, edge="number", validator="luhn"), b"see 111") == ([], 7)
    assert certain(replace(NUMBER, edge="word", context=("card",)), b"x 111_") == ([], 6)


def test_a_word_may_still_come_until_its_reach_is_known() -> None:
    spoken = replace(NUMBER, context=("card", "card number"))
    gap = b" " * (CONTEXT_REACH - 4)
    assert certain(spoken, b"123" + gap) == ([], 0)
    assert certain(spoken, b"123" + gap + b"card") == ([], 0)
    assert certain(spoken, b"123" + gap + b"card ")[0] == [(0, 3)]
    assert certain(spoken, b"123" + gap + b"cards")[0] == []
    assert certain(spoken, b"123" + gap + b"cards")[1] > 0
    assert certain(spoken, b"card 123 ") == ([(5, 8)], 9)
    assert certain(replace(spoken, context=("fax",)), b"123 fa") == ([], 0)


def test_a_longer_word_out_of_reach_hides_no_shorter_one() -> None:
    spoken = replace(NUMBER, context=("card", "card number"))
    data = b"123" + b" " * (CONTEXT_REACH - 10) + b"card number"
    assert spans(spoken, data) == [(0, 3)]
    assert spans(spoken, data[:-1]) == [(0, 3)]


def test_a_tail_that_may_go_on() -> None:
    tailed = compile_rule(replace(NUMBER, pattern=r"k-[0-9]{3}", tail="0-9"))
    found, place, last = settled(tailed, b"k-1234 k-12345", 0, 14)
    assert [(m.start, m.end) for m in found] == [(0, 6)]
    assert place == 14
    assert last is not None
    assert (last[0].start, last[0].end, last[1]) == (7, 14, 12)
    full = b"k-123" + b"4" * MAX_TAIL
    found, _, last = settled(tailed, full, 0, len(full))
    assert (found[0].end, last) == (len(full), None)


def test_a_tail_that_goes_on_is_found_again() -> None:
    tailed = compile_rule(replace(NUMBER, pattern=r"k-[0-9]{3}", tail="0-9"))
    rest = resumed(tailed, b"k-1234567 8", 5, 100)
    assert (rest.begin, rest.stop, rest.start, rest.end, rest.type) == (5, 9, 4, 9, "N")
    assert resumed(tailed, b"k-1234567 8", 5, 7).end == 7
    assert resumed(tailed, b"k-1234567 8", 9, 100).end == 9
