"""A delegation chain at a whole gate: narrower at each link, one policy for all of it, and over as soon as any link is."""

import json
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest

from passgate.testing import GateSetup, IssuedPass, PostgresCluster, RunningGate
from tests.drivers.conftest import BUNDLE

RULES = """\
rules:
- id: reporter-not-these
  when: "principal.subject == 'reporter' && column == 'total'"
  then: deny
- id: deep-chains-see-no-status
  when: "size(principal.chain) > 3 && column == 'status'"
  then: deny
"""
AGENTS = """\
identity:
  agents:
    summariser: {purpose: summaries, resources: [shop], verbs: [read], until: '2999-12-31'}
    reader: {purpose: reading, resources: [shop], verbs: [read], until: '2999-12-31'}
"""
ENDLESS = "SELECT count(*) FROM orders a JOIN orders b ON a.id <> b.id JOIN orders c ON b.id <> c.id"
RUNNING = (
    "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%a.id <> b.id JOIN%'"
    " AND pid <> pg_backend_pid()"
)
_BOUND_SECONDS = 2.0


@pytest.fixture(scope="module")
def gate(cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGate]:
    setup = GateSetup(
        database="shop", user="app", password="app-password", bundle=BUNDLE + RULES, http_listener=True, sections=AGENTS
    )
    with RunningGate.start(tmp_path_factory.mktemp("delegation"), cluster, setup) as gate:
        yield gate


def delegate(gate: RunningGate, parent: str, to: str = "summariser", *more: str) -> IssuedPass:
    words = ("pass", "delegate", parent, "--to", to, "--resource", "shop", "--purpose", "sums", "--json", *more)
    made = json.loads(gate.cli(*words))
    return IssuedPass(id=made["id"], secret=made["secret"])


def exchange(gate: RunningGate, key: str, **more: str) -> tuple[int, dict[str, object]]:
    """At the token endpoint, as an agent does it that has nothing but its key."""
    form = {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "subject_token": key,
        "subject_token_type": "urn:passgate:token-type:pass",
        "audience": "shop",
        "purpose": "sums",
        "agent": "summariser",
        **more,
    }
    request = urllib.request.Request(
        f"http://127.0.0.1:{gate.http_port}/oauth/token", data=urllib.parse.urlencode(form).encode()
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def refused(gate: RunningGate, pass_: IssuedPass, text: str) -> str:
    with psycopg.connect(gate.dsn(pass_)) as connection, pytest.raises(psycopg.Error) as caught:
        connection.execute(text)
    return str(caught.value)


def exported(gate: RunningGate, issued: str) -> list[dict[str, Any]]:
    """The ledger, once it tells of the pass: passes are written down by a task of the gate, once a second."""
    deadline = time.monotonic() + 20
    while True:
        events = [json.loads(line) for line in gate.cli("ledger", "export").splitlines()]
        if any(e["type"] == "pass.issued" and e["detail"]["pass"] == issued for e in events):
            return events
        assert time.monotonic() < deadline


def test_an_agent_delegates_by_its_key_and_the_chain_is_told_everywhere(gate: RunningGate) -> None:
    first = gate.issue(verbs="read,write")
    status, said = exchange(gate, first.key)
    assert status == 200
    second = IssuedPass(id=str(said["pass"]), secret=str(said["secret"]))
    chain = ["agent:summariser", "agent:reporter", "human:ada@example.com"]
    assert said["chain"] == chain
    with psycopg.connect(gate.dsn(second)) as connection:
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (3000,)
        (live,) = json.loads(gate.cli("sessions", "list", "--live", "--json"))
        assert live["chain"] == chain
    assert "the pass covers read" in refused(gate, second, "UPDATE orders SET status = 'x' WHERE id = 1").lower()
    events = exported(gate, second.id)
    mine = [e for e in events if e.get("pass", {}).get("id") == second.id]
    assert {e["type"] for e in mine} >= {
        "session.start",
        "action.intent",
        "action.outcome",
        "action.refused",
        "session.end",
    }
    behind = [{"kind": "agent", "subject": "reporter"}, {"kind": "human", "subject": "ada@example.com"}]
    assert all(e["actor"]["on_behalf_of"] == behind and e["pass"]["delegated_from"] == [first.id] for e in mine)
    (issued,) = [e for e in events if e["type"] == "pass.issued" and e["detail"]["pass"] == second.id]
    assert (issued["detail"]["chain"], issued["detail"]["delegated_from"]) == (chain, [first.id])
    session = next(e["session"] for e in mine)
    assert " for ".join(chain) in gate.cli("sessions", "show", session)


def test_a_rule_about_the_parent_binds_the_child(gate: RunningGate) -> None:
    second = delegate(gate, gate.issue(verbs="read").id)
    assert "reporter-not-these" in refused(gate, second, "SELECT total FROM orders WHERE id = 1")
    third = delegate(gate, second.id, "reader")
    with psycopg.connect(gate.dsn(second)) as connection:
        assert connection.execute("SELECT status FROM orders WHERE id = 1").fetchone() == ("open",)
    assert "deep-chains-see-no-status" in refused(gate, third, "SELECT status FROM orders WHERE id = 1")


@pytest.mark.parametrize(
    ("more", "error", "says"),
    [
        ({"scope": "read write"}, "invalid_scope", "not registered for write"),
        ({"audience": "other"}, "invalid_scope", "not registered for other"),
        ({"agent": "stranger"}, "invalid_scope", "no agent registered"),
        ({"agent": ""}, "invalid_scope", "name one"),
        ({"agent": "Summariser"}, "invalid_scope", "no agent registered"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:jwt"}, "invalid_grant", ""),
    ],
)
def test_what_the_endpoint_refuses(gate: RunningGate, more: dict[str, str], error: str, says: str) -> None:
    status, said = exchange(gate, gate.issue().key, **more)
    assert (status, said["error"]) == (400, error)
    assert says in str(said["error_description"])


def test_a_revoked_pass_delegates_nothing(gate: RunningGate) -> None:
    first = gate.issue()
    gate.cli("pass", "revoke", first.id)
    status, said = exchange(gate, first.key)
    assert (status, said["error"], said["error_description"]) == (
        400,
        "invalid_grant",
        "the pass is revoked: take a new one",
    )


def _revoke(gate: RunningGate, parent: IssuedPass) -> None:
    gate.cli("pass", "revoke", parent.id)


def _lock_pass(gate: RunningGate, parent: IssuedPass) -> None:
    gate.cli("lock", "--pass", parent.id, "--reason", "strange")


def _wait(_gate: RunningGate, _parent: IssuedPass) -> None:
    """It expires by itself."""


@pytest.mark.parametrize(("end", "ttl"), [(_revoke, "10m"), (_lock_pass, "10m"), (_wait, "15s")])
def test_the_statements_of_a_grandchild_end_with_the_first_of_the_line(
    gate: RunningGate, cluster: PostgresCluster, end: Callable[[RunningGate, IssuedPass], None], ttl: str
) -> None:
    first = gate.issue(verbs="read", ttl=ttl)
    third = delegate(gate, delegate(gate, first.id, "summariser", "--ttl", "9m").id, "reader", "--ttl", "8m")
    told: list[float] = []
    with psycopg.connect(gate.dsn(third), autocommit=True) as connection:

        def run() -> None:
            with pytest.raises(psycopg.Error):
                connection.execute(ENDLESS)
            told.append(time.monotonic())

        client = threading.Thread(target=run)
        client.start()
        while cluster.psql(RUNNING) != "1":
            assert client.is_alive()
        expires = json.loads(gate.cli("pass", "show", first.id, "--json"))["expires"]
        end(gate, first)
        since = time.monotonic()
        if end is _wait:
            assert json.loads(gate.cli("pass", "show", third.id, "--json"))["expires"] <= expires
            left = (datetime.fromisoformat(expires) - datetime.now(UTC)).total_seconds()
            since = time.monotonic() + left  # the moment when the first of the line is over
        client.join(40)
        assert told
        while cluster.psql(RUNNING) != "0":
            assert time.monotonic() - since < _BOUND_SECONDS
        assert told[0] - since < _BOUND_SECONDS
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(gate.dsn(third))


def test_locking_the_agent_in_the_middle_keeps_the_last_one_out_and_not_the_first(gate: RunningGate) -> None:
    first = gate.issue(verbs="read")
    third = delegate(gate, delegate(gate, first.id).id, "reader")
    made = json.loads(gate.cli("lock", "--agent", "Summariser", "--reason", "strange", "--json"))
    with pytest.raises(psycopg.OperationalError, match="strange"):
        psycopg.connect(gate.dsn(third))
    status, said = exchange(gate, first.key)
    assert (status, said["error_description"]) == (400, "agent Summariser is locked: strange")
    psycopg.connect(gate.dsn(first)).close()
    gate.cli("unlock", made["id"])
