import json

import pytest

from passgate.codecs.llm.answers.words import STRUCTURAL, AnswerReading, Arguments, Copies, Counts, Structural, Vector
from passgate.codecs.llm.json_text import parse
from passgate.codecs.llm.reading import Reading
from passgate.codecs.llm.rules import Members, Rule
from passgate.core.errors import LocalProtocolError
from passgate.core.finding import Field


def read(rule: Rule, value: object) -> AnswerReading:
    document = parse(json.dumps(value).encode())
    reading = AnswerReading(document)
    rule.read(reading, document.tree, "")
    return reading


def texts(rule: Rule, value: object) -> list[tuple[str, bytes]]:
    return [(leaf.pointer, leaf.text) for leaf in read(rule, value).leaves]


@pytest.mark.parametrize("value", ["msg_1", "gpt-4o:2024", "", "2026-11-22T10:00:00Z", None, 1, 1.5, True])
def test_what_looks_structural_passes(value):
    assert texts(STRUCTURAL, value) == []


@pytest.mark.parametrize("value", ["two words", "jo@x.io", "é", "x" * 513])
def test_what_does_not_is_looked_at(value):
    assert texts(STRUCTURAL, value) == [("", value.encode())]
    assert read(STRUCTURAL, value).leaves[0].field is Field.METADATA


def test_what_is_structural_is_one_scalar():
    assert texts(STRUCTURAL, {"a": ["b"]}) == [("/a", b"a"), ("/a/0", b"b")]
    assert texts(Structural(most=3), "abcd") == [("", b"abcd")]


def test_counts_are_numbers_however_deep():
    value = {"a": 1, "b-c/d": {"e": [1.5, None, True, "standard"]}}
    assert texts(Counts(), value) == []
    assert texts(Counts(), {"a": "two words", "B c": {"d": 1}}) == [("/a", b"two words"), ("/B c", b"B c")]


def test_arguments_are_json_in_a_string():
    [leaf] = read(Arguments(), '{"a": 1}').leaves
    assert (leaf.field, leaf.inner, leaf.text) == (Field.TOOL_ARGUMENTS, (), b'{"a": 1}')
    assert [leaf.inner for leaf in read(Arguments(), {"a": "b"}).leaves] == [None, None]


@pytest.mark.parametrize("value", [[], [1, 2.5], "QUJDRA==", "aB-_"])
def test_vectors_pass(value):
    assert texts(Vector(), value) == []


@pytest.mark.parametrize("value", ["two words", [1, "two"], {"a": 1}])
def test_what_is_no_vector_is_looked_at(value):
    assert texts(Vector(), value) != []


@pytest.mark.parametrize(
    ("copy", "kept"),
    [
        (None, []),
        ([], []),
        ({}, []),
        ([1], ["[1]"]),
        ({"a": ['"]}', {"b": "\\"}]}, ['{"a": ["\\"]}", {"b": "\\\\"}]}']),
    ],
)
def test_the_place_of_a_copy_is_all_of_it(copy, kept):
    rule = Members(known={"before": STRUCTURAL, "logprobs": Copies(), "after": STRUCTURAL})
    value = {"before": "a:b", "logprobs": copy, "after": "two words"}
    reading = read(rule, value)
    text = json.dumps(value)
    assert [text[copy.start : copy.end] for copy in reading.copies] == kept
    assert [leaf.text for leaf in reading.leaves] == [b"two words"]


def test_what_should_be_a_copy_and_is_a_text_is_looked_at():
    rule = Members(known={"logprobs": Copies()})
    assert texts(rule, {"logprobs": "two words"}) == [("/logprobs", b"two words")]
    assert texts(rule, {"logprobs": 12.5}) == [("/logprobs", b"12.5")]


def test_only_answers_hold_copies():
    document = parse(b'{"a":1}')
    with pytest.raises(LocalProtocolError):
        Copies().read(Reading(document), document.tree, "")


@pytest.mark.parametrize("rule", [STRUCTURAL, Counts(), Arguments(), Copies(), Vector()])
def test_every_word_says_what_it_does(rule):
    rows = list(rule.rows("/a"))
    assert rows
    assert all(row.where.startswith("/a") and row.verdict for row in rows)
