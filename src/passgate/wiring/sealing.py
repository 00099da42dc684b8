"""Secrets at rest, wired: which there are, where their master key comes from, and who may touch them when."""

import fcntl
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from passgate.config.secret_sources import LocalSecret
from passgate.config.settings import Settings
from passgate.config.state_folder import StateFolder
from passgate.core.errors import MasterKeyError, SecretUnavailableError
from passgate.credentials.at_rest.durable_file import replace_durably
from passgate.credentials.at_rest.keyring import KeyringFile, unlock
from passgate.credentials.at_rest.master_key import CommandMasterKey, GivenMasterKey, MasterKey
from passgate.credentials.at_rest.rotation import Place
from passgate.credentials.environment import EnvironmentCredential
from passgate.credentials.file import FileCredential
from passgate.pipeline.sealing import UNSEALED, Sealing
from passgate.store.node_keys import NodeKeys, sealed_name
from passgate.store.sqlite import SqliteDatabase

_FILES = ("ledger/keys/signing.key", "ledger/keys/wrapping.key", "tls/ca.key", "tls/server.key")


def open_sealing(settings: Settings) -> Sealing:
    """Raises MasterKeyError where the configuration and the folder do not fit together."""
    folder = settings.state_folder
    keys = KeyringFile(path=folder.keyring).read()
    if keys is None:
        if settings.master_key is not None:
            raise MasterKeyError(
                f"There is a master key, but the secrets in {folder.path} are not encrypted, or {folder.keyring} is gone: run "
                "`passgate secrets encrypt`, or put the keyring back"
            )
        return UNSEALED
    if settings.master_key is None:
        names = " or ".join(sorted({name for key in keys for name in key.wrapped}))
        raise MasterKeyError(
            f"The secrets in {folder.path} are encrypted under the master key {names}: `master_key` must say where it is"
        )
    return unlock(keys, master_key(settings.master_key))


def master_key(source: LocalSecret) -> MasterKey:
    """Raises MasterKeyError."""
    if source.command is not None:
        return CommandMasterKey(argv=source.command)
    given = (
        FileCredential(path=source.file) if source.file is not None else EnvironmentCredential(name=source.env or "")
    )
    try:
        return GivenMasterKey(given.read())
    except SecretUnavailableError as error:
        raise MasterKeyError(f"The master key cannot be had: {error}") from error


@contextmanager
def in_use(folder: StateFolder, *, alone: bool = False) -> Iterator[None]:
    """Hold the folder while secrets are read (with others) or encrypted anew (``alone``). Raises MasterKeyError."""
    descriptor = os.open(folder.secrets_lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        why = "a gate runs on it: stop it first" if alone else "its secrets are being encrypted anew: wait for that"
        raise MasterKeyError(f"The state folder {folder.path} is in use: {why}") from None
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def places(folder: StateFolder) -> Iterator[Sequence[Place]]:
    """Every secret that the folder keeps. Raises StoreError."""
    found: list[Place] = [FilePlace(folder=folder.path, name=name) for name in _FILES if (folder.path / name).exists()]
    if not folder.database.exists():
        yield found
        return
    database = SqliteDatabase(folder.database)
    try:
        keys = NodeKeys(database)
        yield [*found, *(RowPlace(keys=keys, row=name) for name in keys.names())]
    finally:
        database.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class FilePlace:
    folder: Path
    name: str

    def read(self) -> bytes:
        """Raises MasterKeyError."""
        try:
            return (self.folder / self.name).read_bytes()
        except OSError as error:
            raise MasterKeyError(f"{self.name} cannot be read: {error.strerror}") from error

    def write(self, content: bytes) -> None:
        """Raises MasterKeyError."""
        try:
            replace_durably(self.folder / self.name, content)
        except OSError as error:
            raise MasterKeyError(f"{self.name} cannot be written: {error.strerror}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class RowPlace:
    keys: NodeKeys
    row: str

    @property
    def name(self) -> str:
        return sealed_name(self.row)

    def read(self) -> bytes:
        """Raises StoreError."""
        return self.keys.read(self.row)

    def write(self, content: bytes) -> None:
        """Raises StoreError."""
        self.keys.replace(self.row, content)
