import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.policy.document import MAX_BYTES, Document, is_list, is_text
from passgate.policy.problems import Place, Problem


def read(text: str) -> tuple[Document, list[Problem]]:
    problems: list[Problem] = []
    return Document("f.yaml", text, problems), problems


def test_places_count_from_one() -> None:
    document, _ = read("a: 1\nb:\n  - x\n")
    nodes = document.mapping(document.root, "file")
    assert document.place(nodes["a"]) == Place("f.yaml", 1, 4)
    assert document.place(document.items(nodes["b"], "b")[0]) == Place("f.yaml", 3, 5)


@pytest.mark.parametrize(
    ("text", "needle", "place"),
    [
        ("when: verb == 'drop' && xyz", "xyz", (1, 25)),
        ("when: \"verb == 'drop' && xyz\"", "xyz", (1, 26)),
        ("when: 'verb == ''drop'' && xyz'", "xyz", (1, 28)),
        ("when: |\n  verb == 'drop'\n  && xyz\n", "xyz", (3, 6)),
        ("when: >-\n    verb == 'drop'\n    && xyz\n", "xyz", (3, 8)),
        ("when: \"verb == 'drop' &&\n  xyz == 1\"", "xyz", (2, 3)),
        ("when: verb == 'drop' &&\n   xyz", "xyz", (2, 4)),
        ('when: "a == \\"b\\" && xyz"', "xyz", (1, 22)),
        ('when: "é && xyz"', "xyz", (1, 13)),
        ("when: |\n  a &&\n\n      b &&\n  xyz\n", "b", (4, 7)),
        ("when: >\n  a &&\n\n  b  && \n  xyz\n", "xyz", (5, 3)),
    ],
)
def test_a_character_of_a_text_has_a_place_in_the_file(text: str, needle: str, place: tuple[int, int]) -> None:
    document, problems = read(text)
    node = document.mapping(document.root, "file")["when"]
    assert document.place_in(node, str(node.value).index(needle)) == Place("f.yaml", *place)
    assert not problems


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1", "not YAML"),
        ("a: \tb: c: d", "not YAML"),
        ("a: *x", "not YAML"),
        ("\0", "not YAML"),
        ("", "the file is empty"),
        ("# nothing", "the file is empty"),
        ("a" * (MAX_BYTES + 1), "larger than"),
        ("[" * 5000, "not YAML"),
    ],
)
def test_what_cannot_be_read_is_one_problem(text: str, message: str) -> None:
    document, problems = read(text)
    assert document.root is None
    assert len(problems) == 1
    assert message in problems[0].message


def test_wrong_kinds_are_problems_with_places() -> None:
    document, problems = read("a: [1]\nb: {c: d}\nc: x\nd: 5\ne: -1\nf: yes\ng: 0x10\nh:\ni: true\n")
    nodes = document.mapping(document.root, "file")
    assert document.mapping(nodes["a"], "a") == {}
    assert document.items(nodes["b"], "b") == []
    assert document.text(nodes["d"], "d") is None
    assert document.integer(nodes["c"], "c", least=0) is None
    assert document.integer(nodes["e"], "e", least=0) is None
    assert document.integer(nodes["g"], "g", least=0) is None
    assert document.boolean(nodes["f"], "f") is None
    assert document.text(nodes["h"], "h") is None
    assert document.integer(nodes["i"], "i", least=0) is None
    assert [str(problem) for problem in problems] == [
        "f.yaml:1:4: a must be a mapping, not a list",
        "f.yaml:2:4: b must be a list, not a mapping (write [...], or - in front of each item)",
        "f.yaml:4:4: d must be text, not '5' (put it in quotes)",
        "f.yaml:3:4: c must be a whole number of at least 0, not 'x'",
        "f.yaml:5:4: e must be a whole number of at least 0, not '-1'",
        "f.yaml:7:4: g must be a whole number of at least 0, not '0x10'",
        "f.yaml:6:4: f must be true or false, not 'yes'",
        "f.yaml:8:2: h must be text, not nothing",
        "f.yaml:9:4: i must be a whole number of at least 0, not 'true'",
    ]


def test_a_number_is_not_converted_before_it_is_short() -> None:
    document, problems = read("a: " + "9" * 5000)
    assert document.integer(document.mapping(document.root, "file")["a"], "a", least=0) is None
    assert len(problems) == 1


def test_right_kinds() -> None:
    document, problems = read("a: 7\nb: true\nc: [x, y]\nd: x")
    nodes = document.mapping(document.root, "file", ("a", "b", "c", "d"))
    assert document.integer(nodes["a"], "a", least=7) == 7
    assert document.boolean(nodes["b"], "b") is True
    assert document.texts(nodes["c"], "c") == ("x", "y")
    assert document.choice(nodes["d"], "d", ("x", "y")) == "x"
    assert (is_list(nodes["c"]), is_text(nodes["d"]), is_text(nodes["a"])) == (True, True, False)
    assert document.text(None, "e") is None
    assert document.integer(None, "e", least=0) is None
    assert document.items(None, "e") == []
    assert document.mapping(None, "e") == {}
    assert not problems


def test_keys_are_known_single_and_text() -> None:
    document, problems = read("when: a\nwhne: b\nwhen: c\nzzzzz: d\n5: e\n")
    assert list(document.mapping(document.root, "a rule", ("when", "then"))) == ["when"]
    assert [str(problem) for problem in problems] == [
        "f.yaml:2:1: a rule has no key 'whne' (did you mean when?)",
        "f.yaml:3:1: the key 'when' stands twice in a rule",
        "f.yaml:4:1: a rule has no key 'zzzzz' (use one of then, when)",
        "f.yaml:5:1: a key of a rule must be text, not '5' (put it in quotes)",
    ]


def test_a_wrong_choice_has_a_remedy() -> None:
    document, problems = read("a: alow\nb: zzz")
    nodes = document.mapping(document.root, "file")
    assert document.choice(nodes["a"], "then", ("allow", "deny")) is None
    assert document.choice(nodes["b"], "then", ("allow", "deny")) is None
    assert [problem.remedy for problem in problems] == ["did you mean allow?", "use one of allow, deny"]


@given(st.text(max_size=80))
def test_any_text_is_a_document_or_a_problem(text: str) -> None:
    document, problems = read(text)
    assert (document.root is None) == bool(problems)
