"""YAML with places."""

from hypothesis import given
from hypothesis import strategies as st

from passgate.config.problems import Place
from passgate.config.yaml_source import read_yaml


def test_values_are_plain_and_lists_are_tuples() -> None:
    source = read_yaml("a: 1\nb: [x, true, null, 1.5, 0x10, 012, 2026-01-02, '3']\nc: {d: 5m}\n")
    assert source.problems == ()
    assert source.value == {"a": 1, "b": ("x", True, None, 1.5, 16, 12, "2026-01-02", "3"), "c": {"d": "5m"}}


def test_every_value_and_key_has_its_place() -> None:
    source = read_yaml("a: 1\nb:\n  - x\n  - c: y\n")
    assert source.keys["b",] == Place(line=2, column=1)
    assert source.values["b", 0] == Place(line=3, column=5)
    assert source.keys["b", 1, "c"] == Place(line=4, column=5)
    assert source.values["b", 1, "c"] == Place(line=4, column=8)


def test_an_empty_file_is_an_empty_mapping() -> None:
    source = read_yaml("# nothing\n")
    assert (source.value, source.problems) == ({}, ())
    assert source.values[()] == Place(line=1, column=1)


def test_a_key_twice_is_a_problem_and_the_first_counts() -> None:
    source = read_yaml("a: 1\nb: 2\na: 3\n")
    assert source.value == {"a": 1, "b": 2}
    (problem,) = source.problems
    assert (problem.place, problem.path) == (Place(line=3, column=1), ("a",))
    assert "twice (first in line 1)" in problem.text


def test_bad_syntax_is_one_problem_at_its_place() -> None:
    source = read_yaml("a: 1\nb: [1, 2\nc: 3\n")
    (problem,) = source.problems
    assert source.value is None
    assert problem.text.startswith("not valid YAML: ")
    assert problem.place.line == 3


def test_two_documents_are_refused() -> None:
    (problem,) = read_yaml("a: 1\n---\nb: 2\n").problems
    assert "single document" in problem.text


def test_characters_that_yaml_does_not_allow() -> None:
    (problem,) = read_yaml("a: \x01\n").problems
    assert problem.text.startswith("not valid YAML: ")


def test_a_tag_has_no_meaning() -> None:
    source = read_yaml("a: !!python/object:os.system x\nb: !secret y\nc: !!binary aGk=\n")
    assert [p.path for p in source.problems] == [("a",), ("b",), ("c",)]
    assert source.value == {"a": None, "b": None, "c": None}


def test_a_key_must_be_a_plain_word() -> None:
    source = read_yaml("? [a, b]\n: 1\nc: 2\n")
    assert source.value == {"c": 2}
    assert source.problems[0].text == "a key must be a plain word"


def test_an_alias_is_followed_but_not_in_circles() -> None:
    assert read_yaml("a: &x {y: 1}\nb: *x\n").value == {"a": {"y": 1}, "b": {"y": 1}}
    source = read_yaml("a: &x\n  b: *x\n")
    assert [p.text for p in source.problems] == ["an alias makes this endless"]


def test_aliases_of_aliases_stop_at_a_bound() -> None:
    levels = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    levels += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    source = read_yaml("\n".join(levels))
    assert {p.text for p in source.problems} == {"the file is too large"}


def test_an_explicit_tag_that_does_not_fit_stays_text() -> None:
    assert read_yaml("a: !!int x1\n").value == {"a": "x1"}


@given(st.text(max_size=200))
def test_any_text_gives_a_value_or_problems(text: str) -> None:
    source = read_yaml(text)
    assert source.problems or source.value is not None or text.strip()
    for problem in source.problems:
        assert problem.place.line >= 1
        assert problem.place.column >= 1
