"""Options that commands share."""

import os
from pathlib import Path

import pytest

from passgate.cli.options import DEFAULT_CONFIG, actor, settings_from, state_folder_from
from passgate.core.errors import ConfigError
from tests.unit.cli.conftest import Passgate


def test_the_state_folder_of_the_configuration_or_the_one_named(folder: Path) -> None:
    assert settings_from(DEFAULT_CONFIG, None).state == folder / "state"
    (folder / "other").mkdir()
    assert settings_from(DEFAULT_CONFIG, Path("other")).state == folder / "other"
    assert state_folder_from(DEFAULT_CONFIG, None).path == folder / "state"


def test_where_the_folder_is_named_no_configuration_is_needed(folder: Path) -> None:
    (folder / "passgate.yaml").unlink()
    (folder / "other").mkdir()
    assert state_folder_from(DEFAULT_CONFIG, Path("other")).path == folder / "other"
    with pytest.raises(ConfigError):
        state_folder_from(DEFAULT_CONFIG, None)


def test_the_environment_names_both(passgate: Passgate, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "passgate.yaml").rename(folder / "gate.yaml")
    assert passgate("config", "check").code == 2
    monkeypatch.setenv("PASSGATE_CONFIG", "gate.yaml")
    monkeypatch.setenv("PASSGATE_STATE", str(folder / "elsewhere"))
    (folder / "elsewhere").mkdir(mode=0o700)
    assert passgate("pass", "list").code == 0
    assert (folder / "elsewhere" / "state.db").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("pass", "list"),
        ("pass", "issue", "--for", "human:ada", "--resource", "shop", "--purpose", "x"),
        ("lock", "--human", "eve", "--reason", "left"),
        ("locks",),
        ("sessions", "list", "--live"),
        ("status",),
        ("secrets", "status"),
        ("ledger", "verify"),
        ("requests", "list"),
    ],
)
def test_a_mistyped_state_folder_is_not_made(passgate: Passgate, folder: Path, words: tuple[str, ...]) -> None:
    """An empty one would say that nobody has a pass, that everything is encrypted, and that somebody is locked out now."""
    result = passgate(*words, "--state", "stat")
    assert (result.code, result.out) == (2, "")
    assert result.err == f"passgate: There is no state folder {folder}/stat: `passgate init` makes one\n"
    assert not (folder / "stat").exists()


def test_a_gate_may_be_started_on_a_new_one(folder: Path) -> None:
    assert settings_from(DEFAULT_CONFIG, Path("new"), new=True).state == folder / "new"


def test_who_runs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert actor() == "unix:root"
    monkeypatch.setattr(os, "getuid", lambda: 2**31 - 7)
    assert actor() == f"unix:{2**31 - 7}"
