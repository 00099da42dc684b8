"""What an operator does while the gate runs: edit rules, change structure, end sessions, lose the target."""

import dataclasses
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from passgate.core.errors import PassgateError
from passgate.testing import GateSetup, IssuedPass, PostgresCluster, RunningGate
from tests.drivers.conftest import BUNDLE

ALLOW_CREATE = """\
rules:
- id: people-may-create
  when: "verb in ['create', 'insert'] && principal.kind == 'human'"
  then: allow
"""
DENY_ORDERS = """\
- id: orders-are-closed
  when: "object.name == 'orders'"
  then: deny
"""


@pytest.fixture(scope="module")
def gate(cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGate]:
    setup = GateSetup(
        database="shop",
        user="app",
        password="app-password",
        packs=(),
        bundle="packs: [{pack: postgres-safe, without: [pg-ddl]}]\n" + BUNDLE + ALLOW_CREATE,
    )
    with RunningGate.start(tmp_path_factory.mktemp("operations"), cluster, setup) as gate:
        yield gate


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end


def refused(connection: "psycopg.Connection[tuple[object, ...]]", text: str) -> bool:
    try:
        connection.execute(text)
    except psycopg.errors.InsufficientPrivilege:
        return True
    return False


def refused_or_ended(gate: RunningGate, pass_: IssuedPass, text: str) -> bool:
    """Rules that come into force end what they deny, if it runs at that very moment."""
    try:
        with psycopg.connect(gate.dsn(pass_), autocommit=True) as connection:
            return refused(connection, text)
    except psycopg.errors.AdminShutdown as ended:
        return "the rules have changed" in str(ended)


def test_edited_rules_are_in_force_soon_and_broken_ones_never(gate: RunningGate) -> None:
    rules = gate.directory / "rules.yaml"
    before = rules.read_text()
    count = "SELECT count(*) FROM orders"
    agent = gate.issue()
    with psycopg.connect(gate.dsn(agent), autocommit=True) as connection:
        assert not refused(connection, count)
        rules.write_text(before + DENY_ORDERS)
        until(lambda: refused_or_ended(gate, agent, count))
        assert refused(connection, count)
        rules.write_text(before + DENY_ORDERS.replace("object.name", "object.nmae"))
        with pytest.raises(PassgateError, match=r"object\.nmae|did you mean"):
            gate.cli("policy", "reload")
        assert refused(connection, count)
        rules.write_text(before)
        gate.process.send_signal(signal.SIGHUP)
        until(lambda: not refused(connection, count))
    assert "policy.bundle.refused" in gate.cli("ledger", "export")


def test_a_table_made_through_the_gate_is_known_soon(gate: RunningGate) -> None:
    person = gate.issue(to="human:ada@example.com", on_behalf_of="", verbs="read,write,ddl")
    with psycopg.connect(gate.dsn(person), autocommit=True) as connection:
        assert refused(connection, "SELECT * FROM notes")
        connection.execute("CREATE TABLE notes (id int PRIMARY KEY, body text)")
        until(lambda: not refused(connection, "SELECT * FROM notes"))
        connection.execute("INSERT INTO notes VALUES (1, 'written')")
        assert connection.execute("SELECT body FROM notes").fetchall() == [("written",)]


def test_a_session_is_killed_and_its_pass_lives_on(gate: RunningGate) -> None:
    agent = gate.issue()
    with psycopg.connect(gate.dsn(agent), autocommit=True) as connection:
        connection.execute("SELECT 1")
        live = gate.cli("sessions", "list", "--live", "--json")
        session = next(word for word in live.replace('"', " ").split() if word.startswith("01") and len(word) == 26)
        gate.cli("sessions", "kill", session)
        with pytest.raises(psycopg.Error, match="ended by an administrator"):
            connection.execute("SELECT 1")
    with psycopg.connect(gate.dsn(agent)) as again:
        assert again.execute("SELECT 1").fetchone() == (1,)


def test_a_pass_that_expires_ends_its_session_and_opens_none(gate: RunningGate) -> None:
    agent = gate.issue(ttl="8s")
    began = time.monotonic()
    endless = "SELECT count(*) FROM orders a JOIN orders b ON a.id <> b.id JOIN orders c ON b.id <> c.id"
    with psycopg.connect(gate.dsn(agent), autocommit=True) as connection:
        with pytest.raises(psycopg.Error, match="expired"):
            connection.execute(endless)
        assert time.monotonic() - began < 8 + 2
    with pytest.raises(psycopg.OperationalError, match="authentication failed"):
        psycopg.connect(gate.dsn(agent))


def test_a_target_that_is_down_is_named_without_its_address(cluster: PostgresCluster, tmp_path: Path) -> None:
    elsewhere = dataclasses.replace(cluster, port=1)
    setup = GateSetup(database="shop", user="app", password="app-password")
    with RunningGate.start(tmp_path, elsewhere, setup) as gate:
        with pytest.raises(psycopg.OperationalError, match="shop") as down:
            psycopg.connect(gate.dsn(gate.issue()))
        assert "port 1 " not in str(down.value).replace(f"port {gate.port}", "")
        assert "app-password" not in str(down.value)
        assert "app-password" not in (gate.directory / "gate.log").read_text()
