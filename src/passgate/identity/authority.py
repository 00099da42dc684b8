"""A certificate authority for development, so that clients can check with ``sslmode=verify-full`` whom they talk to."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_CA_DAYS = 3650
_SERVER_DAYS = 397
"""What public authorities keep to as well; some clients refuse more."""

_CLOCK_SKEW = timedelta(minutes=5)

_NO_USAGE = {
    "digital_signature": False,
    "content_commitment": False,
    "key_encipherment": False,
    "data_encipherment": False,
    "key_agreement": False,
    "key_cert_sign": False,
    "crl_sign": False,
    "encipher_only": False,
    "decipher_only": False,
}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CertifiedKey:
    """Both PEM. The key is not encrypted: the folder that holds it keeps others out."""

    certificate: bytes
    key: bytes


def make_authority(*, organization: str, now: datetime) -> CertifiedKey:
    """A self-signed CA (RFC 5280, P-256) that can sign server certificates and nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = _name(f"Passgate development CA {now:%Y-%m-%d}", organization)
    builder = (
        _builder(subject=name, issuer=name, key=key.public_key(), now=now, days=_CA_DAYS)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.KeyUsage(**{**_NO_USAGE, "key_cert_sign": True, "crl_sign": True}), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    return _pem(builder.sign(key, hashes.SHA256()), key)


def make_server_certificate(authority: CertifiedKey, *, names: Iterable[str], now: datetime) -> CertifiedKey:
    """A certificate for these host names and addresses, signed by ``authority``."""
    ca = x509.load_pem_x509_certificate(authority.certificate)
    ca_key = serialization.load_pem_private_key(authority.key, password=None)
    if not isinstance(ca_key, ec.EllipticCurvePrivateKey):
        raise TypeError("an authority made by make_authority has a P-256 key")
    key = ec.generate_private_key(ec.SECP256R1())
    alternatives = [_alternative(name) for name in dict.fromkeys(names)]
    organization = ca.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value
    builder = (
        _builder(
            subject=_name("Passgate", str(organization)),
            issuer=ca.subject,
            key=key.public_key(),
            now=now,
            days=_SERVER_DAYS,
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**{**_NO_USAGE, "digital_signature": True}), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
    )
    return _pem(builder.sign(ca_key, hashes.SHA256()), key)


def expiry(certificate: bytes) -> datetime:
    """When a PEM certificate (the first, where there are several) ends, in UTC. Raises ValueError."""
    return x509.load_pem_x509_certificate(certificate).not_valid_after_utc


def _builder(
    *, subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey, now: datetime, days: int
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(now + timedelta(days=days))
    )


def _name(common_name: str, organization: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _pem(certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> CertifiedKey:
    return CertifiedKey(
        certificate=certificate.public_bytes(serialization.Encoding.PEM),
        key=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
    )
