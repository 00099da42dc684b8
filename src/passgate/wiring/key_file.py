"""A file with a random key, made by whichever worker comes first."""

import os
import secrets
import stat
from pathlib import Path

from passgate.core.errors import ConfigError


def key_file(path: Path, size: int) -> bytes:
    """Its ``size`` bytes. Raises ConfigError where it cannot be made or read, or others may read it."""
    try:
        if not path.exists():
            _make(path, secrets.token_bytes(size))
        if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise ConfigError(f"Others may read or write the key {path}: chmod 600 {path}")
        key = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"The key {path} cannot be had: {error.strerror}") from error
    if len(key) != size:
        raise ConfigError(f"The key {path} has {len(key)} bytes and must have {size}: put the right file back")
    return key


def _make(path: Path, key: bytes) -> None:
    """Whole or not at all, and once: a link is made by one process only."""
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass  # another process was quicker, and its key is everybody's
    finally:
        fresh.unlink()
