"""What every kind of listener and resource is wired with: certificates and upstream secrets."""

import asyncio
import secrets
import ssl
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from passgate.core.errors import ConfigError
from passgate.core.event import EventType, Json
from passgate.credentials.command import CommandCredential
from passgate.credentials.credential import Credential
from passgate.credentials.environment import EnvironmentCredential
from passgate.credentials.file import FileCredential
from passgate.credentials.remembered import RememberedCredential
from passgate.pipeline.sealing import MAGIC, UNSEALED, Sealing

_COMMAND_SECONDS = 60.0
"""A program that fetches a secret runs at most once a minute."""


class Listening(Protocol):
    """An endpoint, whatever it speaks."""

    async def start(self, host: str, port: int, *, reuse_port: bool = False) -> None:
        """Raises OSError if the address cannot be had."""

    async def close(self) -> None:
        """Stop listening, end every session, wait until all of them are recorded."""


class Record(Protocol):
    async def __call__(self, type_: EventType, detail: Mapping[str, Json]) -> None:
        """Write down what the gate itself did."""


async def set_within(event: asyncio.Event, seconds: float) -> bool:
    """Whether it was set in that time; it is clear afterwards."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    event.clear()
    return True


class OnThisMachine(Protocol):
    """Settings that say where a secret is: one of the three."""

    @property
    def env(self) -> str | None: ...

    @property
    def file(self) -> Path | None: ...

    @property
    def command(self) -> tuple[str, ...] | None: ...


def local_secret(source: OnThisMachine) -> Credential:
    """Raises ConfigError."""
    if source.env is not None:
        return EnvironmentCredential(name=source.env)
    if source.file is not None:
        return FileCredential(path=source.file)
    if source.command is not None:
        return RememberedCredential(CommandCredential(argv=source.command), seconds=_COMMAND_SECONDS)
    raise ConfigError("A credential names no source")


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
