"""Certificates and sources of secrets."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from passgate.config.secret_sources import Credential
from passgate.core.errors import ConfigError
from passgate.credentials.environment import EnvironmentCredential
from passgate.credentials.file import FileCredential
from passgate.credentials.remembered import RememberedCredential
from passgate.identity.authority import CertifiedKey, make_authority, make_server_certificate
from passgate.wiring.shared import first_certificate, local_secret, server_context


@pytest.fixture(scope="module")
def authority() -> CertifiedKey:
    return make_authority(organization="test", now=datetime.now(UTC))


def test_a_secret_is_found_where_the_settings_say(tmp_path: Path) -> None:
    assert isinstance(local_secret(Credential(env="KEY")), EnvironmentCredential)
    assert isinstance(local_secret(Credential(file=tmp_path / "x")), FileCredential)
    assert isinstance(local_secret(Credential(command=("true",))), RememberedCredential)
    with pytest.raises(ConfigError):
        local_secret(Credential.model_construct())


def test_a_certificate_and_its_key_make_a_context(tmp_path: Path, authority: CertifiedKey) -> None:
    own = make_server_certificate(authority, names=["localhost"], now=datetime.now(UTC))
    certificate, key = tmp_path / "server.crt", tmp_path / "server.key"
    certificate.write_bytes(own.certificate + authority.certificate)
    key.write_bytes(own.key)
    assert server_context(certificate, key).minimum_version.name == "TLSv1_2"
    assert first_certificate(certificate).encode() == own.certificate
    key.write_bytes(authority.key)
    with pytest.raises(ConfigError, match="is not usable"):
        server_context(certificate, key)
