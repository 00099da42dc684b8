from passgate.core.action import Position, VerbClass
from passgate.policy.vocabulary import EFFECTS, OBJECT_KINDS, POSITIONS, VERB_CLASSES, VERBS


def test_the_words_of_core_are_all_there() -> None:
    assert frozenset(Position) == POSITIONS
    assert frozenset(VerbClass) == VERB_CLASSES


def test_words_are_lower_case_and_plain() -> None:
    for word in VERBS | EFFECTS | OBJECT_KINDS:
        assert word == word.lower()
        assert " " not in word
