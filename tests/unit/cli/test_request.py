"""``passgate request`` and ``passgate requests``."""

import json
import stat
from pathlib import Path

import pytest

from passgate.api.access_messages import AskAccess, TakeAccess, VoteAccess
from passgate.core.action import VerbClass
from tests.unit.api.conftest import Gate, make_access_request
from tests.unit.cli.conftest import Passgate, RunningGates


def with_request(state: str = "pending") -> Gate:
    return Gate(access_requests={"a1": make_access_request(state=state)})


def test_access_is_asked_for_at_one_gate_only(passgate: Passgate, gates: RunningGates) -> None:
    first, second = gates.start(0, Gate()), gates.start(1, Gate())
    result = passgate(
        "request", "shop,vault", "shop", "--verbs", "write,read", "--for", "2h", "--why", "INC-42", "--ticket", "INC-42"
    )
    assert (result.code, result.out) == (0, "a1 1 of 2\n")
    assert "It waits for 2 of dba" in result.err
    wanted = AskAccess(
        resources=("shop", "vault"),
        verbs=(VerbClass.READ, VerbClass.WRITE),
        seconds=7200,
        reason="INC-42",
        ticket="INC-42",
    )
    assert [call[1] for call in first.calls] == [wanted]
    assert second.calls == []
    assert json.loads(passgate("request", "shop", "--json").out)["id"] == "a1"


def test_what_waits_is_listed(passgate: Passgate, gates: RunningGates) -> None:
    gate = with_request()
    gate.access_requests["a2"] = make_access_request("a2", state="issued")
    gates.start(0, gate)
    listed = passgate("requests", "list")
    for wanted in ("a1", "human:ada@example.com", "read, write", "2h", "2 of dba", "1 of 2"):
        assert wanted in listed.out
    assert "a2" not in listed.out
    assert [one["id"] for one in json.loads(passgate("requests", "list", "--all", "--json").out)] == ["a1", "a2"]


def test_one_is_shown_with_what_an_eye_might_miss(passgate: Passgate, gates: RunningGates) -> None:
    gate = with_request()
    taken = {"state": "issued", "decided": gate.access_requests["a1"].at, "pass_id": "pg_1"}
    gate.access_requests["a2"] = make_access_request("a2").model_copy(update=taken)
    gates.start(0, gate)
    shown = passgate("requests", "show", "a1").out
    for wanted in ("a1 (1 of 2)", "INC-42", "on-call", "2 of dba", "grace@example.com", ": fine", "unix"):
        assert wanted in shown
    assert "CYRILLIC SMALL LETTER BYELORUSSIAN-UKRAINIAN I" in shown
    assert "pg_1" in passgate("requests", "show", "a2").out
    assert json.loads(passgate("requests", "show", "a1", "--json").out)["seconds"] == 7200
    missing = passgate("requests", "show", "a9")
    assert (missing.code, missing.err) == (2, "passgate: There is no request a9\n")


@pytest.mark.parametrize(("command", "approves", "state"), [("approve", True, "approved"), ("deny", False, "denied")])
def test_people_vote(passgate: Passgate, gates: RunningGates, command: str, approves: bool, state: str) -> None:
    gate = gates.start(0, with_request())
    assert passgate("requests", command, "a1", "--note", "seen").out == f"a1 {state}\n"
    assert gate.calls[0][1] == VoteAccess(request="a1", approves=approves, note="seen")
    assert json.loads(passgate("requests", command, "a1", "--json").out)["state"] == state


def test_the_pass_is_taken_and_its_key_shown_or_written(passgate: Passgate, gates: RunningGates, folder: Path) -> None:
    gate = gates.start(0, with_request("approved"))
    shown = passgate("requests", "take", "a1")
    assert "pg_1.pgs_x" in shown.out
    assert "shown this once" in shown.err
    written = json.loads(passgate("requests", "take", "a1", "--key-file", "key", "--json").out)
    assert written["key_file"] == str(folder / "key")
    assert "secret" not in written
    assert (folder / "key").read_text() == "pg_1.pgs_x\n"
    assert stat.S_IMODE((folder / "key").stat().st_mode) == 0o600
    assert passgate("requests", "take", "a1", "--key-file", "other").out.count("key file") == 1
    again = passgate("requests", "take", "a1", "--key-file", "key")
    assert again.code == 2, "never written over"
    assert [call[1] for call in gate.calls] == [TakeAccess(request="a1")] * 3, "nothing is taken that cannot be kept"


def test_what_cannot_be_taken_leaves_no_file(passgate: Passgate, gates: RunningGates, folder: Path) -> None:
    gates.start(0, Gate())
    result = passgate("requests", "take", "a1", "--key-file", "key")
    assert (result.code, result.err) == (2, "passgate: there is no such request of yours\n")
    assert not (folder / "key").exists()


def test_where_no_gate_runs_that_is_said(passgate: Passgate, gates: RunningGates) -> None:
    result = passgate("requests", "list")
    assert (result.code, result.err) == (2, "passgate: no gate answered: a gate must run for it\n")


def test_a_time_that_is_none(passgate: Passgate) -> None:
    result = passgate("request", "shop", "--for", "soon")
    assert result.code == 2
    assert "--for" in result.err


def test_people_need_only_their_socket(passgate: Passgate, gates: RunningGates) -> None:
    gates.start(0, with_request())
    assert "a1" in passgate("requests", "list", "--sockets", "state/run", "--config", "nowhere.yaml").out
