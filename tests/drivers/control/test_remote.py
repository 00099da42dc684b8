"""``passgate remote`` against a real gate, in a process of its own."""

import json
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from passgate.testing.gate import command_line
from tests.drivers.control.conftest import ControlledGate
from tests.drivers.control.test_wired import ISSUE
from tests.unit.endpoints.control.desks import make_approval


def remote(gate: ControlledGate, who: str, *words: str) -> "subprocess.CompletedProcess[str]":
    return command_line(["remote", "--gate", gate.url, *words], PASSGATE_TOKEN=gate.token(who))


def said(gate: ControlledGate, who: str, *words: str) -> str:
    done = remote(gate, who, *words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_the_way_of_an_operator(gate: ControlledGate) -> None:
    assert said(gate, "operator", "whoami") == "human:oscar@example.com: operator\n"
    pass_id = gate.good("operator", "POST", "/passes", json=ISSUE)["pass"]["id"]
    assert pass_id in said(gate, "operator", "passes", "--live", "--limit", "200")
    assert said(gate, "operator", "revoke", pass_id) == f"revoked {pass_id}\n"
    made = json.loads(said(gate, "operator", "lock", "agent", "stray", "--reason", "INC-1", "--for", "1h", "--json"))
    assert "stray" in said(gate, "operator", "locks", "--limit", "200")
    assert said(gate, "operator", "unlock", made["id"]) == "unlocked agent stray\n"
    assert "SESSION" in said(gate, "operator", "sessions")
    assert "SESSION" in said(gate, "operator", "sessions", "--over")


def test_the_way_of_an_approver(gate: ControlledGate) -> None:
    hidden = "UPDATE customers SET name = 'Ada Lovelace' -- \u2028WHERE id = $1"
    gate.approvals.kept["ap-odd"] = replace(make_approval("ap-odd"), text=hidden, cut=7)
    gate.approvals.kept["ap-cli"] = make_approval("ap-cli")
    assert "ap-cli" in said(gate, "approver", "approvals")
    shown = said(gate, "approver", "approval", "ap-cli")
    assert "UPDATE customers SET name = 'Ada Lovelace' WHERE id = $1" in shown
    assert "1 = '815'" in shown
    assert "name=***" in shown  # what the rows would be, as a run that was rolled back has shown
    assert "update public.customers.name" in shown
    assert "c" * 64 in shown
    odd = said(gate, "approver", "approval", "ap-odd")
    assert "-- \\u2028WHERE" in odd  # one line, as it is for the server
    assert "U+2028 LINE SEPARATOR" in odd
    assert "7 more characters" in said(gate, "auditor", "approval", "ap-odd")
    assert "Ada Lovelace" not in said(gate, "auditor", "approval", "ap-cli")
    assert said(gate, "approver", "vote", "ap-cli", "--approve", "--note", "looked") == "ap-cli is approved\n"
    again = remote(gate, "approver", "vote", "ap-cli", "--deny")
    assert again.returncode == 2
    assert "has voted" in again.stderr


def test_the_way_of_an_auditor(gate: ControlledGate, tmp_path: Path) -> None:
    events = json.loads(said(gate, "auditor", "events", "--type", "node.boot", "--json"))["items"]
    assert [one["type"] for one in events] == ["node.boot"]
    proof = tmp_path / "proof.json"
    proof.write_text(said(gate, "auditor", "proof", events[0]["id"], "--json"))
    checked = command_line(["ledger", "check", str(proof)])
    assert (checked.returncode, checked.stdout[:6]) == (0, "proven")
    assert said(gate, "auditor", "proof", events[0]["id"]).startswith("c2sp.org/tlog-proof@v1\n")
    assert "C3   PASS" in said(gate, "auditor", "verify")
    first = remote(gate, "auditor", "events", "--limit", "1")
    assert "There are more" in first.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["locks"], "is for the roles auditor, operator"),
        (["revoke", "pg_0000000000000000"], "There is no pass of that name that you may see"),
        (["vote", "x"], "Say either --approve or --deny"),
        (["lock", "agent", "x", "--reason", "y", "--for", "soon"], "--for"),
        (["lock", "agent", "x", "--reason", "y", "--for", "500ms"], "at least a second"),
    ],
)
def test_what_is_refused_is_said(gate: ControlledGate, words: list[str], why: str) -> None:
    done = remote(gate, "user", *words)
    assert done.returncode == 2
    assert why in done.stderr
    assert "Traceback" not in done.stderr
