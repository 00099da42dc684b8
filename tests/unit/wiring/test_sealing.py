"""A state folder and its master key, fitting together or not."""

import base64
import os
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from passgate.config.secret_sources import LocalSecret
from passgate.config.settings import Settings
from passgate.config.state_folder import StateFolder
from passgate.core.errors import MasterKeyError
from passgate.credentials.at_rest.keyring import KeyringFile
from passgate.credentials.at_rest.rotation import encrypt
from passgate.identity.authority import CertifiedKey, make_authority, make_server_certificate
from passgate.ledger.keys import RootKeys
from passgate.pipeline.sealing import MAGIC, UNSEALED
from passgate.store.node_keys import NodeKeys
from passgate.store.pass_store import PassStore
from passgate.store.sqlite import SqliteDatabase
from passgate.wiring.certificates import server_context
from passgate.wiring.sealing import in_use, master_key, open_sealing, places

RESOURCE = {
    "kind": "postgres",
    "upstream": {"host": "db", "database": "shop", "user": "app", "credential": {"env": "X"}},
}

Configured = Callable[[LocalSecret | None], Settings]


@pytest.fixture
def folder(tmp_path: Path) -> StateFolder:
    """With each kind of secret, in clear."""
    folder = StateFolder(path=tmp_path / "state")
    folder.create()
    authority = make_authority(organization="test", now=datetime.now(UTC))
    server = make_server_certificate(authority, names=["localhost"], now=datetime.now(UTC))
    folder.ca_key.write_bytes(authority.key)
    folder.server_key.write_bytes(server.key)
    folder.server_certificate.write_bytes(server.certificate)
    RootKeys.open(folder.ledger / "keys")
    database = SqliteDatabase(folder.database)
    PassStore(database).shared_key("masking")
    database.close()
    return folder


@pytest.fixture
def configured(folder: StateFolder) -> Configured:
    def settings(source: LocalSecret | None) -> Settings:
        document = {
            "state": str(folder.path),
            "listeners": [{"kind": "postgres", "port": 6432}],
            "resources": {"shop": RESOURCE},
        }
        made = Settings.model_validate(document, strict=False)
        return made.model_copy(update={"master_key": source})

    return settings


@pytest.fixture
def key(tmp_path: Path) -> LocalSecret:
    return new_key(tmp_path / "master.key")


def new_key(path: Path) -> LocalSecret:
    path.touch(mode=0o600)
    path.write_bytes(base64.b64encode(os.urandom(32)) + b"\n")
    return LocalSecret(file=path)


def content(folder: StateFolder) -> bytes:
    return b"".join(file.read_bytes() for file in sorted(folder.path.rglob("*")) if file.is_file())


def encrypted(folder: StateFolder, source: LocalSecret) -> int:
    with places(folder) as found:
        return encrypt(KeyringFile(path=folder.keyring), master_key(source), found)


def test_everything_secret_is_found_and_nothing_of_it_stays_in_clear(
    folder: StateFolder, configured: Configured, key: LocalSecret
) -> None:
    with places(folder) as found:
        plain = {place.name: place.read() for place in found}
    assert set(plain) == {
        "ledger/keys/signing.key",
        "ledger/keys/wrapping.key",
        "tls/ca.key",
        "tls/server.key",
        "state.db/node_keys/masking",
    }
    assert all(secret in content(folder) for secret in plain.values())
    assert encrypted(folder, key) == 5
    assert not any(secret in content(folder) for secret in plain.values())
    sealing = open_sealing(configured(key))
    with places(folder) as found:
        assert {place.name: sealing.open(place.read(), place.name) for place in found} == plain


def test_the_services_read_and_make_sealed_secrets(
    folder: StateFolder, configured: Configured, key: LocalSecret
) -> None:
    signing = RootKeys.open(folder.ledger / "keys").signing.private_bytes_raw()
    encrypted(folder, key)
    sealing = open_sealing(configured(key))
    assert RootKeys.open(folder.ledger / "keys", sealing=sealing).signing.private_bytes_raw() == signing
    assert RootKeys.open(folder.path / "other", sealing=sealing).signing is not None
    assert (folder.path / "other" / "signing.key").read_bytes().startswith(MAGIC)
    database = SqliteDatabase(folder.database)
    store = PassStore(database, sealing=sealing)
    assert store.shared_key("fresh") == store.shared_key("fresh")
    assert NodeKeys(database).read("fresh").startswith(MAGIC)
    with pytest.raises(MasterKeyError, match="`master_key` must say"):
        PassStore(database).shared_key("fresh")
    NodeKeys(database).replace("fresh", NodeKeys(database).read("masking"))
    with pytest.raises(MasterKeyError, match="belongs elsewhere"):
        store.shared_key("fresh")
    database.close()
    with pytest.raises(MasterKeyError):
        RootKeys.open(folder.ledger / "keys")


def test_a_sealed_key_is_shown_to_clients(folder: StateFolder, configured: Configured, key: LocalSecret) -> None:
    encrypted(folder, key)
    sealing = open_sealing(configured(key))
    context = server_context(folder.server_certificate, folder.server_key, sealing=sealing)
    assert isinstance(context, ssl.SSLContext)
    with pytest.raises(MasterKeyError):
        server_context(folder.server_certificate, folder.server_key)
    folder.server_key.write_bytes(folder.ca_key.read_bytes())
    with pytest.raises(MasterKeyError, match="belongs elsewhere"):
        server_context(folder.server_certificate, folder.server_key, sealing=sealing)


def test_the_key_that_is_handed_over_is_the_certificates(
    folder: StateFolder, configured: Configured, key: LocalSecret, tmp_path: Path
) -> None:
    other: CertifiedKey = make_authority(organization="other", now=datetime.now(UTC))
    folder.server_key.write_bytes(other.key)
    encrypted(folder, key)
    with pytest.raises(Exception, match="is not usable"):
        server_context(folder.server_certificate, folder.server_key, sealing=open_sealing(configured(key)))


def test_without_a_master_key_nothing_changes(folder: StateFolder, configured: Configured) -> None:
    assert open_sealing(configured(None)) is UNSEALED


def test_what_does_not_fit_is_refused_and_nothing_is_written(
    folder: StateFolder, configured: Configured, key: LocalSecret, tmp_path: Path
) -> None:
    with pytest.raises(MasterKeyError, match="run `passgate secrets encrypt`"):
        open_sealing(configured(key))
    encrypted(folder, key)
    before = content(folder)
    with pytest.raises(MasterKeyError, match="`master_key` must say where it is"):
        open_sealing(configured(None))
    with pytest.raises(MasterKeyError, match="set the right one"):
        open_sealing(configured(new_key(tmp_path / "wrong.key")))
    with pytest.raises(MasterKeyError, match=r"cannot be had: .* cannot be read"):
        open_sealing(configured(LocalSecret(file=tmp_path / "lost.key")))
    with pytest.raises(MasterKeyError, match="PASSGATE_NO_SUCH is not set"):
        open_sealing(configured(LocalSecret(env="PASSGATE_NO_SUCH")))
    assert content(folder) == before
    folder.keyring.unlink()
    with pytest.raises(MasterKeyError, match="or put the keyring back"):
        open_sealing(configured(key))


def test_a_secret_put_there_in_clear_is_refused(folder: StateFolder, configured: Configured, key: LocalSecret) -> None:
    encrypted(folder, key)
    (folder.ledger / "keys" / "signing.key").write_bytes(os.urandom(32))
    with pytest.raises(MasterKeyError, match="is not encrypted, though the folder is"):
        RootKeys.open(folder.ledger / "keys", sealing=open_sealing(configured(key)))


def test_gates_share_a_folder_and_whoever_encrypts_has_it_alone(folder: StateFolder) -> None:
    with (
        in_use(folder),
        in_use(folder),
        pytest.raises(MasterKeyError, match="a gate runs on it"),
        in_use(folder, alone=True),
    ):
        raise AssertionError
    with in_use(folder, alone=True), pytest.raises(MasterKeyError, match="wait for that"), in_use(folder):
        raise AssertionError
    with in_use(folder, alone=True):
        pass


def test_a_folder_without_a_database_has_files_only(tmp_path: Path) -> None:
    with places(StateFolder(path=tmp_path)) as found:
        assert found == []


def test_what_cannot_be_read_or_written_is_told(folder: StateFolder) -> None:
    with places(folder) as found:
        place = found[0]
        (folder.path / place.name).unlink()
        with pytest.raises(MasterKeyError, match="cannot be read"):
            place.read()
        (folder.ledger / "keys" / "wrapping.key").unlink()
        (folder.ledger / "keys").rmdir()
        with pytest.raises(MasterKeyError, match="cannot be written"):
            place.write(b"x")
