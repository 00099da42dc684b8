"""What an author writes by mistake: each is told with its place, and nothing of the bundle is in force."""

import pytest

from passgate.policy.bundle import load_text
from passgate.policy.problems import BundleError

RULE = "rules:\n- id: a\n  when: \"verb == 'drop'\"\n  then: %s\n"
HOLD = "rules:\n- id: a\n  when: \"verb == 'drop'\"\n  then: hold\n  approvers: %s\n"
DENY = "rules:\n- id: a\n  when: \"verb == 'drop'\"\n  then: deny\n  %s\n"
PROTECT = "protect:\n- %s\n"


def told(text: str) -> list[str]:
    with pytest.raises(BundleError) as caught:
        load_text(text)
    return [f"{p.place.line}:{p.place.column}: {p.message} ({p.remedy})" for p in caught.value.problems]


@pytest.mark.parametrize(
    "then",
    ["[]", "{}", "{scan: []}", "{tag: ''}", "{tag: ' '}", "{notify: ''}", "", "true", "{allow: true}", "[[deny]]"],
)
def test_a_rule_that_does_nothing_is_no_rule(then: str) -> None:
    assert all(problem.startswith("4:") for problem in told(RULE % then))


@pytest.mark.parametrize(
    ("then", "said"),
    [
        ("[allow, {mask: {strategy: redact}}, {mask: {strategy: partial}}]", "then says mask twice"),
        ("[allow, {max_rows: 1}, {max_rows: 9}]", "then says max_rows twice"),
        ("{read_only: true}", "read_only takes no value (write read_only by itself"),
        ("{max_rows: 0100}", "not '0100' (write 100)"),
        ("{max_rows: 1_000}", "not '1_000' (write 1000)"),
        ("{max_rows: '100'}", "not '100' (write 100)"),
        ("{max_rows: 9999999999999999999}", "must be a whole number"),
        ("!x {max_rows: 5}", "then has a tag of YAML that means nothing here"),
        ("!deny", "then is a word, a mapping or a list of those"),
        ("{tag: t\u0430inted}", "CYRILLIC SMALL LETTER A"),
    ],
)
def test_consequences(then: str, said: str) -> None:
    """Of two masks the last one counted, which may show more than the first."""
    assert said in told(RULE % then)[0]


@pytest.mark.parametrize(
    ("approvers", "said"),
    [
        ("{group: ''}", "group is empty"),
        ("{expires: 15}", "expires must be text, not '15' (put it in quotes)"),
        ("{expires: 1d}", "is not a duration such as 15m or 1h30m (the units are h, m and s; a day is 24h)"),
        ("{expires: 15min}", "the units are h, m and s"),
        ("{expires: \u0661\u0665m}", "is not a duration"),
        ("{expires: 1000h}", "a hold waits from 1s to 168h, not 1000h"),
    ],
)
def test_approvers(approvers: str, said: str) -> None:
    assert said in told(HOLD % approvers)[0]


@pytest.mark.parametrize(
    "message",
    [
        "{verb:>99999999999}",
        "{verb:d}",
        "{object:>5}",
        "{verb!x}",
        "{verb:{name}}",
        "{verb.x}",
        "{0}",
        "{}",
        "{",
        "{objct}",
    ],
)
def test_a_message_that_could_not_be_filled_in_does_not_load(message: str) -> None:
    """It loaded, and failed where a refusal was to be written."""
    assert "stands for nothing" in told(DENY % f"message: '{message}'")[0]


@pytest.mark.parametrize(
    ("when", "given", "said"),
    [
        ("session.tags.exists(t, t.startsWith('x'))", "session.tags: [5]", "an item of session.tags must be text"),
        ("session.tags.exists(t, t.startsWith('x'))", "session.tags: [5]", "must be text, not '5'"),
        ("findings.exists(f, f.count > 5)", "findings: [{class: pii, count: x}]", "count must be a whole number"),
        ("verb == 'drop'", "verb: dorp", "verb cannot be 'dorp' (did you mean drop?)"),
        (
            "session.counters.rows > 5",
            "session.counters.rwos: 6",
            "session.counters has no 'rwos' (did you mean rows?)",
        ),
        ("session.counters.rows > 5", "session.counters: {rwos: 6}", "has no key 'rwos' (did you mean rows?)"),
        ("resource.labels.on == 'true'", "resource.labels.on: true", "must be text, not 'true' (put it in quotes)"),
        ("pass.issued < pass.expires", "pass.issued: 2030-01-31T08:00:00Z", "(put it in quotes)"),
    ],
)
def test_a_test_that_is_not_well_written_is_told_once_and_not_run(when: str, given: str, said: str) -> None:
    """Run all the same, it failed with an error of Python's, and took the gate's reload with it."""
    found = told(f'rules:\n- id: a\n  when: "{when}"\n  then: deny\n  match: [{{{given}}}]\n')
    assert len(found) == 1
    assert said.removeprefix("an item of ") in found[0]


def test_labels_of_a_test_may_be_written_both_ways_in_any_order() -> None:
    for given in ("resource.labels: {a: x}, resource.labels.b: y", "resource.labels.b: y, resource.labels: {a: x}"):
        when = "resource.labels.a == 'x' && resource.labels.b == 'y'"
        load_text(f'rules:\n- {{id: a, when: "{when}", then: deny, match: [{{{given}}}]}}\n')


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("%YAML 1.1\n---\nrules: []\n", "1:1: a policy file is YAML 1.2"),
        ("rules:\n- &b {id: a, when: 'true', then: deny}\n- {<<: *b, id: c}\n", "3:4: keys are not merged here"),
        ("rules:\n- &b {id: a, when: 'true', then: deny}\n- *b\n", "2:3: rule a is repeated by an alias"),
        ("rules:\n- !!python/object:x {id: a, when: 'true', then: deny}\n", "a tag of YAML that means nothing here"),
        ("rules: !x []\n", "a tag of YAML that means nothing here"),
        ("rules:\n- {}\n", "2:3: a rule needs id and when and then"),
        ("rules:\n- id: a\n  when: !key_pinned\n  then: deny\n", "!key_pinned is a tag of YAML"),
        ("rules:\n\t- a\n", "2:1: not YAML"),
        ("rules: []\n---\nrules: []\n", "expected a single document"),
        ("rules: []\nrules: []\n", "2:1: the key 'rules' stands twice"),
        ("a: b\n# \x07\n", "2:3: not YAML: character U+0007"),
        ("packs: [{without: [x]}]\n", "1:9: a pack needs a name"),
        (
            "packs: [postgres-safe]\nrules:\n- {id: pg-listen, when: 'true', then: allow}\n",
            "(to replace the pack's, write packs: [{pack: postgres-safe, without: [pg-listen]}])",
        ),
    ],
)
def test_yaml(text: str, said: str) -> None:
    assert any(said in problem for problem in told(text))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{object: public.customers, as: never}", "(write namespace: public, object: customers)"),
        ("{object: '*', column: email, as: never}", "'*' is a pattern"),
        ("{object: c, column: '%mail', as: never}", "'%mail' is a pattern"),
        ("{object: c, column: '', as: never}", "column is empty"),
        ("{object: \u0441ustomers, as: never}", "CYRILLIC SMALL LETTER ES"),
        ("{object: c, column: e, as: {}}", "as says nothing"),
        ("{object: c, column: e, as: }", "as is never or a mask"),
        ("{object: c, as: never, when: 'verbb == 1'}", "2:33: verbb is not a declared attribute"),
        ("{object: c, as: never, when: \"principal.kind == 'agnet'\"}", "2:51: 'agnet' is not a value"),
        ("{object: c, as: never, when: principal.groups}", "2:42: the condition is of type set<string>"),
        ("{object: c, as: never, id: 'A b'}", "'A b' is not an id"),
    ],
)
def test_a_line_that_would_protect_nothing_does_not_load(line: str, said: str) -> None:
    found = told(PROTECT % line)
    assert len(found) <= 2
    assert said in found[0]


def test_several_lines_about_one_column_have_ids_of_their_own() -> None:
    one = "{object: c, column: e, %sas: {mask: {strategy: %s}}, when: \"'%s' in principal.groups\"}"
    lines = [one % ("", "redact", "a"), one % ("id: support, ", "partial", "b")]
    assert [rule.id for rule in load_text("protect:\n- " + "\n- ".join(lines) + "\n").rules] == [
        "protect:c.e/mask",
        "protect:c.e/inference",
        "protect:c.e:support/mask",
        "protect:c.e:support/inference",
    ]
    assert "say it in one line, or give the line an id" in told("protect:\n- " + "\n- ".join([lines[0]] * 2) + "\n")[0]


@pytest.mark.parametrize("character", ["\\0", "\\ud800", "\\x1b[2J", "\\u0085"])
def test_a_message_has_no_character_that_an_answer_cannot_hold(character: str) -> None:
    """A NUL ends an error of PostgreSQL in its middle, half a surrogate is no UTF-8, an escape moves the reader's cursor."""
    assert "has the character U+" in told(DENY % f'message: "x {character} y"')[0]
    assert "has the character U+" in told(DENY % f'hint: "x {character} y"')[0]
    assert "has the character U+" in told(PROTECT % f'{{object: c, as: never, message: "x {character} y"}}')[0]
    load_text(DENY % 'message: "Größe\\n\\tערך"')
