from passgate.codecs.llm.operations import OPERATIONS
from passgate.core.action import Position, VerbClass, finding_atom
from passgate.core.finding import Field, FindingClass
from passgate.policy.vocabulary import (
    EFFECTS,
    FINDING_CLASSES,
    FINDING_FIELDS,
    OBJECT_KINDS,
    POSITIONS,
    VERB_CLASSES,
    VERBS,
)


def test_the_words_of_core_are_all_there() -> None:
    assert frozenset(Position) == POSITIONS
    assert frozenset(VerbClass) == VERB_CLASSES
    assert frozenset(FindingClass) == FINDING_CLASSES
    assert frozenset(Field) == FINDING_FIELDS


def test_the_words_of_calls_to_models_are_all_there() -> None:
    assert {operation.verb for operation in OPERATIONS} <= VERBS
    assert {"offer", "disclose", "reveal", "restore"} <= VERBS
    assert finding_atom("reveal", FindingClass.PII, "EMAIL", Field.USER).object.kind in OBJECT_KINDS
    assert {"model", "tool", "file", "batch"} <= OBJECT_KINDS


def test_words_are_lower_case_and_plain() -> None:
    for word in VERBS | EFFECTS | OBJECT_KINDS:
        assert word == word.lower()
        assert " " not in word
