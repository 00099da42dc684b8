"""``| head``: a command whose reader goes away ends with status 2 and without a word, however much or little it has to say."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import CONFIG


@pytest.mark.parametrize(
    "words",
    [
        ("version",),
        ("--help",),
        ("pass", "list"),
        ("policy", "check", "rules.yaml"),
        ("policy", "explain", "SELECT 1"),
        ("llm", "check"),
        ("llm", "check", "--json"),
    ],
)
def test_a_reader_that_has_gone(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Status 1 would be a result: a policy with problems, a ledger that was changed."""
    (tmp_path / "passgate.yaml").write_text(CONFIG)
    (tmp_path / "rules.yaml").write_text("rules:\n- {id: all, when: \"verb_class == 'read'\", then: allow}\n")
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "passgate", *words],
            cwd=tmp_path,
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (2, "")
