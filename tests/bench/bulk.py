"""Large results: rows per CPU-second of the proxy, time to the first row, memory while a client reads slowly."""

import os
import subprocess
import time
from dataclasses import dataclass

import psycopg

from tests.bench.process_figures import figures
from tests.bench.targets import Target

ROWS = 1_000_000

SETUP = f"""
CREATE TABLE wide (id int PRIMARY KEY, a text, b text, c text, d text, e text, f text);
INSERT INTO wide SELECT n, 'row number ' || n, 'a text of some length', 'status of item ' || n % 97, 'Lisbon and Oslo',
  'note number ' || n * 7, 'nothing to see here' FROM generate_series(1, {ROWS}) n;
CREATE TABLE wide_masked AS SELECT * FROM wide;
VACUUM ANALYZE wide;
VACUUM ANALYZE wide_masked;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """``wall`` in seconds; ``per_cpu_second``: rows for each second of the proxy's CPU, None for the direct way."""

    wall: float
    per_cpu_second: float | None


def stream(target: Target, query: str) -> Stream:
    """A million rows into psql, which throws them away."""
    before = figures(target.pid).cpu if target.pid else 0.0
    start = time.perf_counter()
    subprocess.run(
        ["psql", "-X", "-q", "-A", "-t", "-o", "/dev/null", "-c", query],
        env={**os.environ, **target.environment},
        check=True,
    )
    wall = time.perf_counter() - start
    spent = figures(target.pid).cpu - before if target.pid else 0.0
    return Stream(wall=wall, per_cpu_second=ROWS / spent if spent else None)


def first_row(target: Target, query: str) -> float:
    """Seconds from sending the query to having its first row."""
    with psycopg.connect(_conninfo(target), autocommit=True) as connection:
        connection.execute("SELECT 1")
        start = time.perf_counter()
        rows = connection.cursor().stream(query)
        next(rows)
        elapsed = time.perf_counter() - start
        rows.close()
    return elapsed


def slow_client_peak(target: Target, *, seconds: float) -> int:
    """Bytes resident at most while a client asks for a gigabyte and reads a few rows a second."""
    if target.pid is None:
        raise ValueError("there is no proxy on the direct way")
    query = "SELECT repeat('x', 1000) FROM generate_series(1, 1000000)"
    with psycopg.connect(_conninfo(target), autocommit=True) as connection:
        peak = figures(target.pid).resident
        rows = connection.cursor().stream(query)
        end = time.monotonic() + seconds
        for _ in rows:
            peak = max(peak, figures(target.pid).resident)
            if time.monotonic() > end:
                break
        rows.close()
    return peak


def _conninfo(target: Target) -> str:
    names = {"PGHOST": "host", "PGPORT": "port", "PGUSER": "user", "PGPASSWORD": "password", "PGDATABASE": "dbname"}
    return " ".join(f"{names[k]}={v}" for k, v in target.environment.items() if k in names) + " sslmode=disable"
