"""The data keys as they are kept."""

import base64
import json
import stat
import sys
from pathlib import Path

import pytest

from passgate.core.errors import MasterKeyError
from passgate.credentials.at_rest.data_key import DataKey
from passgate.credentials.at_rest.keyring import Keyring, KeyringFile, WrappedKey, opens, unlock, wrap
from passgate.credentials.at_rest.master_key import CommandMasterKey, GivenMasterKey

ONE, OTHER = (GivenMasterKey(base64.b64encode(letter * 32).decode()) for letter in (b"1", b"2"))
KEY, NEWER = DataKey(b"kK" * 16), DataKey(b"n" * 32)


def test_a_keyring_comes_back(tmp_path: Path) -> None:
    file = KeyringFile(path=tmp_path / "keyring.json")
    assert file.read() is None
    file.write([wrap(KEY, [ONE, OTHER]), wrap(NEWER, [ONE])])
    assert stat.S_IMODE((tmp_path / "keyring.json").stat().st_mode) == 0o600
    keys = file.read()
    assert keys is not None
    assert unlock(keys, ONE).current.id == NEWER.id
    assert (opens(keys, ONE), opens(keys, OTHER)) == (True, False)
    assert list(tmp_path.iterdir()) == [tmp_path / "keyring.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b'{"version": 2, "keys": []}',
        b'{"version": 1, "keys": []}',
        b'{"version": 1, "keys": [{"id": "x", "wrapped": {"a": "b"}}]}',
        b'{"version": 1, "keys": [{"id": "' + b"0" * 32 + b'", "wrapped": {}}]}',
        b'{"version": 1, "keys": [{"id": "' + b"0" * 32 + b'", "wrapped": {"a": "b"}, "more": 1}]}',
    ],
)
def test_a_damaged_keyring_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "k").write_bytes(content)
    with pytest.raises(MasterKeyError, match="put it back from a backup"):
        KeyringFile(path=tmp_path / "k").read()


def test_a_keyring_that_cannot_be_read_or_written(tmp_path: Path) -> None:
    with pytest.raises(MasterKeyError, match="cannot be read"):
        KeyringFile(path=tmp_path).read()
    with pytest.raises(MasterKeyError, match="cannot be written"):
        KeyringFile(path=tmp_path / "none" / "k").write([wrap(KEY, [ONE])])


def test_the_wrong_master_key_opens_nothing_and_names_the_right_one() -> None:
    with pytest.raises(MasterKeyError, match=f"under the master key {ONE.id}, and `master_key` is {OTHER.id}"):
        unlock([wrap(KEY, [ONE])], OTHER)


@pytest.mark.parametrize("text", ["", "no base64!", "é" * 60, base64.b64encode(b"x" * 60).decode()])
def test_a_wrapped_key_that_was_changed_opens_nothing(text: str) -> None:
    with pytest.raises(MasterKeyError):
        unlock([WrappedKey(id=KEY.id, wrapped={ONE.id: text})], ONE)


def test_another_key_in_its_place_is_no_good() -> None:
    class Liar:
        id = ONE.id

        def wrap(self, key: bytes, key_id: str) -> bytes:
            return key

        def unwrap(self, wrapped: bytes, key_id: str) -> bytes:
            return NEWER.reveal()

    with pytest.raises(MasterKeyError, match="does not unwrap the data key"):
        unlock([WrappedKey(id=KEY.id, wrapped={ONE.id: "eA=="})], Liar())


def test_a_command_that_has_moved_is_still_the_same(tmp_path: Path) -> None:
    def command(path: Path) -> CommandMasterKey:
        path.write_text("import base64; print(base64.b64encode(base64.b64decode(input())[::-1]).decode())")
        return CommandMasterKey(argv=(sys.executable, str(path)))

    one, moved = command(tmp_path / "one"), command(tmp_path / "moved")
    assert one.id != moved.id
    assert unlock([wrap(KEY, [one])], moved).current.id == KEY.id


def test_everything_under_a_keyring_must_be_sealed_by_it() -> None:
    ring = Keyring((KEY, NEWER))
    assert ring.open(KEY.seal(b"s", "n"), "n") == b"s"
    assert ring.open(ring.seal(b"s", "n"), "n") == b"s"
    with pytest.raises(MasterKeyError, match="run `passgate secrets encrypt` again"):
        ring.open(b"in clear", "n")
    with pytest.raises(MasterKeyError, match="which is not in the keyring"):
        ring.open(DataKey.new().seal(b"s", "n"), "n")
    assert b"kK" * 4 not in repr(ring).encode()
    assert json.loads(wrap(KEY, [ONE]).model_dump_json())["id"] == KEY.id
