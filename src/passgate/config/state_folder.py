"""Where everything that Passgate keeps on a node lies."""

import stat
from dataclasses import dataclass
from pathlib import Path

from passgate.core.errors import ConfigError

_FOLDER_MODE = 0o700


@dataclass(frozen=True, slots=True, kw_only=True)
class StateFolder:
    """The one folder to back up, and the one to keep from others: it holds keys."""

    path: Path

    @property
    def database(self) -> Path:
        """Passes and other state (SQLite)."""
        return self.path / "state.db"

    @property
    def run(self) -> Path:
        """Admin sockets of the gates that run now."""
        return self.path / "run"

    @property
    def tls(self) -> Path:
        """The development CA and the server certificate made by ``passgate init``."""
        return self.path / "tls"

    @property
    def ca_certificate(self) -> Path:
        return self.tls / "ca.crt"

    @property
    def ca_key(self) -> Path:
        return self.tls / "ca.key"

    @property
    def server_certificate(self) -> Path:
        return self.tls / "server.crt"

    @property
    def server_key(self) -> Path:
        return self.tls / "server.key"

    @property
    def ledger(self) -> Path:
        return self.path / "ledger"

    @property
    def approvals_key(self) -> Path:
        """What requests for approval are encrypted under in the database."""
        return self.path / "approvals.key"

    @property
    def cache(self) -> Path:
        """What can be rebuilt: compiled detectors and the like."""
        return self.path / "cache"

    def socket(self, node: str, worker: int) -> Path:
        """The admin socket of one worker process."""
        return self.run / f"{node}-{worker}.sock"

    def create(self) -> None:
        """Make the folders, open to their owner only. Raises ConfigError if one is there and others may write to it."""
        for folder in (self.path, self.run, self.tls, self.ledger, self.cache):
            try:
                folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
                mode = folder.stat().st_mode
            except OSError as error:
                raise ConfigError(f"The state folder {folder} cannot be made: {error.strerror}") from error
            if mode & (stat.S_IWGRP | stat.S_IWOTH):
                raise ConfigError(
                    f"Others may write to {folder}, so what it holds cannot be trusted: chmod 700 {folder}"
                )
