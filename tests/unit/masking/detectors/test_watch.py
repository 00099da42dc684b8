from passgate.core.finding import FindingClass
from passgate.masking import Rule
from passgate.masking.detectors.rule_set import build_rule_set
from passgate.masking.detectors.watch import Watch

NINE = Rule(id="nine", class_=FindingClass.PII, label="NINE", rank=50, pattern=r"\b[0-9]{9}\b", context=("nine",))
SAME = Rule(id="same", class_=FindingClass.PII, label="SAME", rank=50, pattern=r"\b[0-9]{9}\b", context=("same",))
TEN = Rule(id="ten", class_=FindingClass.PII, label="TEN", rank=50, pattern=r"\b[0-9]{10}\b", context=("ten",))
BARE = Rule(id="bare", class_=FindingClass.PII, label="BARE", rank=50, pattern=r"\b[a-z]{9}\b", anchors=("a",))


def test_rules_of_which_a_word_may_still_make_a_match() -> None:
    watch = Watch(build_rule_set([BARE, NINE, TEN, SAME]))
    assert list(watch.candidates(b"abcdefghi", 0)) == []
    assert sorted(watch.candidates(b"see 123456789", 0)) == [1, 3]
    assert sorted(watch.candidates(b"see 1234567890 123456789.", 0)) == [1, 2, 3]
    assert sorted(watch.candidates(b"see 1234567890 123456789.", 15)) == [1, 3]
    assert list(watch.candidates(b"see 123456789.", 7)) == []


def test_a_set_that_names_none_means_any() -> None:
    class Silent:
        def Match(self, text: bytes) -> None:  # noqa: N802 - RE2's name
            return None

    watch = Watch(build_rule_set([BARE, NINE, TEN]))
    watch._which = Silent()
    assert list(watch.candidates(b"123456789", 0)) == [1, 2]


def test_no_rule_asks_for_words() -> None:
    assert list(Watch(build_rule_set([BARE])).candidates(b"123456789", 0)) == []


def test_beginnings_are_those_of_all_rules() -> None:
    watch = Watch(build_rule_set([BARE, TEN]))
    assert watch.beginnings.held(b"see 12345") == 5
    assert watch.beginnings.held(b"see (") == 0
