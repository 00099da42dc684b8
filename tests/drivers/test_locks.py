"""A lock at a whole gate: those who are in go out, those at the door stay there."""

import json
import threading
import time

import psycopg
import pytest

from passgate.testing import PostgresCluster, RunningGate

_BOUND_SECONDS = 2.0


def test_a_locked_person_is_out_with_all_their_agents_until_unlocked(
    gate: RunningGate, cluster: PostgresCluster
) -> None:
    agent = gate.issue(on_behalf_of="locked@example.com")
    other = gate.issue(on_behalf_of="free@example.com")
    ended: list[float] = []
    with psycopg.connect(gate.dsn(agent), autocommit=True) as connection, psycopg.connect(gate.dsn(other)) as free:

        def run() -> None:
            with pytest.raises(psycopg.Error):
                connection.execute(
                    "SELECT count(*) FROM orders a JOIN orders b ON a.id <> b.id JOIN orders c ON b.id <> c.id"
                )
            ended.append(time.time())

        client = threading.Thread(target=run)
        client.start()
        running = (
            "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%a.id <> b.id JOIN%'"
            " AND pid <> pg_backend_pid()"
        )
        while cluster.psql(running) != "1":
            assert client.is_alive()
        made = json.loads(gate.cli("lock", "--human", "locked@example.com", "--reason", "left the company", "--json"))
        since = time.time()
        client.join(10)
        assert ended
        assert ended[0] - since < _BOUND_SECONDS
        while cluster.psql(running) != "0":
            assert time.time() - since < _BOUND_SECONDS
        assert free.execute("SELECT 1").fetchone() == (1,)
    with pytest.raises(psycopg.OperationalError, match="left the company"):
        psycopg.connect(gate.dsn(agent))
    gate.cli("unlock", made["id"])
    deadline = time.monotonic() + _BOUND_SECONDS
    while True:
        try:
            psycopg.connect(gate.dsn(agent)).close()
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
        else:
            break
    told = [json.loads(line) for line in gate.cli("ledger", "export").splitlines()]
    assert {e["type"] for e in told if e.get("detail", {}).get("lock") == made["id"]} == {"lock.set", "lock.lifted"}
