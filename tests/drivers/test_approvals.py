"""A held statement at a whole gate: it waits, another person decides, it runs once."""

import json
import os
import pwd
import threading
from collections.abc import Iterator

import psycopg
import pytest

from passgate.core.errors import PassgateError
from passgate.testing import GateSetup, PostgresCluster, RunningGate
from tests.drivers.conftest import BUNDLE

HOLD = """\
rules:
- id: note-needs-a-person
  when: "verb == 'comment'"
  then: hold
  approvers: {group: dba, count: 1, expires: 5m}
"""
COMMENT = "COMMENT ON TABLE orders IS 'seen'"


@pytest.fixture(scope="module")
def gate(cluster: PostgresCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningGate]:
    me = pwd.getpwuid(os.getuid()).pw_name
    folder = tmp_path_factory.mktemp("approvals")
    setup = GateSetup(
        database="shop",
        user="app",
        password="app-password",
        bundle=BUNDLE + HOLD,
        sections=f"approvals: {{people: {{grace@example.com: {{os_user: {me}, groups: [dba]}}}}, sockets: {folder}/people}}\n",
    )
    with RunningGate.start(folder, cluster, setup) as gate:
        yield gate


class Asking:
    """A statement that waits, in a thread of its own."""

    def __init__(self, gate: RunningGate, *, on_behalf_of: str = "ada@example.com") -> None:
        self._dsn = gate.dsn(gate.issue(verbs="read,write,ddl", on_behalf_of=on_behalf_of))
        self._told = threading.Event()
        self.notices: list[str] = []
        self.outcome = ""
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._told.wait(20)

    @property
    def request(self) -> str:
        return self.notices[0].split("request ")[1].split(",")[0]

    def _run(self) -> None:
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            connection.add_notice_handler(self._notice)
            try:
                self.outcome = connection.execute(COMMENT).statusmessage or ""
            except psycopg.Error as error:
                self.outcome = str(error)

    def _notice(self, said: psycopg.errors.Diagnostic) -> None:
        self.notices.append(f"{said.message_primary}; {said.message_detail}")
        self._told.set()

    def result(self) -> str:
        self._thread.join(20)
        assert not self._thread.is_alive()
        return self.outcome


def test_it_waits_is_shown_approved_by_another_person_and_runs(gate: RunningGate, cluster: PostgresCluster) -> None:
    asking = Asking(gate)
    assert "approval of 1 of dba" in asking.notices[0]
    texts = {r["id"]: r["text"] for r in json.loads(gate.cli("approvals", "list", "--json"))}
    assert texts[asking.request] == COMMENT
    assert COMMENT in gate.cli("approvals", "show", asking.request)
    assert "approved" in gate.cli("approvals", "approve", asking.request, "--note", "INC-42")
    assert asking.result() == "COMMENT"
    assert cluster.psql("SELECT obj_description('orders'::regclass)", database="shop") == "seen"
    events = [json.loads(line) for line in gate.cli("ledger", "export").splitlines()]
    story = [e for e in events if e["type"].startswith("approval.") and e["detail"]["request"] == asking.request]
    assert [e["type"] for e in story] == ["approval.requested", "approval.voted", "approval.resolved"]
    assert len({e["detail"]["binding_sha256"] for e in story}) == 1
    assert (story[1]["detail"]["by"], story[1]["detail"]["vote"]) == ("grace@example.com", "approve")
    assert json.loads(gate.cli("ledger", "verify", "--json"))["ok"]


def test_a_refusal_says_who_and_why(gate: RunningGate) -> None:
    asking = Asking(gate)
    gate.cli("approvals", "deny", asking.request, "--note", "not on a Friday")
    assert "grace@example.com refused it" in asking.result()
    assert "not on a Friday" in asking.outcome


def test_nobody_approves_what_an_agent_asks_for_in_their_name(gate: RunningGate) -> None:
    asking = Asking(gate, on_behalf_of="grace@example.com")
    with pytest.raises(PassgateError, match="in their name"):
        gate.cli("approvals", "approve", asking.request)
    with pytest.raises(PassgateError, match="in their name"):
        gate.cli("approvals", "deny", asking.request)
    (session,) = json.loads(gate.cli("sessions", "list", "--live", "--json"))
    gate.cli("sessions", "kill", session["id"])
    assert "ended" in asking.result()
