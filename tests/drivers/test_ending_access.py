"""Every way in which access ends while a statement runs: how soon the client knows, how soon the server is idle.

docs/security/ending-access.md has the table; this measures it.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
import pytest

from passgate.api.client import AdminClient
from passgate.testing import GateSetup, IssuedPass, PostgresCluster, RunningGate
from tests.drivers.conftest import BUNDLE

BOUND_SECONDS = 2.0
ENDLESS = "SELECT count(*) FROM orders a JOIN orders b ON a.id <> b.id JOIN orders c ON b.id <> c.id"
ACTIVE = (
    "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%a.id <> b.id JOIN%'"
    " AND pid <> pg_backend_pid()"
)


@pytest.fixture
def gate(cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGate]:
    """One for each: the last of the ways takes its store away."""
    setup = GateSetup(database="shop", user="app", password="app-password", bundle=BUNDLE)
    with RunningGate.start(tmp_path_factory.mktemp("ending"), cluster, setup) as gate:
        yield gate


@dataclass
class Ended:
    at: float = 0.0
    said: str = ""


def run(gate: RunningGate, pass_: IssuedPass, ended: Ended) -> threading.Thread:
    def client() -> None:
        try:
            with psycopg.connect(gate.dsn(pass_), autocommit=True) as connection:
                connection.execute(ENDLESS)
        except psycopg.Error as error:
            ended.said = str(error)
        ended.at = time.monotonic()

    thread = threading.Thread(target=client)
    thread.start()
    return thread


def revoke(gate: RunningGate, pass_: IssuedPass) -> float:
    gate.cli("pass", "revoke", pass_.id)
    shown = json.loads(gate.cli("pass", "show", pass_.id, "--json"))
    return _monotonic(shown["revoked"])


def kill(gate: RunningGate, _pass: IssuedPass) -> float:
    """As the command asks for it, whose own start is no part of it."""
    (session,) = json.loads(gate.cli("sessions", "list", "--live", "--json"))
    began = time.monotonic()
    assert [one.answer.found for one in AdminClient(gate.state / "run").kill(session["id"]).answers] == [True]
    return began


def lock(gate: RunningGate, _pass: IssuedPass) -> float:
    return _monotonic(json.loads(gate.cli("lock", "--agent", "reporter", "--reason", "it loops", "--json"))["at"])


def lose_the_store(gate: RunningGate, _pass: IssuedPass) -> float:
    """The gate cannot see revocations any more. Its grace is part of the bound."""
    began = time.monotonic()
    (gate.state / "state.db").rename(gate.state / "state.db.away")
    return began


def deny(gate: RunningGate, _pass: IssuedPass) -> float:
    """The gate looks at its rules every second. That is part of the bound."""
    began = time.monotonic()
    (gate.directory / "rules.yaml").write_text(
        f"{BUNDLE}\nrules:\n- {{id: closed, when: \"verb == 'select'\", then: deny}}\n"
    )
    return began


def expire(gate: RunningGate, pass_: IssuedPass) -> float:
    return _monotonic(json.loads(gate.cli("pass", "show", pass_.id, "--json"))["expires"])


def stop(gate: RunningGate, _pass: IssuedPass) -> float:
    began = time.monotonic()
    gate.process.terminate()
    return began


@pytest.mark.parametrize(
    ("way", "ttl", "grace"),
    [
        pytest.param(revoke, "10m", 0.0, id="the pass is revoked"),
        pytest.param(expire, "8s", 0.0, id="the pass expires"),
        pytest.param(kill, "10m", 0.0, id="the session is killed"),
        pytest.param(lock, "10m", 0.0, id="the agent is locked"),
        pytest.param(lose_the_store, "10m", 2.0, id="the state store is gone"),
        pytest.param(deny, "10m", 1.0, id="a rule changes to deny"),
        pytest.param(stop, "10m", 0.0, id="the gate stops"),
    ],
)
def test_the_client_knows_and_the_server_is_idle_within_two_seconds(
    gate: RunningGate,
    cluster: PostgresCluster,
    way: Callable[[RunningGate, IssuedPass], float],
    ttl: str,
    grace: float,
    record_property: Callable[[str, object], None],
) -> None:
    pass_, told, idle = gate.issue(ttl=ttl), Ended(), Ended()
    client = run(gate, pass_, told)
    while cluster.psql(ACTIVE) != "1":
        assert client.is_alive(), told.said
    watcher = threading.Thread(target=watch, args=(cluster, idle))
    watcher.start()
    began = way(gate, pass_)
    for thread in (client, watcher):
        thread.join(20)
        assert not thread.is_alive()
    record_property("client_told_seconds", round(told.at - began, 3))
    record_property("server_idle_seconds", round(idle.at - began, 3))
    assert told.at - began < BOUND_SECONDS + grace
    assert idle.at - began < BOUND_SECONDS + grace


def watch(cluster: PostgresCluster, idle: Ended) -> None:
    with psycopg.connect(cluster.dsn("shop"), autocommit=True) as connection:
        while connection.execute(ACTIVE).fetchone() != (0,):
            pass
    idle.at = time.monotonic()


def _monotonic(moment: str) -> float:
    """A time of day on the clock that is measured with."""
    return time.monotonic() - (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
