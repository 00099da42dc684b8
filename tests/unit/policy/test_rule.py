from passgate.core.decision import Outcome
from passgate.policy.bundle import load_text
from passgate.policy.rule import Rule


def rule(when: str, then: str = "deny") -> Rule:
    return load_text(f"rules:\n- id: r\n  when: >-\n    {when}\n  then: {then}\n").rules[0]


def keys(when: str) -> list[tuple[str, frozenset[str]]]:
    return [(term.dimension, term.keys) for term in rule(when).terms]


def test_terms_and_their_keys() -> None:
    assert keys("verb == 'drop' && 'orders' == object.name") == [
        ("verb", frozenset({"drop"})),
        ("object.name", frozenset({"orders"})),
    ]
    assert keys("verb in ['drop', 'alter']") == [("verb", frozenset({"drop", "alter"}))]
    assert keys("verb == 'drop' || verb in ['alter']") == [("verb", frozenset({"drop", "alter"}))]


def test_what_is_no_key() -> None:
    for when in (
        "verb != 'drop'",
        "!(verb == 'drop')",
        "verb == object.name",
        "object.namespace == 'public'",
        "verb in ['drop', object.name]",
        "verb == 'drop' || column == 'x'",
        "'files' in object.tags",
        "key_pinned",
    ):
        assert keys(when) == [("", frozenset())], when


def test_terms_of_the_session_are_known() -> None:
    found = rule("principal.kind == 'agent' && 'dba' in principal.groups && verb == 'drop' && session.tags.size() > 0")
    assert [term.of_session for term in found.terms] == [True, True, False, False]
    assert rule("true").terms[0].of_session


def test_a_disjunction_is_one_term() -> None:
    assert len(rule("verb == 'drop' || principal.kind == 'agent'").terms) == 1


def test_what_a_rule_says_of_itself() -> None:
    found = rule("session.counters.rows > 1", "{tag: t}")
    assert (found.id, found.outcome, found.indexed, found.volatile, found.order) == ("r", None, False, True, 0)
    other = rule("verb == 'drop'")
    assert (other.outcome, other.indexed, other.volatile) == (Outcome.DENY, True, False)
