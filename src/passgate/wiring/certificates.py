"""The certificates that listeners show."""

import secrets
import ssl
import tempfile
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from passgate.core.errors import ConfigError
from passgate.pipeline.sealing import MAGIC, UNSEALED, Sealing


def server_context(certificate: Path, key: Path, *, sealing: Sealing = UNSEALED) -> ssl.SSLContext:
    """``key`` may be one that the state folder keeps encrypted. Raises ConfigError if they are not usable, MasterKeyError."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        if key.read_bytes().startswith(MAGIC):
            _load_sealed(context, certificate, key, sealing)
        else:
            context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise ConfigError(f"The certificate {certificate} with the key {key} is not usable: {error}") from error
    return context


def _load_sealed(context: ssl.SSLContext, certificate: Path, key: Path, sealing: Sealing) -> None:
    """OpenSSL reads keys of files only, so it is handed one under a passphrase that nobody ever knows: no disk sees the key."""
    opened = load_pem_private_key(sealing.open(key.read_bytes(), f"tls/{key.name}"), password=None)
    passphrase = secrets.token_hex(32).encode()
    locked = opened.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(passphrase))
    with tempfile.NamedTemporaryFile(prefix="passgate-") as file:
        file.write(locked)
        file.flush()
        context.load_cert_chain(certificate, file.name, password=passphrase)


def first_certificate(path: Path) -> str:
    """PEM, of a file that may hold what leads to its authority too."""
    text = path.read_text("ascii")
    end = "-----END CERTIFICATE-----"
    return text[: text.index(end) + len(end)] + "\n"
