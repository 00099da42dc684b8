"""The commands put together, and how they end."""

import subprocess
import sys
from pathlib import Path

import pytest
import typer

from passgate.cli import live
from passgate.cli import main as main_module
from passgate.cli.main import GROUPS, LIVE_COMMANDS, build
from passgate.core.errors import PassgateError
from tests.unit.cli.conftest import Passgate

HERE = {"pass", "catalog", "config"}


def commands(app: typer.Typer) -> set[str]:
    names = {c.name or (c.callback.__name__ if c.callback else "") for c in app.registered_commands}
    return names | {group.name or "" for group in app.registered_groups}


def test_the_help_names_every_command_that_is_there(passgate: Passgate) -> None:
    shown = passgate("--help")
    assert shown.code == 0
    for name in ("init", "serve", "status", "version", *HERE):
        assert f" {name} " in shown.out


def test_without_words_it_says_what_it_can_do(passgate: Passgate) -> None:
    assert "Commands" in passgate().out


def test_only_the_group_in_use_is_put_together() -> None:
    assert {"init", "serve", "status", "version"} <= commands(build(["pass", "list"]))
    assert commands(build(["pass", "list"])) & set(GROUPS) == {"pass"}
    everything = set(GROUPS)
    for words in ([], ["--help"], ["version"], ["pas"]):
        assert commands(build(words)) & set(GROUPS) == everything


def test_groups_about_records_and_rules_get_their_live_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LIVE_COMMANDS, "pass", {"kill": live.kill, "list": live.kill})
    from passgate.cli.passes import pass_app

    monkeypatch.setattr(pass_app, "registered_commands", list(pass_app.registered_commands))
    build(["pass"])
    names = [command.name for command in pass_app.registered_commands]
    assert names.count("kill") == 1
    assert names.count("list") == 1, "a command of the group's own is not replaced"
    build(["pass"])
    assert [command.name for command in pass_app.registered_commands].count("kill") == 1


@pytest.mark.parametrize(
    ("error", "code", "shown"),
    [
        (PassgateError("no such thing"), 2, "passgate: no such thing\n"),
        (PassgateError("f:1:1: a: b\nf:2:1: c: d"), 2, "f:1:1: a: b\nf:2:1: c: d\n"),
        (PassgateError("the gate says: \x1b]0;x\x07\x9b2J"), 2, "passgate: the gate says: \\x1b]0;x\\x07\\x9b2J\n"),
        (KeyboardInterrupt(), 130, ""),
    ],
)
def test_what_was_to_be_expected_ends_without_a_traceback(
    passgate: Passgate, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int, shown: str
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr(main_module, "version", fail)
    result = passgate("fail")
    assert (result.code, result.err, result.out) == (code, shown, "")


def test_what_was_not_to_be_expected_is_not_hidden(passgate: Passgate, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(main_module, "version", fail)
    with pytest.raises(ZeroDivisionError):
        passgate("fail")


def test_a_mistyped_command_is_answered_with_a_suggestion(passgate: Passgate) -> None:
    result = passgate("servee")
    assert result.code == 2
    assert "Did you mean" in result.err
    assert "'serve'" in result.err


def test_a_reader_that_has_gone_is_no_traceback(folder: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "passgate", "version", "--verbose"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


def test_help_is_quick_because_little_is_imported(folder: Path) -> None:
    code = (
        "import sys; from passgate.cli.main import build; build(['pass', 'list'])\n"
        "print([m for m in ('sqlalchemy', 'pydantic', 'cryptography', 'ruamel.yaml', 'alembic') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=folder, check=True)
    assert shown.stdout == "[]\n"


def test_what_a_disk_refuses_is_said_in_one_line(folder: Path) -> None:
    """Class: errors of the operating system that no command expected: another user's file, a name that is too long."""
    shown = subprocess.run(
        [sys.executable, "-m", "passgate", "ledger", "verify", "--ledger", str(folder / ("x" * 300))],
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.returncode == 2
    assert "Traceback" not in shown.stderr
    assert shown.stderr.startswith("passgate: ")
