from passgate.codecs.llm.operations import OPERATIONS
from passgate.core.action import Position, VerbClass, finding_atom
from passgate.core.finding import Field, FindingClass
from passgate.languages.sql.knowledge import system_relations
from passgate.masking.detectors import instructions
from passgate.masking.detectors.rule_set import built_in_rules
from passgate.policy.vocabulary import (
    ACTION_KINDS,
    EFFECTS,
    FINDING_CLASSES,
    FINDING_FIELDS,
    FINDING_TYPES,
    OBJECT_KINDS,
    OBJECT_TAGS,
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


def test_what_the_detectors_find_is_all_there_and_nothing_else() -> None:
    orders = (rule.rule.label for rule in instructions.instruction_finder()._rules)
    assert {*(rule.label for rule in built_in_rules()), *orders} == FINDING_TYPES


def test_kinds_of_actions_and_tags_of_catalogs_are_all_there() -> None:
    assert {f"llm.{operation.verb}" for operation in OPERATIONS} <= ACTION_KINDS
    assert {"sql.query", "llm.answer"} <= ACTION_KINDS
    assert frozenset().union(*(relation.tags for relation in system_relations())) == OBJECT_TAGS
