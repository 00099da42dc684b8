"""``passgate certificate``."""

import ssl
import stat
from pathlib import Path

import pytest
from cryptography import x509

from tests.unit.cli.conftest import Passgate


@pytest.fixture
def tls(passgate: Passgate, folder: Path) -> Path:
    assert passgate("init", "--dir", "gate").code == 0
    return folder / "gate" / "state" / "tls"


def names(certificate: Path) -> list[str]:
    extensions = x509.load_pem_x509_certificate(certificate.read_bytes()).extensions
    return extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.DNSName)


def test_a_new_certificate_of_the_same_authority(passgate: Passgate, tls: Path) -> None:
    before = {path.name: path.read_bytes() for path in tls.iterdir()}
    result = passgate("certificate", "--config", "gate/passgate.yaml", "--hostname", "gate.example.com")
    assert result.code == 0
    assert f"{tls}/server.crt: good until 20" in result.out
    after = {path.name: path.read_bytes() for path in tls.iterdir()}
    assert {name for name in after if after[name] != before.get(name)} == {"server.crt", "server.key"}
    assert set(after) == set(before), "nothing is left behind"
    assert stat.S_IMODE((tls / "server.key").stat().st_mode) == 0o600
    assert {"localhost", "gate.example.com"} <= set(names(tls / "server.crt"))
    authority = x509.load_pem_x509_certificate(after["ca.crt"])
    x509.load_pem_x509_certificate(after["server.crt"]).verify_directly_issued_by(authority)
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(tls / "server.crt", tls / "server.key")


def test_without_an_authority_there_is_nothing_to_sign_with(passgate: Passgate, tls: Path) -> None:
    (tls / "ca.key").unlink()
    before = (tls / "server.crt").read_bytes()
    result = passgate("certificate", "--state", str(tls.parent))
    assert result.code == 2
    assert "cannot be read (No such file or directory): run `passgate init`" in result.err
    assert (tls / "server.crt").read_bytes() == before
