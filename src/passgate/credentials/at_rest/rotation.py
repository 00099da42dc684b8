"""Encrypts a folder, and encrypts it anew. Each step is whole or not done, and any of them may be the last before a crash:
run again, it goes on where it stopped.

A new data key comes in beside the old one, and both are wrapped under the old master key and the new (1). Each secret is sealed
anew under the new data key (2). When all of them are, the old data key and the old master key's wrapping go (3). Until (3) the
gate starts with either master key; from then on with the new one only.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from passgate.core.errors import MasterKeyError
from passgate.credentials.at_rest.data_key import DataKey, sealed_by
from passgate.credentials.at_rest.keyring import Keyring, KeyringFile, WrappedKey, opens, unlock, wrap
from passgate.credentials.at_rest.master_key import MasterKey


class Place(Protocol):
    """Where one secret is kept."""

    @property
    def name(self) -> str: ...

    def read(self) -> bytes:
        """Raises MasterKeyError, StoreError."""

    def write(self, content: bytes) -> None:
        """In one step. Raises MasterKeyError, StoreError."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretStatus:
    """``key``: the data key that it is encrypted under; None where it is not. ``masters``: what opens that."""

    name: str
    key: str | None
    masters: tuple[str, ...]


def status(keys: Sequence[WrappedKey] | None, places: Sequence[Place]) -> tuple[SecretStatus, ...]:
    """Raises MasterKeyError, StoreError."""
    masters = {key.id: tuple(sorted(key.wrapped)) for key in keys or ()}
    found = []
    for place in places:
        key = sealed_by(place.read())
        found.append(SecretStatus(name=place.name, key=key, masters=masters.get(key, ()) if key is not None else ()))
    return tuple(found)


def encrypt(file: KeyringFile, master: MasterKey, places: Sequence[Place]) -> int:
    """Encrypt what is not; how many that were. Raises MasterKeyError, StoreError."""
    keys = file.read()
    if keys is None:
        for place in places:
            if sealed_by(place.read()) is not None:
                raise MasterKeyError(f"{place.name} is encrypted, but the keyring {file.path} is gone: put it back")
        file.write([wrap(DataKey.new(), [master])])
        keys = file.read() or ()
    keyring = unlock(keys, master)
    done = 0
    for place in places:
        content = place.read()
        if sealed_by(content) is None:
            place.write(keyring.seal(content, place.name))
            done += 1
    return done


def rotate(file: KeyringFile, old: MasterKey, new: MasterKey, places: Sequence[Place]) -> int:
    """Encrypt everything under a new data key, wrapped under ``new``; how many secrets that were.

    Raises MasterKeyError, StoreError.
    """
    keys = file.read()
    if keys is None:
        raise MasterKeyError("The state folder is not encrypted: run `passgate secrets encrypt`")
    if not opens(keys, old) and opens(keys, new) and len(keys) == 1:
        unlock(keys, new)
        return 0  # a crash came after the last step
    keyring = _begin(file, keys, old, new)
    done = 0
    for place in places:
        content = place.read()
        if sealed_by(content) != keyring.current.id:
            place.write(keyring.seal(keyring.open(content, place.name), place.name))
            done += 1
    file.write([wrap(keyring.current, [new])])
    return done


def _begin(file: KeyringFile, keys: Sequence[WrappedKey], old: MasterKey, new: MasterKey) -> Keyring:
    keyring = unlock(keys, old if opens(keys, old) else new)
    if len(keyring.keys) == 1:
        keyring = Keyring((*keyring.keys, DataKey.new()))
    file.write([wrap(key, _distinct(old, new)) for key in keyring.keys])
    return keyring


def _distinct(old: MasterKey, new: MasterKey) -> Sequence[MasterKey]:
    return [old] if old.id == new.id else [old, new]
