"""Commands that keep somebody out."""

import json

import pytest

from tests.unit.api.conftest import Gate
from tests.unit.cli.conftest import Passgate, RunningGates


def test_a_lock_is_set_told_to_the_gates_listed_and_lifted(passgate: Passgate, gates: RunningGates) -> None:
    gate = gates.start(0, Gate())
    result = passgate("lock", "--agent", "reporter", "--reason", "it loops")
    assert result.code == 0
    assert result.out.startswith("locked agent reporter (")
    assert result.out.endswith("2 live sessions ended\n")
    assert gate.calls == [("locked",)]
    (listed,) = json.loads(passgate("locks", "--json").out)
    assert (listed["kind"], listed["target"], listed["reason"], listed["until"]) == (
        "agent",
        "reporter",
        "it loops",
        None,
    )
    assert "it loops" in passgate("locks").out
    assert passgate("unlock", listed["id"]).out == "unlocked agent reporter\n"
    assert json.loads(passgate("locks", "--json").out) == []
    again = passgate("unlock", listed["id"])
    assert (again.code, again.err) == (2, f"passgate: There is no lock {listed['id']}\n")


def test_a_lock_may_have_a_time(passgate: Passgate) -> None:
    made = json.loads(passgate("lock", "--resource", "shop", "--reason", "migration", "--for", "2h", "--json").out)
    assert made["until"] > made["at"]
    assert made["sessions_ended"] == 0


def test_a_pass_that_is_not_there_is_not_locked(passgate: Passgate) -> None:
    """Whoever mistypes it in a hurry must not hear that it holds."""
    result = passgate("lock", "--pass", "pg_none", "--reason", "stolen")
    assert (result.code, result.out) == (2, "")
    assert result.err == "passgate: There is no pass pg_none; nothing was locked\n"
    assert json.loads(passgate("locks", "--json").out) == []
    words = ("pass", "issue", "--for", "human:ada", "--resource", "shop", "--purpose", "x", "--json")
    issued = json.loads(passgate(*words).out)["id"]
    assert passgate("lock", "--pass", issued, "--reason", "stolen").code == 0
    assert issued in passgate("locks").out
    assert "no end" in passgate("locks").out


def test_a_resource_that_no_gate_has_is_locked_with_a_warning(passgate: Passgate, gates: RunningGates) -> None:
    gates.start(0, Gate())
    (known,) = json.loads(passgate("status", "--json").out)[0]["resources"][:1]
    assert "no gate that runs" not in passgate("lock", "--resource", known, "--reason", "migration").err
    mistyped = passgate("lock", "--resource", "shpo", "--reason", "migration")
    assert mistyped.code == 0
    assert "passgate: no gate that runs has a resource shpo; there are " in mistyped.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--reason", "x"], "exactly one of --agent"),
        (["--reason", "x", "--agent", "a", "--human", "b"], "exactly one of --agent"),
        (["--reason", " ", "--agent", "a"], "A reason has"),
        (["--reason", "x", "--agent", "a", "--for", "soon"], "--for:"),
        (["--reason", "x", "--agent", "a", "--for", "0s"], "--for:"),
    ],
)
def test_a_lock_that_says_too_little_or_too_much_is_not_set(passgate: Passgate, words: list[str], said: str) -> None:
    result = passgate("lock", *words)
    assert result.code == 2
    assert said in result.err
    assert json.loads(passgate("locks", "--json").out) == []
