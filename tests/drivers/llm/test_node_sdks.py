"""The two official SDKs for Node: one program of theirs, both ways."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from passgate.testing.llm_provider import Cut, Script, Text, Thinking, ToolCall
from tests.drivers.llm.ways import Way

PROJECT = Path(__file__).parent / "node"
ASKED = "Grüße aus Zürich \U0001f600"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("node-llm")
    for name in ("package.json", "package-lock.json", "run.mjs"):
        shutil.copy(PROJECT / name, copy / name)
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=copy, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return copy


def test_node_sdks(project: Path, way: Way) -> None:
    parts = (
        Thinking(text="Hm, tricky."),
        Text(text="Looking. "),
        ToolCall(name="weather", arguments='{"city": "Z\\u00fcrich \\"Kreis 4\\""}'),
    )
    way.provider.on_model("tools", Script(parts=parts, delta=Cut(size=3)))
    way.provider.on_model("forbidden", Script.failing(403))
    way.provider.on_model("busy-openai", Script.failing(529), Script.failing(429), Script())
    way.provider.on_model("busy-anthropic", Script.failing(529), Script.failing(429), Script())
    environment = {
        "OPENAI_BASE_URL": f"{way.url}/v1",
        "OPENAI_API_KEY": way.key,
        "ANTHROPIC_BASE_URL": way.url,
        "ANTHROPIC_API_KEY": way.key,
    }
    done = subprocess.run(
        ["node", "run.mjs"],
        cwd=project,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    city = {"city": 'Zürich "Kreis 4"'}
    assert seen["chat"]["text"] == seen["chatStream"] == ASKED
    assert seen["chat"]["usage"] > 0
    assert seen["responses"]["text"] == seen["messages"]["text"] == ASKED
    assert all(seen[name]["request"].startswith("req_") for name in ("chat", "responses", "messages"))
    assert seen["chatTools"] == seen["responsesStream"]["tools"] == [city]
    assert seen["responsesStream"]["numbers"] == list(range(len(seen["responsesStream"]["numbers"])))
    assert seen["responsesStream"]["deltas"] == seen["responsesStream"]["text"] == "Looking. "
    assert seen["messagesStream"]["kinds"] == ["thinking", "text", "tool_use"]
    assert seen["messagesStream"]["deltas"] == "Looking. "
    assert seen["messagesStream"]["input"] == city
    assert seen["messagesTurn"] == "sunny"
    assert seen["countTokens"] > 0
    assert seen["embedding"] == 2
    assert seen["models"] == ["gpt-5.2", "claude-opus-4-7"]
    assert seen["batch"] == seen["messageBatch"] == ASKED
    assert seen["errors"]["openai"]["status"] == seen["errors"]["anthropic"]["status"] == 403
    assert seen["errors"]["anthropic"]["type"] == "permission_error"
    assert all(error["kind"] == "PermissionDeniedError" for error in seen["errors"].values())
    assert all(error["id"].startswith("req_") for error in seen["errors"].values())
    assert seen["retried"] == [ASKED, ASKED]
