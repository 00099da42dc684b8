"""A held statement, a gate that is started again, and people who decide from the command line: whole processes."""

import json
import os
import pwd
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from passgate.testing import PostgresCluster
from passgate.testing.gate import GateSetup, IssuedPass, RunningGate

BUNDLE = """\
rules:
- id: held
  when: "verb == 'update' && object.name == 'audit'"
  then: hold
  approvers: {group: dba, count: 1, expires: 10m}
"""
ME = pwd.getpwuid(os.getuid()).pw_name
STATEMENT = "UPDATE audit SET what = 'y' WHERE id <= 2"


@pytest.fixture
def setup(cluster: PostgresCluster) -> GateSetup:
    cluster.psql("SET ROLE app; TRUNCATE audit RESTART IDENTITY;", database="shop")
    cluster.psql("SET ROLE app; INSERT INTO audit (what) SELECT 'x' FROM generate_series(1, 5)", database="shop")
    return GateSetup(
        database="shop",
        user="app",
        password="app-password",
        bundle=BUNDLE,
        workers=2,
        sections=f"approvals: {{people: {{grace@example.com: {{os_user: {ME}, groups: [dba]}}}}}}\n",
    )


@contextmanager
def again(gate: RunningGate, workers: int) -> Iterator[RunningGate]:
    """The same gate once more: its configuration, its state folder, its ports."""
    log = gate.directory / "again.log"
    command = [sys.executable, "-m", "passgate", "serve", "--config", str(gate.config), "--workers", str(workers)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
    try:
        started = replace(gate, process=process)
        started._wait_until_ready(log, [gate.port])
        yield started
    finally:
        process.terminate()
        process.wait(timeout=15)


def asked(gate: RunningGate, pass_: IssuedPass) -> None:
    """The client gives up once it is asked for; the request stays."""
    with psycopg.connect(gate.dsn(pass_), autocommit=True) as connection:

        def give_up() -> None:
            while not json.loads(gate.cli("approvals", "list", "--json")):
                pass
            connection.cancel_safe()

        watching = threading.Thread(target=give_up)
        watching.start()
        with pytest.raises(psycopg.errors.QueryCanceled):
            connection.execute(STATEMENT)
        watching.join()


def test_an_approval_outlives_the_gate_and_is_used_once(
    cluster: PostgresCluster, setup: GateSetup, tmp_path: Path
) -> None:
    with RunningGate.start(tmp_path / "gate", cluster, setup) as gate:
        pass_ = gate.issue()
        asked(gate, pass_)
        (request,) = json.loads(gate.cli("approvals", "list", "--json"))
        assert request["preview"]["rows"] == 2
        assert request["state"] == "pending"
    assert cluster.psql("SELECT count(*) FROM audit WHERE what = 'y'", database="shop") == "0"
    with again(gate, setup.workers) as gate:
        shown = gate.cli("approvals", "show", request["id"])
        assert "would change 2 rows" in shown
        assert STATEMENT in shown
        assert "approved" in gate.cli("approvals", "approve", request["id"], "--note", "INC-42")
        with psycopg.connect(gate.dsn(pass_), autocommit=True) as connection:
            assert connection.execute(STATEMENT).rowcount == 2
        (used,) = json.loads(gate.cli("approvals", "list", "--all", "--json"))
        assert (used["id"], used["state"]) == (request["id"], "used")
    assert cluster.psql("SELECT count(*) FROM audit WHERE what = 'y'", database="shop") == "2"
