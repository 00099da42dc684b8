"""``passgate llm check``: whoever runs a gate sees what it reads, and what its rules make of it."""

import json
from pathlib import Path

import pytest

from passgate.codecs.llm.operations import OPERATIONS
from tests.unit.cli.conftest import Passgate

MODELS = """\
state: ./state
listeners:
  - {kind: http, port: 8080}
resources:
  claude:
    kind: llm
    provider: anthropic
    upstream: {url: "https://api.anthropic.com", credential: {env: CLAUDE_KEY}}
    models: ["claude-*"]
    fallback: [spare]
  spare:
    kind: llm
    provider: anthropic
    upstream: {url: "https://spare.example", credential: {env: SPARE_KEY}}
policy: {packs: [llm-safe]}
"""


@pytest.fixture
def models(folder: Path) -> str:
    path = folder / "models.yaml"
    path.write_text(MODELS)
    return str(path)


def test_every_governed_path_is_in_the_list(passgate: Passgate) -> None:
    body = json.loads(passgate("llm", "check", "--json").out)
    listed = {(row["method"], row["path"]) for row in body["fields"]}
    assert {(operation.method, operation.path) for operation in OPERATIONS} <= listed
    assert {path for method, path in listed if not method} == {"answers of openai", "answers of anthropic"}
    assert all(row["where"] and row["verdict"] and row["field"] for row in body["fields"])
    assert "POST /v1/audio/speech" in body["refused"]
    assert body["resources"] == {}


def test_for_people_by_path_with_a_sum(passgate: Passgate) -> None:
    out = passgate("llm", "check", "/v1/messages/count_tokens").out
    assert out.startswith("POST /v1/messages/count_tokens\n")
    assert "PLACES  VERDICT" in out
    assert "/v1/chat" not in out
    assert "POST /v1/audio/speech  refused: not governed" in passgate("llm", "check", "/v1/audio").out


def test_a_path_that_nobody_knows(passgate: Passgate) -> None:
    result = passgate("llm", "check", "/v9\x1b[2J")
    assert (result.code, result.err) == (1, "No path holds /v9\\x1b[2J: it is refused.\n")


def test_with_a_configuration_what_its_rules_let_through(passgate: Passgate, models: str) -> None:
    body = json.loads(passgate("llm", "check", "/v1/messages", "--config", models, "--json").out)
    claude = body["resources"]["claude"]
    assert (claude["provider"], claude["models"], claude["fallback"]) == ("anthropic", ["claude-*"], ["spare"])
    out, _ = (found for found in claude["findings"] if found["way"] == "out")
    assert (out["class"], out["what"], out["fields"]) == ("pii", "token by llm-tokens-out", ["every field"])
    assert "EMAIL" in out["types"]
    text = passgate("llm", "check", "/v1/messages", "--config", models).out
    assert "claude: anthropic at https://api.anthropic.com" in text
    assert "  fallback spare" in text
    assert "CLAUDE_KEY" not in text


def test_a_configuration_without_models(passgate: Passgate) -> None:
    result = passgate("llm", "check", "--config", "passgate.yaml")
    assert (result.code, result.err) == (2, "passgate: passgate.yaml has no resource of kind llm\n")
