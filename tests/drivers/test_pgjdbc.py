import os
import shutil
import subprocess
from pathlib import Path

import pytest

from passgate.testing import IssuedPass, RunningGate

JAR = Path("/usr/share/java/postgresql.jar")
SOURCE = Path(__file__).parent / "java" / "Run.java"


@pytest.mark.skipif(shutil.which("java") is None or not JAR.exists(), reason="no JRE with pgJDBC on this machine")
def test_pgjdbc(gate: RunningGate, agent: IssuedPass) -> None:
    done = subprocess.run(
        ["java", "-cp", str(JAR), str(SOURCE)],
        env={**os.environ, **gate.environment(agent)},
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    rows = [line for line in lines if line[0] == "row"]
    assert [int(row[1]) for row in rows] == list(range(1, 13))
    assert not any(row[2].startswith("customer") for row in rows)
    assert all(row[3] == "null" for row in rows)
    assert ["fetched", "300", "0"] in lines
    assert ["refused", "42501"] in lines
    assert ["updated", "1"] in lines
