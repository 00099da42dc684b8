"""A command that encrypts the state folder, killed between any two of its steps: the next one goes on, and nothing is lost."""

import base64
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from passgate.config.loading import load_settings
from passgate.core.errors import MasterKeyError
from passgate.ledger.keys import RootKeys
from passgate.ledger.ledger import Ledger
from passgate.store.pass_store import PassStore
from passgate.store.sqlite import SqliteDatabase
from passgate.testing import command_line
from passgate.wiring.sealing import open_sealing, places

KILLED = """
import os, signal, sys
from passgate.cli.main import run
from passgate.store.node_keys import NodeKeys

left = int(sys.argv.pop(1))

def before(step):
    def counted(*arguments, **named):
        global left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1
        return step(*arguments, **named)
    return counted

os.replace = before(os.replace)  # what makes a file's new content be there
NodeKeys.replace = before(NodeKeys.replace)
run()
"""

STEPS = {"encrypt": 6, "rotate": 7}
"""The keyring, four files, one row; a rotation writes the keyring once more at its end."""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A configuration, its state folder with every kind of secret in clear, and two master keys."""
    folder = tmp_path_factory.mktemp("made")
    assert command_line(["init", "--dir", str(folder)]).returncode == 0
    config = folder / "passgate.yaml"
    config.write_text(config.read_text().replace("state: ./state\n", "state: ./state\nmaster_key: {file: old.key}\n"))
    for name in ("old.key", "new.key"):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text(base64.b64encode(os.urandom(32)).decode())
    Ledger.open(folder / "state" / "ledger").close()
    database = SqliteDatabase(folder / "state" / "state.db")
    PassStore(database).shared_key("masking")
    database.close()
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    return shutil.copytree(made, tmp_path / "folder")


def in_clear(folder: Path) -> dict[str, bytes]:
    with places(load_settings(folder / "passgate.yaml").state_folder) as found:
        return {place.name: place.read() for place in found}


def opened(folder: Path, key: str) -> dict[str, bytes]:
    """Everything, as a gate with that master key reads it. Raises MasterKeyError."""
    config = folder / f"{key}.yaml"
    config.write_text((folder / "passgate.yaml").read_text().replace("old.key", key))
    settings = load_settings(config)
    sealing = open_sealing(settings)
    RootKeys.open(settings.state_folder.ledger / "keys", sealing=sealing)
    with places(settings.state_folder) as found:
        return {place.name: sealing.open(place.read(), place.name) for place in found}


def command(*words: str, killed_before: int | None = None, folder: Path) -> int:
    start = ["-m", "passgate"] if killed_before is None else ["-c", KILLED, str(killed_before)]
    arguments = [sys.executable, *start, "secrets", *words, "--config", str(folder / "passgate.yaml")]
    return subprocess.run(arguments, check=False, capture_output=True).returncode


@pytest.mark.parametrize("step", range(STEPS["encrypt"]))
def test_encrypting_killed_before_any_step_goes_on(folder: Path, step: int) -> None:
    plain = in_clear(folder)
    assert command("encrypt", killed_before=step, folder=folder) == -signal.SIGKILL
    with pytest.raises(MasterKeyError, match="run `passgate secrets encrypt`"):
        opened(folder, "old.key")  # half of it: no gate starts
    assert command("encrypt", folder=folder) == 0
    assert opened(folder, "old.key") == plain


@pytest.mark.parametrize("step", range(STEPS["rotate"]))
def test_a_rotation_killed_before_any_step_goes_on_and_a_gate_starts_in_between(folder: Path, step: int) -> None:
    plain = in_clear(folder)
    assert command("encrypt", folder=folder) == 0
    rotate = ("rotate", "--to", f"file:{folder / 'new.key'}")
    assert command(*rotate, killed_before=step, folder=folder) == -signal.SIGKILL
    assert opened(folder, "old.key") == plain
    assert command(*rotate, folder=folder) == 0
    assert opened(folder, "new.key") == plain
    with pytest.raises(MasterKeyError, match="set the right one"):
        opened(folder, "old.key")


def test_the_steps_are_as_many_as_are_tested(folder: Path) -> None:
    assert command("encrypt", killed_before=STEPS["encrypt"], folder=folder) == 0
    rotate = ("rotate", "--to", f"file:{folder / 'new.key'}")
    assert command(*rotate, killed_before=STEPS["rotate"], folder=folder) == 0
