"""Commands that ask the gates which run now."""

import json
from pathlib import Path

import pytest
import typer

from passgate.cli import live, main
from passgate.cli.live import say_live_sessions
from tests.unit.api.conftest import Gate
from tests.unit.cli.conftest import Passgate, RunningGates


@pytest.fixture(autouse=True)
def _live_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them in one program, whichever groups are there."""

    def build(_words: object) -> typer.Typer:
        app = typer.Typer(pretty_exceptions_enable=False)
        for command in (live.kill, live.status, live.reload_policy):
            app.command()(command)
        app.add_typer(live.catalog_app, name="catalog")
        return app

    monkeypatch.setattr(main, "build", build)


def test_a_session_is_killed_wherever_it_is(passgate: Passgate, gates: RunningGates) -> None:
    gates.start(0, Gate(live={}))
    second = gates.start(1, Gate())
    result = passgate("kill", "s1")
    assert (result.code, result.out) == (0, "killed s1\n")
    assert list(second.live) == ["s2"]
    assert json.loads(passgate("kill", "s2", "--json").out) == {"killed": "s2", "gates": ["gate-1"]}
    gone = passgate("kill", "s2")
    assert (gone.code, gone.err) == (2, "passgate: There is no live session s2\n")


def test_nothing_can_be_killed_where_no_gate_runs(passgate: Passgate) -> None:
    result = passgate("kill", "s1")
    assert result.code == 2
    assert result.err == "passgate: no gate answered\npassgate: There is no live session s1\n"


def test_the_gates_and_how_they_are(passgate: Passgate, gates: RunningGates, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = gates.start(0, Gate())
    result = passgate("status")
    assert result.code == 0
    assert "gate-0" in result.out
    (shown,) = json.loads(passgate("status", "--json").out)
    assert (shown["gate"], shown["sessions"], shown["policy_version"], shown["ledger"]) == ("gate-0", 2, "abc", "ok")
    unwell = gate.status().model_copy(update={"ledger": "disk full"})
    monkeypatch.setattr(gate, "status", lambda: unwell)
    assert passgate("status").code == 1


def test_no_gate_is_a_status_of_its_own(passgate: Passgate) -> None:
    result = passgate("status")
    assert (result.code, result.err) == (1, "passgate: no gate answered\n")


def test_policy_is_read_anew(passgate: Passgate, gates: RunningGates) -> None:
    gate = gates.start(0, Gate())
    assert passgate("reload-policy").out == "gate-0: now def\n"
    assert json.loads(passgate("reload-policy", "--json").out) == [
        {"gate": "gate-0", "version": "def", "changed": True}
    ]
    gate.policy_is_bad = True
    result = passgate("reload-policy")
    assert (result.code, result.err) == (1, "passgate: gate-0: rules.yaml:3: no such attribute\n")


def test_catalogs_are_read_anew(passgate: Passgate, gates: RunningGates) -> None:
    gates.start(0, Gate())
    assert passgate("catalog", "refresh").out == "gate-0: all 7\n"
    assert passgate("catalog", "refresh", "shop").out == "gate-0: shop 7\n"
    shown = json.loads(passgate("catalog", "refresh", "shop", "--json").out)
    assert shown == [{"gate": "gate-0", "versions": {"shop": "7"}}]
    result = passgate("catalog", "refresh", "down")
    assert (result.code, result.err) == (1, "passgate: gate-0: down cannot be reached\n")


def test_live_sessions_of_all_gates(gates: RunningGates, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gates.start(0, Gate())
    gates.start(1, Gate(live={}))
    say_live_sessions(folder / "state" / "run", as_json=True)
    shown = json.loads(capsys.readouterr().out)
    assert [(s["gate"], s["id"], s["pass_id"]) for s in shown] == [("gate-0", "s1", "pg_1"), ("gate-0", "s2", "pg_1")]
    say_live_sessions(folder / "state" / "run", as_json=False)
    table = capsys.readouterr().out
    assert "agent:reporter for human:ada@example.com" in table
    assert "2026-03-01 12:00:00Z" in table
