"""Who may ask for what: what is refused before a gate starts."""

from pathlib import Path

import pytest

from passgate.config.identity import Identity
from passgate.config.loading import parse_settings
from passgate.config.problems import InvalidSettingsError

BASE = """\
state: ./state
listeners:
  - {kind: http, port: 8443}
resources:
  docs: {kind: llm, provider: compatible, upstream: {url: 'https://models.example.com'}}
identity:
  access_rules:
"""
RULE = "  - {name: on-call, resources: [docs], groups: [eng]%s}\n"


def parsed(text: str) -> Identity:
    return parse_settings(BASE + text, file="passgate.yaml", base=Path("/nowhere")).identity


def test_a_rule_with_its_defaults() -> None:
    (rule,) = parsed(RULE % "").access_rules
    assert (rule.verbs, rule.approvers.group, rule.approvers.count, rule.reason) == (("read",), "approvers", 1, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RULE % ", approvers: {count: 0}", "count"),
        (RULE % ", approvers: {count: 21}", "count"),
        (RULE % ", approvers: {expires: 500ms}", "must leave people some time"),
        (RULE % ", max_ttl: 500ms", "max_ttl must be a second at least"),
        (RULE % ", verbs: []", "must not be empty"),
        (RULE % ", verbs: [fly]", "verbs"),
        (RULE % ", ticket: '('", "no pattern"),
        (RULE % ", ticket: '(?=x)'", "no pattern"),
        (RULE % ", providers: [partner]", "the provider 'partner'"),
        (RULE.replace("docs", "shop") % "", "'shop', which is not among resources"),
        (RULE.replace(", groups: [eng]", "") % "", "groups, subjects or both"),
        (RULE % "" + RULE % "", "two access rules have the same name"),
        ("  - {name: 'On Call', resources: [docs], groups: [eng]}\n", "name"),
    ],
)
def test_what_could_not_be_meant(text: str, said: str) -> None:
    with pytest.raises(InvalidSettingsError, match=said):
        parsed(text)
