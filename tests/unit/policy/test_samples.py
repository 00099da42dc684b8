import pytest

from passgate.policy.bundle import load_text
from passgate.policy.problems import BundleError


def check(when: str, samples: str) -> list[str]:
    """What a bundle with one rule and these tests is refused for."""
    try:
        load_text(f"rules:\n- id: r\n  when: >-\n    {when}\n  then: deny\n  {samples}\n")
    except BundleError as error:
        return [str(problem) for problem in error.problems]
    return []


@pytest.mark.parametrize(
    ("when", "samples"),
    [
        ("verb == 'drop'", "match: [{verb: drop}, {verb: drop, column: x}]"),
        ("verb == 'drop'", "not_match: [{}, {verb: select}]"),
        ("key_pinned && where_effective", "match: [{key_pinned: true, where_effective: true}]"),
        ("sql.statements > 1", "match: [{sql.statements: 2}]"),
        ("complete && object.known", "match: [{}]"),
        ("!complete", "match: [{complete: false}]"),
        ("'dba' in principal.groups", "match: [{principal.groups: [dba, ops]}]"),
        ("resource.labels.env == 'prod'", "match: [{resource.labels: {env: prod}}]"),
        ("resource.labels.env == 'prod'", "match: [{resource.labels.env: prod}]"),
        ("session.counters.masked > 3", "match: [{session.counters.masked: 4}]\n  not_match: [{}]"),
        ("inputs.exists(i, i == 'x')", "match: [{inputs: [a, x]}]\n  not_match: [{}]"),
        ("findings.exists(f, f.class == 'pii' && f.count == 0)", "match: [{findings: [{class: pii}]}]"),
        (
            "pass.expires - pass.issued > duration('1h')",
            "match: [{pass.issued: '2030-01-01T00:00:00Z', pass.expires: '2030-01-01T02:00:00Z'}]",
        ),
        ("has(pass.ticket) && pass.ticket == 'T'", "match: [{pass.ticket: T}]\n  not_match: [{}]"),
        ("has(principal.on_behalf_of)", "match: [{principal.on_behalf_of.kind: human}]\n  not_match: [{}]"),
        ("'env' in resource.labels && resource.labels.env == 'prod'", "not_match: [{}]"),
    ],
)
def test_tests_that_pass(when: str, samples: str) -> None:
    assert check(when, samples) == []


@pytest.mark.parametrize(
    ("when", "samples", "message"),
    [
        ("verb == 'drop'", "match: [{verb: select}]", "the condition does not hold"),
        ("verb == 'drop'", "not_match: [{verb: drop}]", "the condition holds"),
        ("resource.labels.env == 'prod'", "not_match: [{verb: drop}]", "the condition has no value: there is no 'env'"),
        ("pass.ticket == 'T'", "match: [{}]", "pass.ticket has no value"),
        ("pass.issued < pass.expires", "match: [{}]", "has no value"),
        ("verb == 'drop'", "match: [{verbb: drop}]", "verbb is not a declared attribute (did you mean verb?)"),
        ("verb == 'drop'", "match: [{verb: dorp}]", "verb cannot be 'dorp' (did you mean drop?)"),
        ("verb == 'drop'", "match: [{key_pinned: maybe}]", "key_pinned must be true or false"),
        ("verb == 'drop'", "match: [{sql.statements: many}]", "sql.statements must be a whole number"),
        ("verb == 'drop'", "match: [{pass.issued: today}]", "is not a timestamp"),
        ("verb == 'drop'", "match: [{pass.issued: 5}]", "pass.issued must be text"),
        ("verb == 'drop'", "match: [{findings: [{klass: pii}]}]", "findings has no key 'klass'"),
        ("verb == 'drop'", "match: {verb: drop}", "match must be a list"),
        ("verb == 'drop'", "match: [drop]", "a test must be a mapping"),
    ],
)
def test_tests_that_fail_refuse_the_bundle(when: str, samples: str, message: str) -> None:
    assert any(message in problem for problem in check(when, samples)), check(when, samples)


def test_a_failing_test_is_named_with_its_place() -> None:
    assert check("verb == 'drop'", "match: [{verb: select}]") == [
        "policy.yaml:6:11: rule r fails its own test: the condition does not hold"
    ]
