import base64
import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.x509.oid import NameOID
from scramp import ScramClient

from passgate.core.errors import AccessDeniedError, RemoteProtocolError
from passgate.endpoints.postgres.scram import PLAIN, PLUS, ScramServer, end_point
from passgate.pipeline.protocols import ScramVerifier


def verifier(password: str, salt: bytes, iterations: int = 4096) -> ScramVerifier:
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return ScramVerifier(
        salt=salt,
        iterations=iterations,
        stored_key=hashlib.sha256(client_key).digest(),
        server_key=hmac.digest(salted, b"Server Key", "sha256"),
    )


PENCIL = verifier("pencil", base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))


def test_the_example_of_rfc_7677() -> None:
    server = ScramServer(PENCIL, nonce="%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0")
    first = server.first(PLAIN, b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
    assert first == b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    final = server.final(
        b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    )
    assert final == b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="


@pytest.mark.parametrize("binding", [None, b"the certificate's hash"])
def test_an_independent_client_on_both_mechanisms(binding: bytes | None) -> None:
    server = ScramServer(PENCIL, binding=binding)
    channel = None if binding is None else ("tls-server-end-point", binding)
    client = ScramClient(list(server.mechanisms), "somebody", "pencil", channel_binding=channel)
    assert client.mechanism_name == (PLAIN if binding is None else PLUS)
    client.set_server_first(server.first(client.mechanism_name, client.get_client_first().encode()).decode())
    client.set_server_final(server.final(client.get_client_final().encode()).decode())


def test_a_wrong_secret_is_denied() -> None:
    server = ScramServer(PENCIL)
    client = ScramClient([PLAIN], "somebody", "pen")
    client.set_server_first(server.first(PLAIN, client.get_client_first().encode()).decode())
    with pytest.raises(AccessDeniedError):
        server.final(client.get_client_final().encode())


@pytest.mark.parametrize(
    ("mechanism", "message"),
    [
        ("SCRAM-SHA-1", b"n,,n=,r=abc"),
        (PLAIN, None),
        (PLAIN, b"n,,"),
        (PLAIN, b"n,,n="),
        (PLAIN, b"n,a=other,n=,r=abc"),
        (PLAIN, b"p=tls-server-end-point,,n=,r=abc"),
        (PLAIN, b"y,,n=,r=abc"),
        (PLAIN, b"n,,m=ext,n=,r=abc"),
        (PLAIN, b"n,,n=,s=abc"),
        (PLAIN, b"n,,n=,r="),
        (PLAIN, b"n,,n=,r=a b"),
        (PLAIN, b"\xff"),
        (PLUS, b"n,,n=,r=abc"),
        (PLUS, b"p=tls-unique,,n=,r=abc"),
    ],
)
def test_first_messages_that_cannot_be(mechanism: str, message: bytes | None) -> None:
    with pytest.raises(RemoteProtocolError):
        ScramServer(PENCIL, binding=b"hash").first(mechanism, message)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"c=biws,r=abcS",
        b"c=eSws,r=abcS,p=AAAA",
        b"c=b!ws,r=abcS,p=AAAA",
        b"c=biws,r=abcT,p=AAAA",
        b"c=biws,r=abcS,p=AAAA",
        b"c=biws,r=abcS,q=AAAA",
        b"c=biws,r=abcS,p=A",
        "c=biws,r=abcS,p=é".encode(),
        "c=é,r=abcS,p=AAAA".encode(),
        "c=biws,r=abcSé,p=AAAA".encode(),
    ],
)
def test_final_messages_that_cannot_be(message: bytes) -> None:
    server = ScramServer(PENCIL, nonce="S")
    server.first(PLAIN, b"n,,n=,r=abc")
    with pytest.raises(RemoteProtocolError):
        server.final(message)


def certificate(
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey, algorithm: hashes.HashAlgorithm | None
) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gate")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=1))
    return builder.sign(key, algorithm).public_bytes(serialization.Encoding.DER)  # type: ignore[arg-type]


def test_channel_binding_data_follow_the_certificates_own_algorithm() -> None:
    der = certificate(ec.generate_private_key(ec.SECP256R1()), hashes.SHA384())
    assert end_point(der) == hashlib.sha384(der).digest()
    assert end_point(certificate(ed25519.Ed25519PrivateKey.generate(), None)) is None
    assert end_point(b"no certificate") is None
