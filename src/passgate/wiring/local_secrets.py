"""Secrets that this machine itself holds: a variable, a file, what a program prints."""

from pathlib import Path
from typing import Protocol

from passgate.core.errors import ConfigError
from passgate.credentials.command import CommandCredential
from passgate.credentials.credential import Credential
from passgate.credentials.environment import EnvironmentCredential
from passgate.credentials.file import FileCredential
from passgate.credentials.remembered import RememberedCredential

_COMMAND_SECONDS = 60.0
"""A program that fetches a secret runs at most once a minute."""


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
