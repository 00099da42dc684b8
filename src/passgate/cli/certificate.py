"""``passgate certificate``: the development CA's work, at the first start and whenever the certificate runs out."""

import os
import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from passgate.cli.options import DEFAULT_CONFIG, ConfigOption, StateOption, state_folder_from
from passgate.cli.output import say, when
from passgate.cli.sealed import OpenedWhenNeeded
from passgate.core.errors import ConfigError

if TYPE_CHECKING:
    from passgate.config.state_folder import StateFolder
    from passgate.identity.authority import CertifiedKey

HostnameOption = Annotated[
    list[str] | None,
    typer.Option("--hostname", help="Another name or address clients will use for the gate; repeatable."),
]

_ALWAYS = ("localhost", "127.0.0.1", "::1")


def certificate(names: HostnameOption = None, config: ConfigOption = DEFAULT_CONFIG, state: StateOption = None) -> None:
    """Make a new server certificate, signed by the development CA that clients trust already. A gate shows it once restarted."""
    from passgate.identity.authority import CertifiedKey, expiry

    folder = state_folder_from(config, state)
    sealing = OpenedWhenNeeded(config, state)
    try:
        key = sealing.open(folder.ca_key.read_bytes(), "tls/ca.key")
        authority = CertifiedKey(certificate=folder.ca_certificate.read_bytes(), key=key)
    except OSError as error:
        raise ConfigError(
            f"The development CA in {folder.tls} cannot be read ({error.strerror}): run `passgate init`"
        ) from error
    server = _server_certificate(authority, names or ())
    _replace(folder.server_key, sealing.seal(server.key, "tls/server.key"), 0o600)
    _replace(folder.server_certificate, server.certificate, 0o644)
    say(f"{folder.server_certificate}: good until {when(expiry(server.certificate))}")


def make_first_certificates(folder: "StateFolder", names: Sequence[str]) -> bool:
    """A CA and a server certificate. False if there are both already: clients trust that CA, so it is kept. Raises ConfigError."""
    if folder.ca_certificate.exists() and folder.server_certificate.exists():
        return False
    from passgate.identity.authority import make_authority

    authority = make_authority(organization="Passgate", now=datetime.now(UTC))
    server = _server_certificate(authority, names)
    write_new(folder.ca_key, authority.key, 0o600)
    write_new(folder.ca_certificate, authority.certificate, 0o644)
    write_new(folder.server_key, server.key, 0o600)
    write_new(folder.server_certificate, server.certificate, 0o644)
    return True


def write_new(path: Path, content: bytes, mode: int) -> None:
    """Raises ConfigError, also if it is there: nothing is ever written over."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
    except OSError as error:
        raise ConfigError(f"{path} cannot be made: {error.strerror}") from error


def _replace(path: Path, content: bytes, mode: int) -> None:
    """In one step: whoever reads it finds the old one or the new one, whole."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    write_new(fresh, content, mode)
    fresh.replace(path)


def _server_certificate(authority: "CertifiedKey", names: Sequence[str]) -> "CertifiedKey":
    from passgate.identity.authority import make_server_certificate

    return make_server_certificate(authority, names=[*_ALWAYS, socket.gethostname(), *names], now=datetime.now(UTC))
