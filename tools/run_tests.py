"""`make test`: the whole suite on the sources, then every test through which a compiled module can be reached on the compiled ones.

Coverage can only be measured where Python interprets, so it is the first run's.

Arguments are handed to pytest (and then only one run is made). Exit status 0 only if every run passed and coverage holds.
"""

import os
import subprocess
import sys
from pathlib import Path

COVERED = (
    *("core", "codecs", "pipeline", "policy", "masking", "ledger"),
    *("approvals", "endpoints", "identity", "telemetry"),
)
"""Folders that must keep branch coverage at the floor or above."""

FLOOR = 95

TWINS = ("tests/unit", "tests/integration", "tests/drivers", "tests/conformance", "tests/faults", "tests/bypass")
"""What runs a second time with PASSGATE_IMPL=native: every test through which a compiled module can be reached."""


def run(command: list[str], **environment: str) -> int:
    print("+", *(f"{name}={value}" for name, value in environment.items()), *command, flush=True)
    return subprocess.run(command, env={**os.environ, **environment}, check=False).returncode


def main(arguments: list[str]) -> int:
    python = sys.executable
    if arguments:
        return run([python, "-m", "pytest", *arguments])
    for stale in Path().glob(".coverage*"):
        stale.unlink()
    if run([python, "-m", "coverage", "run", "-m", "pytest", "-q"], PASSGATE_IMPL="python") != 0:
        return 1
    run([python, "-m", "coverage", "combine", "-q"])
    floors = [
        run(
            [
                python,
                "-m",
                "coverage",
                "report",
                "--skip-covered",
                f"--fail-under={FLOOR}",
                f"--include=src/passgate/{name}/*",
            ]
        )
        for name in COVERED
    ]
    if any(floors):
        return 1
    return run([python, "-m", "pytest", "-q", *TWINS], PASSGATE_IMPL="native")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
