from passgate.core.decision import Outcome
from passgate.policy.problems import Place, Problem
from passgate.policy.reader import PackUse, read_file


def test_a_file_is_read_in_order() -> None:
    problems: list[Problem] = []
    text = """\
description: words
packs:
- postgres-safe
- {pack: p-ref, without: [ref-read]}
protect:
- {object: payments, as: never}
rules:
- id: a/b.c-d
  when: "verb == 'drop'"
  then: hold
  message: >
    Many
    words.
  hint: " do less "
  incomplete: hold
  approvers: {group: dba}
"""
    found = read_file("f.yaml", text, problems)
    assert not problems
    assert found.packs == (
        PackUse(name="postgres-safe", without=(), place=Place("f.yaml", 3, 3)),
        PackUse(name="p-ref", without=("ref-read",), place=Place("f.yaml", 4, 3)),
    )
    assert [definition.id for definition in found.definitions] == ["protect:payments", "a/b.c-d"]
    rule = found.definitions[1]
    assert (rule.message, rule.hint, rule.incomplete, rule.approvers.group) == (
        "Many words.",
        "do less",
        Outcome.HOLD,
        "dba",
    )
    assert rule.place_in(0) == Place("f.yaml", 9, 10)
    assert found.definitions[0].place_in(5) == Place("f.yaml", 6, 3)


def test_what_is_wrong_is_told_and_the_rest_is_read() -> None:
    problems: list[Problem] = []
    text = "packs: [{pack: 5}]\nprotect: {a: b}\nrules:\n- {id: a, then: deny}\n- {}\n- {id: ok, when: 'true', then: deny}\n"
    found = read_file("f.yaml", text, problems)
    assert [definition.id for definition in found.definitions] == ["ok"]
    assert [problem.message for problem in problems] == [
        "protect must be a list, not a mapping",
        "a rule needs when",
        "a rule needs id and when and then",
        "pack must be text, not '5'",
    ]
