import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from passgate.testing import IssuedPass, RunningGate

PROJECT = Path(__file__).parent / "node"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("node")
    for name in ("package.json", "package-lock.json", "run.mjs"):
        shutil.copy(PROJECT / name, copy / name)
    done = subprocess.run(
        ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=copy, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return copy


def test_node_postgres(project: Path, gate: RunningGate, agent: IssuedPass) -> None:
    done = subprocess.run(
        ["node", "run.mjs"],
        cwd=project,
        env={**os.environ, **gate.environment(agent)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    answers = json.loads(done.stdout)
    seen = [*answers["simple"], *answers["extended"], *answers["named"], *answers["cursor"]]
    assert len(answers["cursor"]) == 300
    assert [row["id"] for row in answers["named"]] == [1, 2, 3]
    assert not any(row["email"].startswith("customer") for row in seen)
    assert answers["simple"][0]["ssn"] is None
    assert answers["refusal"]["code"] == "42501"
    assert answers["refusal"]["hint"]
    assert answers["after"] == 1
