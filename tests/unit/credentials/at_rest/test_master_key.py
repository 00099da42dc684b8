"""Master keys, given ones and those behind a program."""

import base64
import sys
import time
from pathlib import Path

import pytest

from passgate.core.errors import MasterKeyError
from passgate.credentials.at_rest import master_key
from passgate.credentials.at_rest.data_key import DataKey
from passgate.credentials.at_rest.master_key import CommandMasterKey, GivenMasterKey

TEXT = base64.b64encode(b"m" * 32).decode()
KEY = DataKey(b"k" * 32)

KMS = """\
import base64, sys
text = base64.b64decode(sys.stdin.readline())
sys.stderr.write("what must not be shown")
wrap = sys.argv[-1] == "wrap"
assert wrap or sys.argv[-1] == "unwrap"
print(base64.b64encode(bytes(byte ^ 0x5A for byte in text)).decode())
"""


@pytest.fixture
def kms(tmp_path: Path) -> CommandMasterKey:
    """A stand-in for the command line of a KMS, with a poor cipher."""
    program = tmp_path / "kms.py"
    program.write_text(KMS)
    return CommandMasterKey(argv=(sys.executable, str(program)))


def test_a_given_key_wraps_and_unwraps() -> None:
    one = GivenMasterKey(TEXT)
    wrapped = one.wrap(KEY.reveal(), KEY.id)
    assert KEY.reveal() not in wrapped
    assert one.unwrap(wrapped, KEY.id) == KEY.reveal()
    assert GivenMasterKey(TEXT).id == one.id
    assert "m" * 8 not in repr(one)
    assert TEXT not in repr(one)


def test_it_unwraps_nothing_of_anothers() -> None:
    wrapped = GivenMasterKey(TEXT).wrap(KEY.reveal(), KEY.id)
    other = GivenMasterKey(base64.b64encode(b"o" * 32).decode())
    assert other.id != GivenMasterKey(TEXT).id
    for master, key_id, kept in (
        (other, KEY.id, wrapped),
        (GivenMasterKey(TEXT), "0" * 32, wrapped),
        (GivenMasterKey(TEXT), KEY.id, wrapped[:-1]),
        (GivenMasterKey(TEXT), KEY.id, b""),
    ):
        with pytest.raises(MasterKeyError):
            master.unwrap(kept, key_id)


@pytest.mark.parametrize("text", ["", "short", TEXT[:-4], base64.b64encode(b"m" * 33).decode(), "é" * 44])
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(MasterKeyError, match="openssl rand -base64 32") as raised:
        GivenMasterKey(text)
    assert text == "" or text not in str(raised.value)


def test_a_program_wraps_and_unwraps(kms: CommandMasterKey) -> None:
    wrapped = kms.wrap(KEY.reveal(), KEY.id)
    assert wrapped != KEY.reveal()
    assert kms.unwrap(wrapped, KEY.id) == KEY.reveal()
    assert kms.id.startswith("command-")


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import sys; sys.exit(3)", "failed with status 3"),
        ("print('no base64!')", "printed no base64"),
        ("print()", "printed no base64"),
        ("import sys; print(sys.stdin.readline())", "does not give back what it wrapped"),
        ("import os, base64; print(base64.b64encode(os.urandom(48)).decode())", "does not give back what it wrapped"),
        ("print('QUFB' * 100000)", "printed more than a wrapped key"),
    ],
)
def test_a_program_that_is_none(program: str, why: str) -> None:
    with pytest.raises(MasterKeyError, match=why):
        CommandMasterKey(argv=(sys.executable, "-c", program)).wrap(KEY.reveal(), KEY.id)


def test_a_program_that_is_not_there_or_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MasterKeyError, match="cannot be started"):
        CommandMasterKey(argv=("/nowhere/kms",)).wrap(KEY.reveal(), KEY.id)
    monkeypatch.setattr(master_key, "_COMMAND_SECONDS", 0.2)
    with pytest.raises(MasterKeyError, match="gave no answer within"):
        CommandMasterKey(argv=("sh", "-c", "sleep 30; true")).unwrap(b"x", KEY.id)


AWAY = """\
import os, sys, time
if os.fork():
    sys.exit(0)
os.setsid()
time.sleep({seconds})
"""


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("while True: print('A' * 65536)", "printed more"),
        ("print('A' * 10_000_000)", "printed more"),
        ("print()", "printed no base64"),
        ("pass", "printed no base64"),
        (AWAY.format(seconds=20), "gave no answer"),
        ("import sys; sys.stdin.close(); sys.exit(3)", "status 3"),
    ],
)
def test_a_program_that_prints_without_end_or_leaves_somebody_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, why: str
) -> None:
    """Class: neither memory nor time of the gate is the program's, nor that of what it started in a session of its own."""
    monkeypatch.setattr(master_key, "_COMMAND_SECONDS", 2)
    path = tmp_path / "kms.py"
    path.write_text(program)
    began = time.monotonic()
    with pytest.raises(MasterKeyError, match=why):
        CommandMasterKey(argv=(sys.executable, str(path))).unwrap(b"x", KEY.id)
    assert time.monotonic() - began < 15
