import re
from random import Random

import pytest

from passgate.core.errors import DetectorError
from passgate.masking import Detector
from passgate.masking.detectors.beginnings import COUNTED, Beginnings, mirrored_beginnings
from passgate.masking.detectors.rule import MAX_WIDTH
from passgate.masking.detectors.samples import draw


@pytest.mark.parametrize(
    ("pattern", "begun", "not_begun"),
    [
        (r"\bab-[0-9]{2}", ["a", "ab", "ab-", "ab-1", "ab-12"], ["b", "-1", "xa", "ab-123"]),
        (r"(?:cat|dog)s?", ["c", "ca", "cat", "cats", "do"], ["at", "ats", "s"]),
        (r"a(b|cd)+e", ["a", "ab", "abc", "abcdb", "ace"[:2]], ["b", "ac "[1:]]),
        (r"(?i)key=\S{1,3}", ["K", "kEy", "KEY=", "key=x?x"], ["ey=", "key=xxxx"]),
        (r"x(?i:yz)w", ["x", "xYZ", "xyZw"], ["Xy", "xyZW"]),
        (r"[^a-c]d{0,2}", ["x", "xd", "xdd", "d"], ["a", "xa"]),
        (r"a.[^x]\D\d\w\W\s", ["a", "a?", "a?y", "a?y-", "a?y-5", "a?y-5_", "a?y-5_-", "a?y-5_- "], ["a?x", "a?y55"]),
        (r"(?:)a\Bb", ["a", "ab"], ["b"]),
        (r"a{0}b", ["b"], ["a"]),
        (r"(\b)?(?:)(x)", ["x"], ["y"]),
        (r"(?:a\b)?-{2,}?", ["a", "a-", "--"], ["aa"[1:] + "b"]),
    ],
)
def test_what_begins_a_match(pattern: str, begun: list[str], not_begun: list[str]) -> None:
    mirrored = re.compile(mirrored_beginnings(pattern.encode()).encode())
    held = Beginnings([pattern.encode()]).held
    for text in begun:
        assert mirrored.fullmatch(text.encode()[::-1]), text
        assert held(b" " + text.encode()) >= len(text)
    for text in not_begun:
        assert not mirrored.fullmatch(text.encode()[::-1]), text


def test_every_beginning_of_everything_that_a_rule_matches_is_held(detector: Detector) -> None:
    random = Random(11)
    every = Beginnings([rule.rule.pattern.encode() for rule in detector.rules.rules])
    for rule in detector.rules.rules:
        alone = Beginnings([rule.rule.pattern.encode()])
        whole = b" " + draw(rule.rule.pattern, random)
        found = rule.search(whole, 0)
        if found is None:
            continue
        begin, stop = found.span()
        for end in (begin + 1, *random.choices(range(begin + 1, stop + 1), k=8), stop):
            assert alone.held(whole[:end]) >= end - begin, (rule.rule.id, whole[:end])
        assert every.held(b"see" + whole[:end]) >= end - begin, (rule.rule.id, whole[:end])


def test_little_is_held_of_what_begins_nothing(detector: Detector) -> None:
    every = Beginnings([rule.rule.pattern.encode() for rule in detector.rules.rules])
    text = b"The quick brown fox jumps over the lazy dog, and nobody minds (or does)"
    held = [every.held(text[:end]) for end in range(1, len(text) + 1)]
    assert max(held) <= len(", nobody")
    assert every.held(text + b" ?\n") == 0


def test_many_repeats_are_not_counted_and_never_more_than_the_widest_match_is_held() -> None:
    assert Beginnings([b"-x{%d}" % COUNTED]).held(b"-" + b"x" * (COUNTED + 1)) == 0
    assert Beginnings([b"-x{%d}" % (COUNTED + 1)]).held(b"-" + b"x" * 100) == 101
    assert Beginnings([rb"\bx[a-z]{60,400}"]).held(b"x" * 5000) == MAX_WIDTH


def test_letters_of_any_script_are_counted_further() -> None:
    assert Beginnings([rb"[a\x80-\xff]{1,64}@"]).held("é".encode() * 100) == 64
    assert Beginnings([rb"[a-z]{1,64}@"]).held(b"a" * 100) == 100


def test_rules_within_words_are_one() -> None:
    patterns = [rb"\bk%d-[a-z0-9]{30}\b" % number for number in range(50)]
    words = Beginnings(patterns)
    assert words.held(b"see k1-abc") == len(b"k1-abc")
    assert words.held(b"x" * 40) == 0
    assert words.held(b"see (") == 0


def test_an_automaton_that_does_not_fit_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("passgate.masking.detectors.beginnings.MAX_MEMORY", 1024)
    with pytest.raises(DetectorError, match="cannot be compiled"):
        Beginnings([b"a(?:bc|d[ef]{3}){1,20}x"])


def test_what_has_no_mirror_image_is_an_error() -> None:
    with pytest.raises(DetectorError, match="mirror"):
        mirrored_beginnings(b"a(?=b)c")
