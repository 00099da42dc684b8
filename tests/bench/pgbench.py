"""Runs of pgbench: medians of single queries, queries per second."""

import os
import re
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.bench.process_figures import figures
from tests.bench.targets import Target

_SELECT = "\\set aid random(1, 100000)\nSELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """``median`` in microseconds; ``cpu`` is the proxy's, microseconds a query."""

    median: float
    per_second: float
    cpu: float


def run(target: Target, *, mode: str, clients: int, seconds: int) -> Run:
    """``mode``: simple, extended or prepared. Raises RuntimeError with what pgbench said."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "select.sql"
        script.write_text(_SELECT)
        before = figures(target.pid).cpu if target.pid else 0.0
        done = subprocess.run(
            [
                *("pgbench", "-n", "-M", mode, "-c", str(clients), "-j", "1", "-T", str(seconds)),
                *("-f", str(script), "-l", "--log-prefix", f"{folder}/log"),
            ],
            env={**os.environ, **target.environment},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"pgbench through {target.name}: {done.stderr.strip()}")
        after = figures(target.pid).cpu if target.pid else 0.0
        latencies = [int(line.split()[2]) for log in Path(folder).glob("log*") for line in log.read_text().splitlines()]
    found = re.search(r"tps = ([0-9.]+) \(without initial", done.stdout)
    if found is None:
        raise RuntimeError(f"pgbench said nothing of its rate: {done.stdout}")
    return Run(
        median=statistics.median(latencies), per_second=float(found[1]), cpu=(after - before) / len(latencies) * 1e6
    )
