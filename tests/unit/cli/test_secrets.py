"""``passgate secrets``, and the commands that need what is encrypted."""

import base64
import fcntl
import json
import os
from pathlib import Path

import pytest

from passgate.config.state_folder import StateFolder
from passgate.ledger.ledger import Ledger
from tests.unit.cli.conftest import Passgate


def new_key(path: Path) -> str:
    text = base64.b64encode(os.urandom(32)).decode()
    path.touch(mode=0o600)
    path.write_text(text)
    return text


@pytest.fixture
def sealed(folder: Path, passgate: Passgate) -> Path:
    """A folder with a CA, a pass, a ledger, and a master key in the configuration."""
    (folder / "passgate.yaml").unlink()
    assert passgate("init").code == 0
    config = folder / "passgate.yaml"
    new_key(folder / "master.key")
    config.write_text(
        config.read_text().replace("state: ./state\n", "state: ./state\nmaster_key: {file: master.key}\n")
    )
    Ledger.open(folder / "state" / "ledger").close()
    return folder


def test_a_folder_is_encrypted_seen_and_encrypted_anew(sealed: Path, passgate: Passgate) -> None:
    before = passgate("secrets", "status")
    assert before.code == 1
    assert "not encrypted" in before.out
    done = passgate("secrets", "encrypt", "--json")
    assert json.loads(done.out)["encrypted"] == 4
    told = passgate("secrets", "status", "--json")
    assert told.code == 0
    status = json.loads(told.out)
    assert (status["encrypted"], status["rotating"]) == (True, False)
    assert {one["name"] for one in status["secrets"]} == {
        "ledger/keys/signing.key",
        "ledger/keys/wrapping.key",
        "tls/ca.key",
        "tls/server.key",
    }
    new_key(sealed / "new.key")
    turned = passgate("secrets", "rotate", "--to", "file:new.key")
    assert turned.code == 0
    assert "4 secrets encrypted anew" in turned.out
    assert passgate("certificate").code == 2  # the configuration names the old key
    (sealed / "new.key").replace(sealed / "master.key")
    assert passgate("certificate").code == 0
    assert passgate("secrets", "status").code == 0
    assert passgate("secrets", "encrypt").out.startswith("0 secrets encrypted")


def test_commands_that_need_no_secret_need_no_master_key(sealed: Path, passgate: Passgate) -> None:
    assert passgate("secrets", "encrypt").code == 0
    (sealed / "master.key").unlink()
    issued = passgate(
        "pass", "issue", "--for", "agent:a", "--on-behalf-of", "b@example.com", "--resource", "shop", "--purpose", "p"
    )
    assert issued.code == 0, issued.err
    assert passgate("pass", "list").code == 0
    assert passgate("ledger", "verify").code == 0
    assert passgate("secrets", "status").code == 0


def test_commands_that_need_one_say_so(sealed: Path, passgate: Passgate) -> None:
    assert passgate("secrets", "encrypt").code == 0
    assert passgate("ledger", "export").code == 0
    (sealed / "master.key").unlink()
    for words in (("certificate",), ("lock", "--agent", "y", "--reason", "r"), ("ledger", "export"), ("serve",)):
        refused = passgate(*words)
        assert (words, refused.code) == (words, 2)
        assert "master.key cannot be read" in refused.err


def test_a_running_gate_keeps_the_folder(sealed: Path, passgate: Passgate) -> None:
    lock = StateFolder(path=sealed / "state").secrets_lock
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        for words in (("encrypt",), ("rotate", "--to", "file:master.key")):
            refused = passgate("secrets", *words)
            assert (refused.code, "stop it first" in refused.err) == (2, True)
    assert passgate("secrets", "status").code == 1


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("master.key", "names no master key"),
        ("file:", "names no master key"),
        ("vault:x", "names no master key"),
        ("env:not a name", "names no master key"),
        ("command:'open quote", "names no master key"),
        ("file:none.key", "cannot be read"),
        ("env:PASSGATE_NO_SUCH", "is not set"),
    ],
)
def test_a_new_master_key_that_is_none(sealed: Path, passgate: Passgate, to: str, why: str) -> None:
    assert passgate("secrets", "encrypt").code == 0
    kept = (sealed / "state" / "keyring.json").read_bytes()
    refused = passgate("secrets", "rotate", "--to", to)
    assert refused.code == 2
    assert why in refused.err
    assert (sealed / "state" / "keyring.json").read_bytes() == kept


def test_a_key_in_the_environment_and_a_command(
    sealed: Path, passgate: Passgate, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert passgate("secrets", "encrypt").code == 0
    monkeypatch.setenv("PASSGATE_MASTER", new_key(sealed / "unused"))
    assert passgate("secrets", "rotate", "--to", "env:PASSGATE_MASTER", "--json").code == 0
    config = sealed / "passgate.yaml"
    config.write_text(config.read_text().replace("{file: master.key}", "{env: PASSGATE_MASTER}"))
    assert passgate("certificate").code == 0
    kms = sealed / "kms"
    reverse = (
        "#!/usr/bin/env python3\nimport base64; print(base64.b64encode(base64.b64decode(input())[::-1]).decode())\n"
    )
    kms.write_text(reverse)
    kms.chmod(0o700)
    assert passgate("secrets", "rotate", "--to", f"command:{kms} --key 'my key'").code == 0
    config.write_text(config.read_text().replace("{env: PASSGATE_MASTER}", f"{{command: [{kms}, --key, my key]}}"))
    assert passgate("certificate").code == 0


def test_what_is_not_configured(folder: Path, passgate: Passgate) -> None:
    for words in (("encrypt",), ("rotate", "--to", "env:X")):
        refused = passgate("secrets", *words)
        assert (refused.code, "it is not set" in refused.err) == (2, True)
    config = folder / "passgate.yaml"
    config.write_text("master_key: {file: k}\n" + config.read_text())
    new_key(folder / "k")
    refused = passgate("secrets", "encrypt")
    assert (refused.code, "There is no state folder" in refused.err) == (2, True)


def test_a_rotation_that_was_begun_is_told(sealed: Path, passgate: Passgate) -> None:
    assert passgate("secrets", "encrypt").code == 0
    ring = sealed / "state" / "keyring.json"
    document = json.loads(ring.read_text())
    document["keys"].append({"id": "0" * 32, "wrapped": {"key-other": "eA=="}})
    ring.write_text(json.dumps(document))
    assert "A rotation was begun" in passgate("secrets", "status").out


def test_a_command_that_may_make_secrets_waits_for_no_rotation(sealed: Path, passgate: Passgate) -> None:
    """Class: what is made under the old data key while everything else is sealed anew could be read by nobody afterwards."""
    assert passgate("secrets", "encrypt").code == 0
    lock = os.open(StateFolder(path=sealed / "state").secrets_lock, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        shown = passgate("ledger", "tail")
    finally:
        os.close(lock)
    assert shown.code == 2
    assert "encrypted anew" in shown.err
    assert passgate("ledger", "tail").code == 0
