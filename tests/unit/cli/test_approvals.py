"""Commands about what waits for people."""

import json

import pytest

from passgate.cli.approvals import odd_characters
from tests.unit.api.conftest import Gate, make_request
from tests.unit.cli.conftest import Passgate, RunningGates


def test_what_waits_is_listed_from_every_gate(passgate: Passgate, gates: RunningGates) -> None:
    gates.start(0, Gate(requests={"r1": make_request()}))
    gates.start(1, Gate(requests={"r2": make_request("r2", state="denied")}))
    result = passgate("approvals", "list")
    assert result.code == 0
    assert "r1" in result.out
    assert "agent:reporter for human:ada@example.com" in result.out
    assert "0 of 2" in result.out
    assert "r2" not in result.out
    assert [r["id"] for r in json.loads(passgate("approvals", "list", "--all", "--json").out)] == ["r1", "r2"]


def test_a_request_is_shown_with_the_very_text(passgate: Passgate, gates: RunningGates) -> None:
    text = "DROP INDEX \u202ei; -- \u0430"
    gates.start(0, Gate(requests={"r1": make_request(text=text)}))
    shown = passgate("approvals", "show", "r1")
    assert shown.code == 0
    for wanted in (
        "INC-42",
        "2 of dba",
        "ab" * 32,
        "drop index:public.i",
        "weekly\\nreport",
        "1 = 'x'",
        "2 = NULL",
        "would change 214 rows",
        "id=2, email=NULL",
    ):
        assert wanted in shown.out
    assert "\u202e" not in shown.out
    assert "\\u202e" in shown.out
    assert "CYRILLIC SMALL LETTER A, which may be taken for another letter" in shown.out
    assert json.loads(passgate("approvals", "show", "r1", "--json").out)["text"] == text


@pytest.mark.parametrize(("command", "approves"), [("approve", True), ("deny", False)])
def test_a_vote_reaches_the_gate_that_has_the_request(
    passgate: Passgate, gates: RunningGates, command: str, approves: bool
) -> None:
    gates.start(0, Gate())
    second = gates.start(1, Gate(requests={"r1": make_request()}))
    result = passgate("approvals", command, "r1", "--note", "seen")
    assert result.code == 0
    assert result.out == ("r1 approved\n" if approves else "r1 denied\n")
    assert second.calls[0][:4] == ("vote", "r1", approves, "seen")


def test_a_vote_that_does_not_count_says_why(passgate: Passgate, gates: RunningGates) -> None:
    gates.start(0, Gate(requests={"r1": make_request()}))
    result = passgate("approvals", "approve", "r1", "--note", "mine")
    assert (result.code, result.err) == (2, "passgate: somebody else must decide\n")
    missing = passgate("approvals", "deny", "r9")
    assert (missing.code, missing.err) == (2, "passgate: There is no request r9, or its time is over\n")
    assert passgate("approvals", "show", "r9").code == 2


def test_people_need_only_their_socket(passgate: Passgate, gates: RunningGates, folder: object) -> None:
    gates.start(0, Gate(requests={"r1": make_request()}))
    assert "r1" in passgate("approvals", "list", "--sockets", "state/run", "--config", "nowhere.yaml").out


def test_where_no_gate_runs_that_is_said(passgate: Passgate) -> None:
    assert "no gate answered" in passgate("approvals", "list").err


def test_letters_that_look_like_others_are_named_once() -> None:
    assert list(odd_characters("select \u0430\u0430 \u200b")) == [
        "it holds U+0430 CYRILLIC SMALL LETTER A, which may be taken for another letter",
        "it holds U+200B ZERO WIDTH SPACE, which cannot be seen",
    ]
    assert list(odd_characters("plain ASCII, \n\t and ->")) == []
