"""Encrypting a folder, and encrypting it anew, interrupted at every step."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from passgate.core.errors import MasterKeyError
from passgate.credentials.at_rest import keyring as keyrings
from passgate.credentials.at_rest.data_key import DataKey, sealed_by
from passgate.credentials.at_rest.keyring import KeyringFile, WrappedKey, opens, unlock, wrap
from passgate.credentials.at_rest.master_key import GivenMasterKey
from passgate.credentials.at_rest.rotation import encrypt, rotate, status

OLD, NEW, THIRD = (GivenMasterKey(base64.b64encode(letter * 32).decode()) for letter in (b"1", b"2", b"3"))
SECRETS = {"tls/server.key": b"one", "ledger/keys/signing.key": b"two", "state.db/node_keys/x": b"three"}


class StoppedError(Exception):
    """As a crash would."""


@dataclass
class Steps:
    """Counts what is written, and stops before the one that is named."""

    stop_before: int = 10**6
    taken: int = 0

    def take(self) -> None:
        if self.taken == self.stop_before:
            raise StoppedError
        self.taken += 1


@dataclass
class Held:
    name: str
    content: bytes
    steps: Steps

    def read(self) -> bytes:
        return self.content

    def write(self, content: bytes) -> None:
        self.steps.take()
        self.content = content


@dataclass
class Folder:
    file: KeyringFile
    steps: Steps = field(default_factory=Steps)
    places: list[Held] = field(default_factory=list)

    @property
    def keys(self) -> tuple[WrappedKey, ...]:
        return self.file.read() or ()

    def opened(self, master: GivenMasterKey) -> dict[str, bytes]:
        ring = unlock(self.keys, master)
        return {place.name: ring.open(place.content, place.name) for place in self.places}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Folder]:
    folder = Folder(KeyringFile(path=tmp_path / "keyring.json"))
    folder.places = [Held(name, content, folder.steps) for name, content in SECRETS.items()]
    written = keyrings.replace_durably

    def counted(path: Path, content: bytes) -> None:
        folder.steps.take()
        written(path, content)

    monkeypatch.setattr(keyrings, "replace_durably", counted)
    return folder


def begin(folder: Folder, stop_before: int) -> None:
    folder.steps.taken, folder.steps.stop_before = 0, stop_before


def test_a_folder_is_encrypted_once(folder: Folder) -> None:
    assert encrypt(folder.file, OLD, folder.places) == 3
    assert folder.opened(OLD) == SECRETS
    assert all(plain not in place.content for place, plain in zip(folder.places, SECRETS.values(), strict=True))
    kept = [place.content for place in folder.places]
    assert encrypt(folder.file, OLD, folder.places) == 0
    assert [place.content for place in folder.places] == kept


@pytest.mark.parametrize("step", range(4))
def test_encrypting_goes_on_where_it_stopped(folder: Folder, step: int) -> None:
    begin(folder, step)
    with pytest.raises(StoppedError):
        encrypt(folder.file, OLD, folder.places)
    begin(folder, 99)
    encrypt(folder.file, OLD, folder.places)
    assert folder.steps.taken == 4 - step
    assert folder.opened(OLD) == SECRETS


def test_another_master_key_encrypts_nothing_more(folder: Folder) -> None:
    begin(folder, 2)
    with pytest.raises(StoppedError):
        encrypt(folder.file, OLD, folder.places)
    kept = [place.content for place in folder.places]
    begin(folder, 99)
    with pytest.raises(MasterKeyError, match="set the right one"):
        encrypt(folder.file, NEW, folder.places)
    assert [place.content for place in folder.places] == kept


def test_secrets_whose_keyring_is_gone_are_not_encrypted_over(folder: Folder) -> None:
    encrypt(folder.file, OLD, folder.places)
    folder.file.path.unlink()
    with pytest.raises(MasterKeyError, match="is gone: put it back"):
        encrypt(folder.file, OLD, folder.places)
    assert not folder.file.path.exists()


def test_after_a_rotation_only_the_new_master_key_opens(folder: Folder) -> None:
    encrypt(folder.file, OLD, folder.places)
    before = [sealed_by(place.content) for place in folder.places]
    assert rotate(folder.file, OLD, NEW, folder.places) == 3
    assert folder.opened(NEW) == SECRETS
    assert not opens(folder.keys, OLD)
    assert len(folder.keys) == 1
    assert not set(before) & {sealed_by(place.content) for place in folder.places}


@pytest.mark.parametrize("step", range(5))
def test_a_rotation_goes_on_where_it_stopped_and_the_old_key_opens_until_it_is_done(folder: Folder, step: int) -> None:
    encrypt(folder.file, OLD, folder.places)
    begin(folder, step)
    with pytest.raises(StoppedError):
        rotate(folder.file, OLD, NEW, folder.places)
    assert folder.opened(OLD) == SECRETS
    if step > 0:
        assert folder.opened(NEW) == SECRETS
    begin(folder, 99)
    rotate(folder.file, OLD, NEW, folder.places)
    assert folder.opened(NEW) == SECRETS
    assert not opens(folder.keys, OLD)
    assert len(folder.keys) == 1


@pytest.mark.parametrize("step", range(1, 5))
def test_a_rotation_may_go_on_to_another_key_than_it_began_with(folder: Folder, step: int) -> None:
    encrypt(folder.file, OLD, folder.places)
    begin(folder, step)
    with pytest.raises(StoppedError):
        rotate(folder.file, OLD, NEW, folder.places)
    begin(folder, 99)
    rotate(folder.file, OLD, THIRD, folder.places)
    assert folder.opened(THIRD) == SECRETS
    assert not opens(folder.keys, NEW)


def test_a_rotation_that_was_done_is_done(folder: Folder) -> None:
    encrypt(folder.file, OLD, folder.places)
    rotate(folder.file, OLD, NEW, folder.places)
    kept = [place.content for place in folder.places]
    assert rotate(folder.file, OLD, NEW, folder.places) == 0  # with the configuration of before
    assert [place.content for place in folder.places] == kept


def test_a_rotation_to_the_same_master_key_makes_a_new_data_key(folder: Folder) -> None:
    encrypt(folder.file, OLD, folder.places)
    before = folder.keys
    assert rotate(folder.file, OLD, OLD, folder.places) == 3
    assert folder.keys[0].id != before[0].id
    assert folder.opened(OLD) == SECRETS


def test_what_cannot_be_rotated_is_left_alone(folder: Folder) -> None:
    with pytest.raises(MasterKeyError, match="is not encrypted"):
        rotate(folder.file, OLD, NEW, folder.places)
    encrypt(folder.file, OLD, folder.places)
    kept = folder.file.path.read_bytes()
    with pytest.raises(MasterKeyError, match="set the right one"):
        rotate(folder.file, THIRD, NEW, folder.places)
    assert folder.file.path.read_bytes() == kept


def test_the_status_says_what_is_under_what(folder: Folder) -> None:
    assert {one.key for one in status(None, folder.places)} == {None}
    encrypt(folder.file, OLD, folder.places)
    folder.places[0].content = b"in clear"
    folder.places[1].content = (stranger := DataKey.new()).seal(b"x", "y")
    found = status(folder.keys, folder.places)
    assert [(one.name, one.key, one.masters) for one in found] == [
        ("tls/server.key", None, ()),
        ("ledger/keys/signing.key", stranger.id, ()),
        ("state.db/node_keys/x", folder.keys[0].id, (OLD.id,)),
    ]
    assert wrap(stranger, [OLD]).id == stranger.id
