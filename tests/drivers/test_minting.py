"""A whole gate whose sessions log in as roles of their own, also after it was killed."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from passgate.testing import GateSetup, IssuedPass, PostgresCluster, RunningGate
from tests.drivers.conftest import BUNDLE

MINTED = "SELECT count(*) FROM pg_roles WHERE rolname LIKE 'passgate\\_%'"


@pytest.fixture
def gate(cluster: PostgresCluster, tmp_path: Path) -> Iterator[RunningGate]:
    cluster.psql("CREATE ROLE minter LOGIN CREATEROLE PASSWORD 'minter-password'; CREATE ROLE reading")
    cluster.psql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reading", database="shop")
    setup = GateSetup(
        database="shop",
        user="minter",
        password="minter-password",
        bundle=BUNDLE,
        upstream_more="mint: {read: [reading], write: [reading]}",
    )
    with RunningGate.start(tmp_path / "minting", cluster, setup) as gate:
        yield gate
    cluster.psql("DROP OWNED BY reading, minter; DROP ROLE reading, minter", database="shop")


def soon(condition: Callable[[], bool], *, seconds: float = 10) -> bool:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
    return True


def gone(cluster: PostgresCluster) -> bool:
    return soon(lambda: cluster.psql(MINTED) == "0")


def told(gate: RunningGate, pass_: IssuedPass) -> Counter[str]:
    events = [json.loads(line) for line in gate.cli("ledger", "export").splitlines()]
    return Counter(event["type"] for event in events if event.get("pass", {}).get("id") == pass_.id)


def test_every_session_is_a_role_of_its_own_until_it_ends(gate: RunningGate, cluster: PostgresCluster) -> None:
    pass_ = gate.issue(verbs="read")
    with psycopg.connect(gate.dsn(pass_), autocommit=True) as one, psycopg.connect(gate.dsn(pass_)) as other:
        users = {c.execute("SELECT current_user").fetchone() for c in (one, other)}
        assert len(users) == 2
        assert one.execute("SELECT count(*) FROM orders").fetchone() == (3000,)
        assert cluster.psql(MINTED) == "2"
    assert gone(cluster)
    assert soon(lambda: told(gate, pass_)["credential.dropped"] == 2)
    assert told(gate, pass_)["credential.minted"] == 2


def test_a_revoked_pass_takes_the_role_with_it(gate: RunningGate, cluster: PostgresCluster) -> None:
    pass_ = gate.issue(verbs="read")
    with psycopg.connect(gate.dsn(pass_), autocommit=True) as connection:
        gate.cli("pass", "revoke", pass_.id)
        with pytest.raises(psycopg.Error):
            connection.execute("SELECT 1").fetchone()
    assert gone(cluster)


def test_a_role_that_a_killed_gate_left_opens_nothing_after_its_pass_and_is_swept(
    gate: RunningGate, cluster: PostgresCluster
) -> None:
    pass_ = gate.issue(verbs="read", ttl="20s")
    connection = psycopg.connect(gate.dsn(pass_), autocommit=True)
    connection.execute("SELECT 1")
    os.kill(gate.process.pid, signal.SIGKILL)
    gate.process.wait()
    connection.close()
    left = "SELECT rolvaliduntil <= now() + interval '20 seconds' FROM pg_roles WHERE rolname LIKE 'passgate\\_%'"
    assert cluster.psql(left) == "t"  # its server lets nobody log in with it after the pass has ended
    assert soon(lambda: cluster.psql(left.replace("+ interval '20 seconds'", "")) == "t", seconds=30)
    with gate.again() as again:
        assert gone(cluster)
        assert soon(lambda: '"swept":true' in again.cli("ledger", "export").replace(" ", ""))
