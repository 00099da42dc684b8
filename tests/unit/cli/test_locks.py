"""Commands that keep somebody out."""

import json
from pathlib import Path

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


def test_what_keeps_no_live_pass_out_is_said(passgate: Passgate) -> None:
    """The class: a lock on a name that nobody bears holds, does nothing, and must not look like one that works."""
    words = ("pass", "issue", "--for", "agent:reporter", "--on-behalf-of", "ada", "--resource", "shop")
    for _ in range(2):
        assert passgate(*words, "--purpose", "x").code == 0
    for kind, target in (("agent", "reportr"), ("human", "reporter"), ("service", "reporter")):
        mistyped = passgate("lock", f"--{kind}", target, "--reason", "loops")
        assert mistyped.code == 0
        assert (
            f"no live pass is kept out by it: {kind} {target}; if one should be, look at the spelling" in mistyped.err
        )
    assert (
        "no live pass is kept out by it: resource warehouse\n"
        in passgate("lock", "--resource", "warehouse", "--reason", "migration").err
    )
    for kind, target in (("agent", "Reporter"), ("human", "ada"), ("resource", "shop")):
        assert passgate("lock", f"--{kind}", target, "--reason", "loops").err.count("no live pass") == 0
    made = json.loads(passgate("lock", "--human", "ada", "--reason", "left", "--json").out)
    assert made["live_passes"] == 2


def test_a_resource_that_is_not_there_is_not_locked(passgate: Passgate, gates: RunningGates) -> None:
    mistyped = passgate("lock", "--resource", "shpo", "--reason", "migration")
    assert (mistyped.code, mistyped.out) == (2, "")
    said = "passgate: There is no resource shpo, nothing was locked; there are shop, warehouse\n"
    assert mistyped.err == said
    gates.start(0, Gate())
    assert passgate("lock", "--resource", "shpo", "--reason", "migration").code == 2
    (known,) = json.loads(passgate("status", "--json").out)[0]["resources"][:1]
    assert passgate("lock", "--resource", known, "--reason", "migration").code == 0
    assert [one["target"] for one in json.loads(passgate("locks", "--json").out)] == [known]


def test_where_nobody_can_say_what_there_is_the_lock_is_set(
    passgate: Passgate, folder: Path, gates: RunningGates
) -> None:
    """A lock is not the thing to refuse when something is wrong: without a configuration, or with a gate that does not answer."""
    state = ("--state", str(folder / "state"))
    unknown = passgate("lock", "--resource", "shpo", "--reason", "migration", *state)
    assert unknown.code == 0
    assert "nobody could say whether there is a resource shpo; it is locked all the same" in unknown.err
    (folder / "state" / "run" / "gate-3.sock").symlink_to(folder / "state" / "run" / "gate-3.sock")
    assert passgate("lock", "--resource", "shpo", "--reason", "migration").code == 0
    gates.start(0, Gate())
    assert passgate("lock", "--resource", "shpo", "--reason", "migration").code == 0


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
