from datetime import UTC, datetime

import pytest

from passgate.policy.cel import INT, EvaluationError, Frame, check, compile_condition, conjunction, parse
from passgate.policy.cel.frame import MAX_STEPS
from tests.unit.policy.cel.conditions import ATTRIBUTES, READERS, Values, evaluate, value_of

FINDINGS = ({"class": "pii", "count": 2}, {"class": "secret", "count": 0})


@pytest.mark.parametrize(
    "text",
    [
        "verb == 'drop' && 'drop' == verb && verb != 'select'",
        "verb in ['drop', 'update'] && !(verb in ['select'])",
        "name in [verb, 'x'] || name in ['x', object.name]",
        "n + m == 7 && n - m == 3 && n * m == 10 && n / m == 2 && n % m == 1",
        "-n / m == -2 && -n % m == -1 && n / -m == -2",
        "n >= 5 && n <= 5 && n > m && m < n",
        "labels.env == 'prod' && labels['env'] == 'prod' && 'env' in labels && !('x' in labels)",
        "name in labels || 'env' in labels",
        "counters.seen == 4 && counters.never == 0 && counters['never'] == 0",
        "'pii' in tags && tags.exists(t, t.startsWith('s')) && tags.all(t, t.size() > 2) && tags.size() == 2",
        "tags.filter(t, true) == ['pii', 'secret'] && tags.map(t, size(t)) == [3, 6]",
        "words[1] == 'b' && words == ['a', 'b', 'a'] && words.exists_one(w, w == 'b') && !words.exists_one(w, w == 'a')",
        "words.map(w, w != 'b', w + w) == ['aa', 'aa'] && words + ['c'] == ['a', 'b', 'a', 'c']",
        "findings.exists(f, f.class == 'pii' && f.count > 1) && findings[1].class == 'secret'",
        "has(ticket.id) ? false : true",
        "has(who.boss.subject) && who.boss.subject == 'ann' && has(who.boss)",
        "has(labels.env) && !has(labels.team)",
        "opened.getFullYear() == 2030 && opened.getMonth() == 0 && opened.getHours('Europe/Berlin') == 9",
        "words.exists(w, words.filter(v, v == w).size() == 2)",
        "labels.exists(k, labels[k] == 'prod')",
        "[[1], [2]][1] == [2] && [n, m] == [5, 2]",
        "flag ? n == 5 : n / 0 == 1",
        "opened - opened == duration('0s') && opened + duration('1s') > opened",
        "size('é') == 1 && 'naïve'.upperAscii() == 'NAïVE' && 'NAÏVE'.lowerAscii() == 'naÏve'",
        "true && !false",
    ],
)
def test_conditions_that_hold(text: str) -> None:
    found = evaluate(
        text,
        verb="drop",
        name="x",
        object__name="x",
        n=5,
        m=2,
        flag=True,
        labels={"env": "prod"},
        counters={"seen": 4},
        tags=frozenset({"pii", "secret"}),
        words=("a", "b", "a"),
        findings=FINDINGS,
        who__boss__subject="ann",
        who__boss__kind="human",
        opened=datetime(2030, 1, 31, 8, 0, tzinfo=UTC),
    )
    assert found is True


@pytest.mark.parametrize(
    "text",
    [
        "n + 9223372036854775807 > 0",
        "n - -9223372036854775807 > 0",
        "n * 9223372036854775807 > 0",
        "n / 0 == 1",
        "n % 0 == 1",
        "-(m) == 1",
        "m / -1 == 1",
        "m % -1 == 0",
        "labels.env == 'prod'",
        "labels['env'] == 'prod'",
        "name == 'x'",
        "words[1] == 'a'",
        "words[n - 6] == 'a'",
        "int(object.kind) == 1",
        "int('9999999999999999999' + string(n)) == 1",
        "duration(object.kind) == duration('1s')",
        "timestamp('2030-02-3' + string(n - 4) + 'T00:00:00Z') < opened",
        "opened + duration('90000000h') > opened",
        "opened - duration('90000000h') > opened",
        "duration('999999999999999' + string(n) + 'h') > duration('1s')",
        "who.boss.subject == 'x'",
        "flag && name == 'x'",
        "!flag || name == 'x'",
        "words.all(w, w == 'a' && name == 'x')",
        "words.exists(w, labels.env == w)",
        "(name == 'x') == true",
        "name == 'x' ? true : true",
    ],
)
def test_what_has_no_value_is_an_error(text: str) -> None:
    with pytest.raises(EvaluationError):
        evaluate(
            text,
            n=5,
            m=-(2**63),
            flag=True,
            labels={},
            words=("a",),
            object__kind="relation",
            opened=datetime(2030, 1, 1, tzinfo=UTC),
        )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("flag && n / 0 == 1", None),
        ("!flag && n / 0 == 1", False),
        ("n / 0 == 1 && !flag", False),
        ("n / 0 == 1 && name == 'x' && !flag", False),
        ("flag || n / 0 == 1", True),
        ("n / 0 == 1 || flag", True),
        ("n / 0 == 1 || name == 'x' || flag", True),
        ("n / 0 == 1 || !flag", None),
        ("[0, 1].exists(x, 1 / x == 1)", True),
        ("[0, 2].exists(x, 1 / x == 1)", None),
        ("[0, 2].all(x, 1 / x == 1)", False),
        ("[0, 1].all(x, 1 / x == 1)", None),
        ("[0, 1].exists_one(x, 1 / x == 1)", None),
        ("[0, 1].filter(x, 1 / x == 1) == [1]", None),
    ],
)
def test_errors_commute(text: str, value: bool | None) -> None:
    if value is None:
        with pytest.raises(EvaluationError):
            evaluate(text, flag=True, n=1)
    else:
        assert evaluate(text, flag=True, n=1) is value


def test_work_is_bounded_for_all_macros_together() -> None:
    words = tuple("ab" * 100)
    with pytest.raises(EvaluationError, match=f"more than {MAX_STEPS} items"):
        evaluate("words.all(a, words.all(b, words.all(c, true)))", words=words)
    assert evaluate("words.all(a, words.all(b, b != 'x'))", words=words[:100]) is True


def test_one_frame_counts_over_conditions() -> None:
    frame = Frame()
    frame.steps = MAX_STEPS
    with pytest.raises(EvaluationError):
        frame.step()


def test_variables_of_macros_do_not_leak() -> None:
    program = compile_condition(check(parse("words.map(w, words.map(v, w + v)).size() == 2"), ATTRIBUTES), READERS)
    assert program(Values({"words": ("a", "b")})) is True
    assert evaluate("words.map(v, words.map(w, w + v)[1] + v) == ['baa', 'bbb']", words=("a", "b")) is True


def test_a_part_of_a_condition_can_be_compiled_alone() -> None:
    checked = check(parse("n + 1 == m"), ATTRIBUTES)
    root = checked.root
    assert compile_condition(checked, READERS, root.left)(Values({"n": 2})) == 3  # type: ignore[attr-defined]


def test_conjunction_of_programs_is_an_and() -> None:
    true, false = (compile_condition(check(parse(t), ATTRIBUTES), READERS) for t in ("true", "false"))
    broken = compile_condition(check(parse("1 / 0 == 1"), ATTRIBUTES), READERS)
    assert conjunction((true,))(Values({})) is True
    assert conjunction((broken, false))(Values({})) is False
    with pytest.raises(EvaluationError):
        conjunction((true, broken))(Values({}))


def test_a_record_without_a_field_has_no_value() -> None:
    with pytest.raises(EvaluationError, match="there is no 'count'"):
        value_of("findings[0].count", INT, {"findings": ({"class": "pii"},)})
