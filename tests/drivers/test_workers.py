"""Two worker processes share a port: the kernel deals connections to either, and everything must hold all the same."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator

import psycopg
import pytest

from passgate.testing import GateSetup, PostgresCluster, RunningGate
from tests.drivers.conftest import BUNDLE

ENDLESS = "SELECT count(*) FROM orders a JOIN orders b ON a.id <> b.id JOIN orders c ON b.id <> c.id"


@pytest.fixture(scope="module")
def pair(cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGate]:
    setup = GateSetup(database="shop", user="app", password="app-password", bundle=BUNDLE, workers=2)
    with RunningGate.start(tmp_path_factory.mktemp("pair"), cluster, setup) as gate:
        yield gate


def until(condition, seconds: float = 20) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end


def running(cluster: PostgresCluster) -> int:
    return int(
        cluster.psql(
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND application_name LIKE 'passgate:%'"
            " AND query LIKE 'SELECT count(*) FROM orders a JOIN%'"
        )
    )


def test_both_workers_serve(pair: RunningGate) -> None:
    agent = pair.issue()
    connections = [psycopg.connect(pair.dsn(agent), autocommit=True) for _ in range(16)]
    try:
        gates = {line.split()[0] for line in pair.cli("status").splitlines()[1:] if line.strip()}
        assert gates == {"gate-0", "gate-1"}
        for connection in connections:
            (email,) = connection.execute("SELECT email FROM customers WHERE id = 3").fetchone()
            assert "customer3@" not in email
    finally:
        for connection in connections:
            connection.close()


@pytest.mark.parametrize("attempt", range(4))  # each lands on either worker
def test_a_cancel_request_finds_its_session(pair: RunningGate, cluster: PostgresCluster, attempt: int) -> None:
    agent = pair.issue()
    client = subprocess.Popen(
        ["psql", "-X", "-c", ENDLESS],
        env={**os.environ, **pair.environment(agent)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until(lambda: running(cluster) == 1)
        client.send_signal(signal.SIGINT)
        _, said = client.communicate(timeout=20)
    finally:
        client.kill()
    assert "canceling statement due to user request" in said
    until(lambda: running(cluster) == 0)


def test_a_revocation_reaches_the_sessions_of_both(pair: RunningGate) -> None:
    agent = pair.issue()
    connections = [psycopg.connect(pair.dsn(agent), autocommit=True) for _ in range(8)]
    pair.cli("pass", "revoke", agent.id)

    def all_ended() -> bool:
        for connection in connections:
            try:
                connection.execute("SELECT 1")
            except psycopg.Error:
                continue
            return False
        return True

    until(all_ended, 5)
    for connection in connections:
        connection.close()


def test_every_workers_log_verifies(pair: RunningGate) -> None:
    assert '"ok": true' in pair.cli("ledger", "verify", "--json")
