"""The development CA, judged by a TLS client that checks everything."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from passgate.identity.authority import CertifiedKey, expiry, make_authority, make_server_certificate

NAMES = ("localhost", "gate.example.com", "127.0.0.1", "::1", "localhost")


@pytest.fixture(scope="module")
def authority() -> CertifiedKey:
    return make_authority(organization="example", now=datetime.now(UTC))


@pytest.fixture(scope="module")
def server(authority: CertifiedKey) -> CertifiedKey:
    return make_server_certificate(authority, names=NAMES, now=datetime.now(UTC))


def handshake(server: CertifiedKey, trusted: bytes, hostname: str, folder: Path) -> None:
    """Both ends in memory. Raises ssl.SSLError where the client is not convinced."""
    (folder / "server.pem").write_bytes(server.key + server.certificate)
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(folder / "server.pem")
    client_context = ssl.create_default_context(cadata=trusted.decode())
    client_context.verify_flags |= ssl.VERIFY_X509_STRICT
    a, b = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = client_context.wrap_bio(a, b, server_hostname=hostname)
    other = server_context.wrap_bio(b, a, server_side=True)
    waiting = [client, other]
    for _ in range(10):
        for end in tuple(waiting):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(end)
    assert waiting == []


@pytest.mark.parametrize("name", ["localhost", "gate.example.com", "127.0.0.1", "::1"])
def test_a_strict_client_trusts_it_under_every_name(
    authority: CertifiedKey, server: CertifiedKey, name: str, tmp_path: Path
) -> None:
    handshake(server, authority.certificate, name, tmp_path)


def test_not_under_another_name(authority: CertifiedKey, server: CertifiedKey, tmp_path: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(server, authority.certificate, "example.com", tmp_path)


def test_not_with_another_authority_of_the_same_name(server: CertifiedKey, tmp_path: Path) -> None:
    other = make_authority(organization="example", now=datetime.now(UTC))
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(server, other.certificate, "localhost", tmp_path)


def test_not_after_its_time(authority: CertifiedKey, tmp_path: Path) -> None:
    old = make_server_certificate(authority, names=NAMES, now=datetime.now(UTC) - timedelta(days=400))
    with pytest.raises(ssl.SSLCertVerificationError, match="expired"):
        handshake(old, authority.certificate, "localhost", tmp_path)


def test_a_server_certificate_cannot_sign_another(
    authority: CertifiedKey, server: CertifiedKey, tmp_path: Path
) -> None:
    forged = make_server_certificate(server, names=["localhost"], now=datetime.now(UTC))
    chained = CertifiedKey(certificate=forged.certificate + server.certificate, key=forged.key)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(chained, authority.certificate, "localhost", tmp_path)


def test_names_stand_in_it_once(server: CertifiedKey) -> None:
    extensions = x509.load_pem_x509_certificate(server.certificate).extensions
    alternatives = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternatives.get_values_for_type(x509.DNSName) == ["localhost", "gate.example.com"]
    assert [str(ip) for ip in alternatives.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]


def test_when_it_ends(server: CertifiedKey) -> None:
    left = expiry(server.certificate) - datetime.now(UTC)
    assert timedelta(days=396) < left <= timedelta(days=397)
    with pytest.raises(ValueError, match="PEM"):
        expiry(b"not a certificate")


def test_its_repr_shows_no_key(server: CertifiedKey) -> None:
    assert "PRIVATE" not in repr(server)


def test_only_an_authority_of_ours_signs(server: CertifiedKey) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    key = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    with pytest.raises(TypeError, match="P-256"):
        make_server_certificate(
            CertifiedKey(certificate=server.certificate, key=key), names=NAMES, now=datetime.now(UTC)
        )
