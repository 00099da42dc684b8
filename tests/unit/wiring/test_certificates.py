from datetime import UTC, datetime
from pathlib import Path

import pytest

from passgate.core.errors import ConfigError
from passgate.identity.authority import CertifiedKey, make_authority, make_server_certificate
from passgate.wiring.certificates import first_certificate, server_context


@pytest.fixture(scope="module")
def authority() -> CertifiedKey:
    return make_authority(organization="test", now=datetime.now(UTC))


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
