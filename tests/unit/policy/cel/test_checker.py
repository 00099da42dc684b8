import pytest

from passgate.policy.cel import BOOL, INT, STRING, ConditionError, check, parse
from passgate.policy.cel.checker import dotted, nearest
from passgate.policy.cel.types import DURATION, TIMESTAMP, ListType, Type
from tests.unit.policy.cel.conditions import ATTRIBUTES


def refusal(text: str) -> ConditionError:
    with pytest.raises(ConditionError) as caught:
        check(parse(text), ATTRIBUTES)
    return caught.value


@pytest.mark.parametrize(
    "text",
    [
        "verb == 'drop' && object.name != verb",
        "verb in ['drop', 'update'] || 'a' in tags",
        "flag == true",
        "n > 1 && 'a' < name && opened >= timestamp('2030-01-01T00:00:00Z') && duration('1h') < duration('2h')",
        "has(who.boss.subject) && who.boss.subject == 'ann'",
        "has(who.boss) ? who.boss.kind == 'x' : false",
        "has(labels.env) || labels.env == 'prod' || labels['env'] == 'x' || 'env' in labels",
        "labels.exists(k, k == 'env') && labels.size() > 0",
        "counters.denied + counters['x'] > 3",
        "findings.exists(f, f.class == 'secret' && f.count > 0)",
        "findings.filter(f, f.count > 1).map(f, f.class)[0] == 'x'",
        "[] == [1] && [[1], []] == [[2]]",
        "words == ['a'] && words[0] == 'a' && words + ['b'] == words",
        "[1, 2].map(x, x * 2) == [2, 4]",
        "null == null",
        "opened - opened > duration('1h') && opened + duration('1h') > opened && opened - duration('1s') < opened",
        "duration('1s') + duration('1s') == duration('2s') && duration('1s') + opened > opened",
        "duration('3s') - duration('1s') == duration('2s')",
        "tags.size() + size(words) + size(name) > 1",
        "int('3') == 3 && string(3) == '3' && int(n) == n && string(name) == name",
        "(flag ? verb : name) == 'anything'",
        "name.lowerAscii().matches('a+') && name.upperAscii() != name",
        "opened.getHours() > 8 && opened.getDayOfWeek('Europe/Berlin') < 6",
        "words.exists(verb, verb == 'not a verb')",
    ],
)
def test_conditions_that_have_a_type(text: str) -> None:
    root = parse(text)
    assert check(root, ATTRIBUTES).types[root] == BOOL


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("n * -n % 3 / 2", INT),
        ("name + 'x'", STRING),
        ("[name]", ListType(STRING)),
        ("opened + duration('1s')", TIMESTAMP),
        ("opened - opened", DURATION),
        ("flag ? 1 : 2", INT),
        ("words.map(w, size(w))", ListType(INT)),
        ("tags.filter(t, t != '')", ListType(STRING)),
        ("tags.all(t, true)", BOOL),
        ("labels.env", STRING),
        ("findings[0].count", INT),
    ],
)
def test_types(text: str, kind: Type) -> None:
    root = parse(text)
    assert check(root, ATTRIBUTES, expected=kind).types[root] == kind


@pytest.mark.parametrize(
    ("text", "message", "remedy"),
    [
        ("verbb == 'drop'", "verbb is not a declared attribute", "did you mean verb?"),
        ("object.nme == 'x'", "object.nme is not a declared attribute", "did you mean object.name?"),
        ("object.zzz == 'x'", "object.zzz is not a declared attribute", "use object.name, object.kind"),
        ("qqqqqqq == 'x'", "qqqqqqq is not a declared attribute", "a text stands in quotes: 'qqqqqqq'"),
        ("object == 'x'", "object is a group, not a value", "use object.name, object.kind"),
        ("has(object.name)", "object.name is always there", "leave out has()"),
        ("has(object.zzz)", "object.zzz is not a declared attribute", "use object.name, object.kind"),
        ("has(findings[0].count)", "count is always there", "leave out has()"),
        ("name.first == 'x'", "a value of type string has no field first", ""),
        ("findings.exists(f, f.clas == 'x')", "finding has no field clas", "did you mean class?"),
        ("findings.exists(f, f.zzz == 'x')", "finding has no field zzz", "use class, count"),
        ("verb == 'dorp'", "'dorp' is not a value that this ever has", "did you mean drop?"),
        ("'dorp' == verb", "'dorp' is not a value that this ever has", "did you mean drop?"),
        ("verb in ['drop', 'slect']", "'slect' is not a value that this ever has", "did you mean select?"),
        ("verb != 'zzz'", "'zzz' is not a value that this ever has", "use one of drop, select, update"),
        ("n == 'x'", "int and string are never equal", ""),
        ("[n] == ['x']", "list<int> and list<string> are never equal", ""),
        ("name == null", "an attribute is never null", "ask with has(...)"),
        ("tags == ['a']", "a set has no order to compare", "use in, exists() or all()"),
        ("tags[0] == 'a'", "a value of type set<string> has no index", "use in, exists() or all()"),
        ("name[0] == 'a'", "a value of type string has no index", ""),
        ("labels[1] == 'a'", "the keys of a map are strings", ""),
        ("words['a'] == 'a'", "a place in a list is a number", ""),
        ("n < name", "< cannot compare int with string", ""),
        ("words < words", "< cannot compare list<string> with list<string>", ""),
        ("1 in words", "a list<string> never holds a int", ""),
        ("name in name", "in needs a list or a map on its right", "write in [...]"),
        ("n in labels", "never holds a int", ""),
        ("n + name == 1", "+ does not apply to int and string", ""),
        ("name - name == name", "- does not apply to string and string", ""),
        ("opened + opened == opened", "+ does not apply to timestamp and timestamp", ""),
        ("!n", "! applies to bool", ""),
        ("-name == 'x'", "- applies to int", ""),
        ("n && flag", "&& joins conditions", ""),
        ("flag || name", "|| joins conditions", ""),
        ("n ? flag : flag", "? needs a condition on its left", ""),
        ("flag ? n : name", "both choices must be of one type", ""),
        ("[1, 'a'] == []", "a list holds one type", ""),
        ("n.exists(x, true)", "exists() runs over a list, not int", ""),
        ("words.exists(w, n)", "exists() needs a condition", ""),
        ("words.exists(w, v == 'a')", "v is not a declared attribute", "a text stands in quotes: 'v'"),
        ("name.startwith('a')", "there is no function startwith()", "did you mean startsWith?"),
        ("startsWith(name, 'a')", "there is no function startsWith()", "write x.startsWith(...)"),
        ("name.int() == 3", "there is no function int()", "write int(...)"),
        ("name.startsWith(1)", "startsWith() does not take (string, int)", ""),
        ("size(n) == 1", "size() does not take (int)", ""),
        ("name.matches(name)", "matches() takes a literal string", ""),
        ("name.matches('(?=a)')", "not a regular expression of RE2", ""),
        ("opened.getHours('Nowhere/Else') == 1", "'Nowhere/Else' is not a known time zone", ""),
        ("n", "the condition is of type int, not bool", ""),
    ],
)
def test_what_has_no_type_is_refused_with_a_remedy(text: str, message: str, remedy: str) -> None:
    error = refusal(text)
    assert message in error.message
    assert error.remedy == remedy


@pytest.mark.parametrize(
    ("text", "offset"), [("flag && verbb == 'x'", 8), ("object.nme == 'x'", 7), ("verb == 'dorp'", 8), ("n == 'x'", 2)]
)
def test_the_place_is_the_one_that_is_wrong(text: str, offset: int) -> None:
    assert refusal(text).offset == offset


def test_attributes_that_are_used_are_known() -> None:
    used = check(
        parse("verb == 'drop' && has(who.boss.kind) && words.exists(n, n == labels.env)"), ATTRIBUTES
    ).attributes
    assert sorted(used.values()) == ["labels", "verb", "who.boss.kind", "words"]


def test_dotted_and_nearest() -> None:
    assert dotted(parse("a.b.c")) == "a.b.c"
    assert dotted(parse("a[0].b")) is None
    assert nearest("zzz", ["abc"]) == ""
