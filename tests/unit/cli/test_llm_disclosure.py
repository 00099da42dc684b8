"""What rules do with findings, told as the gate would do it."""

from pathlib import Path

import pytest

from passgate.cli.llm_disclosure import Treatment, treatments
from passgate.config.loading import load_settings

CONFIG = """\
state: ./state
listeners: [{{kind: http, port: 8080}}]
resources:
  local: {{kind: llm, provider: compatible, upstream: {{url: "http://127.0.0.1:11434"}}}}
policy: {policy}
"""
RULES = """\
rules:
- id: emails-out
  when: "verb == 'disclose' && finding.type == 'EMAIL' && finding.field == 'user'"
  then: allow
- id: cards-out
  when: "verb == 'disclose' && finding.type == 'PAN'"
  then: [allow, {mask: {strategy: redact}}]
"""


def told(folder: Path, policy: str, who: str = "agent:someone") -> tuple[Treatment, ...]:
    path = folder / "passgate.yaml"
    path.write_text(CONFIG.format(policy=policy))
    resource = load_settings(path).llm_resources["local"]
    return treatments("local", resource, config=path, who=who, on_behalf_of=None)


def test_the_pack(tmp_path: Path) -> None:
    found = {(one.way, one.class_, one.what): one for one in told(tmp_path, "{packs: [llm-safe]}")}
    assert {key[2] for key in found if key[:2] == ("out", "secret")} == {"deny by llm-no-secrets-out"}
    assert {key[2] for key in found if key[:2] == ("back", "secret")} == {"redact by llm-no-secrets-back"}
    restored = found["restored", "pii", "allow by llm-restore"]
    assert restored.fields == ("tool_arguments", "assistant") or restored.fields == ("assistant", "tool_arguments")
    assert restored.all_types
    assert restored.said_types == f"all {len(restored.types)}"
    assert found["restored", "secret", "never, whatever a rule says"].fields == ("every field",)


def test_who_asks_matters(tmp_path: Path) -> None:
    whats = {one.what for one in told(tmp_path, "{packs: [llm-safe]}", "service:billing") if one.way == "restored"}
    assert whats == {"deny by default-deny", "never, whatever a rule says"}


def test_single_types_in_single_fields(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    out = [
        one for one in told(tmp_path, "{packs: [], bundles: [rules.yaml]}") if (one.way, one.class_) == ("out", "pii")
    ]
    allowed = next(one for one in out if one.what == "allow by emails-out")
    assert (allowed.fields, allowed.said_types) == (("user",), "EMAIL")
    masked = [one for one in out if one.what == "redact by cards-out"]
    assert {one.said_types for one in masked} == {"PAN"}
    denied = [one for one in out if one.what == "deny by default-deny"]
    everywhere = {field for one in denied for field in one.fields}
    assert "user" in everywhere
    assert not any("PAN" in one.types for one in denied)
    assert all("EMAIL" not in one.types for one in denied if "user" in one.fields)


@pytest.mark.parametrize("who", ["someone", "robot:x"])
def test_nobody_that_can_be(tmp_path: Path, who: str) -> None:
    from passgate.core.errors import ConfigError

    with pytest.raises(ConfigError, match="write agent:name"):
        told(tmp_path, "{packs: [llm-safe]}", who)
