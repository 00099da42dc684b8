import json

import pytest

from passgate.policy.bundle import load_text
from passgate.policy.problems import BundleError


def loaded(when: str) -> list[str]:
    """What is wrong with a rule of this condition."""
    try:
        load_text(f"rules:\n- id: r\n  when: {json.dumps(when)}\n  then: deny\n")
    except BundleError as error:
        return [f"{p.place.column - 10}: {p.message.removeprefix('rule r: ')} ({p.remedy})" for p in error.problems]
    return []


@pytest.mark.parametrize(
    ("when", "offset", "message"),
    [
        ("verb == 'drop' && verb == 'select'", 23, "this can never be true: verb is asked to be two things at once"),
        ("verb in ['drop'] && key_pinned && verb in ['select', 'insert']", 39, "this can never be true"),
        ("column == 'x' && column != 'x'", 24, "this can never be true"),
        ("column in ['x', 'y'] && !(column in ['y', 'x'])", 24, "this can never be true"),
        ("verb == 'drop' || (column == 'x' && column == 'y')", 43, "this can never be true"),
        ("resource.labels.env == 'prod' && resource.labels.env == 'dev'", 53, "resource.labels.env is asked to be two"),
        ("findings.exists(f, f.class == 'pii' && f.class == 'secret')", 47, "f.class is asked to be two things"),
        ("(verb == 'drop' || verb == 'alter') && verb == 'select'", 44, "this can never be true"),
        ("verb != 'drop' || verb != 'select'", 23, "this is always true: verb is never all of them at once"),
        ("verb != 'drop' || !(verb in ['select', 'insert'])", 18, "this is always true"),
        ("object.name in []", 15, "an empty list holds nothing"),
        ("key_pinned && false", 14, "the rule can never match"),
        ("'prod' == 'dev'", 7, "the rule can never match"),
        ("column == 'x' && 1 / 0 == 1", 23, "this never has a value: division by zero"),
        ("9223372036854775807 + 1 > 0", 24, "this never has a value: integer overflow"),
        (
            "session.opened.getMonth() == 12",
            29,
            "getMonth() is 0 to 11, so this is never true (January and Sunday are 0)",
        ),
        ("session.opened.getDayOfWeek() in [6, 7]", 37, "getDayOfWeek() is 0 to 6"),
        ("session.opened.getHours('CET') >= 24", 34, "getHours() is 0 to 23, so this is never true"),
        ("60 > session.opened.getMinutes()", 0, "getMinutes() is 0 to 59, so this is always true"),
    ],
)
def test_what_cannot_be_meant_does_not_load(when: str, offset: int, message: str) -> None:
    found = loaded(when)
    assert found
    assert found[0].startswith(f"{offset}: ")
    assert message in found[0]


@pytest.mark.parametrize(
    "when",
    [
        "true",
        "false",  # a rule that is switched off
        "verb == 'drop' || verb == 'select'",
        "verb != 'drop' && verb != 'select'",
        "verb == 'drop' && column != 'x' && column != 'y'",
        "verb in ['drop', 'select'] && verb != 'drop'",
        "verb != 'drop' || column != 'x'",
        "verb == object.name && verb == 'drop'",
        "column == 'x' && object.name == 'x'",
        "findings.exists(f, f.class == 'pii') && findings.exists(f, f.class == 'secret')",
        "session.opened.getMonth() == 11 && session.opened.getHours('Europe/Berlin') in [22, 23, 0]",
        "['a', 'b'].exists(x, x == column)",
        "size(inputs) > 2 && inputs[0] == 'x'",
        "has(pass.ticket) && pass.ticket == ''",
        "true || column == 'x'",
    ],
)
def test_what_may_be_meant_loads(when: str) -> None:
    assert loaded(when) == []


@pytest.mark.parametrize(
    ("when", "remedy"),
    [
        ("session.counters.rwos > 5", "did you mean rows?"),
        ("task.counters['request'] > 5", "did you mean requests?"),
        ("'tokns' in task.counters", "did you mean tokens?"),
        ("resource.kind == 'postgresql'", "did you mean postgres?"),
        ("'credential' in object.tags", "did you mean credentials?"),
        ("action.kind == 'sqlquery'", "did you mean sql.query?"),
        ("finding.type == 'email'", "did you mean EMAIL?"),
        ("finding.type == 'EMIAL'", "did you mean EMAIL?"),
        ("pass.expires - pass.issued > duration('30min')", ""),
        ("pass.expires - pass.issued > duration('1d')", ""),
        ("pass.expires > timestamp('2030-01-31')", ""),
        ("int('abc') == 1", ""),
        ("inputs[-1] == 'x'", "write x[size(x) - 1] for the last"),
        ("task.counters.tokens > 0777", "write 777"),
        ("resource.labels.env == prod", "a text stands in quotes: 'prod'"),
        ("verb == 'drop' and key_pinned", "write && for and"),
        ("verb in ('drop', 'alter')", "write a list as [a, b]"),
        ("'x' in verb", "write"),
        ("principal.groups.contains('dba')", "write 'x' in list"),
        ("now() > pass.issued", "a decision may be kept"),
        ("verb == \u2018drop\u2019", "write '"),
        ("verb\u00a0== 'drop'", "U+00A0 (NO-BREAK SPACE): write a plain space"),
        ("verb \uff1d\uff1d 'drop'", "write ="),
    ],
)
def test_a_word_that_is_never_met_or_has_no_value_is_a_slip_with_a_remedy(when: str, remedy: str) -> None:
    """Each of these loaded, or was told without a word of what to write: as a deny it never fired."""
    found = loaded(when)
    assert len(found) == 1
    if when != "'x' in verb":
        assert remedy in found[0]


@pytest.mark.parametrize(
    ("when", "offset", "message"),
    [
        ("object.name == '\u0441ustomers'", 16, "U+0441 (CYRILLIC SMALL LETTER ES) with Latin letters"),
        ("object.name == 'customers\u200b'", 25, "U+200B (ZERO WIDTH SPACE) does not show"),
        ("'db\u0430' in principal.groups", 3, "CYRILLIC SMALL LETTER A"),
    ],
)
def test_a_text_that_is_not_what_it_looks_like_does_not_load(when: str, offset: int, message: str) -> None:
    found = loaded(when)
    assert found[0].startswith(f"{offset}: ")
    assert message in found[0]
    assert loaded(when.replace("\u0441", "\\u0441").replace("\u200b", "\\u200b").replace("\u0430", "\\u0430")) == []
