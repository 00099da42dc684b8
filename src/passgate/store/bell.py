"""A few bytes of a file, in the memory of every process of a state folder: what one writes the others see at once."""

import mmap
import os
import secrets
from pathlib import Path

from passgate.core.errors import StoreError

_BYTES = 8


class Bell:
    """A ring puts random bytes there, so that two rings never look like none, whoever rings and however they meet."""

    def __init__(self, path: Path) -> None:
        """Raises StoreError."""
        self._path = path
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                if os.fstat(descriptor).st_size != _BYTES:
                    os.ftruncate(descriptor, _BYTES)
                self._identity = _identity(os.fstat(descriptor))
                self._memory = mmap.mmap(descriptor, _BYTES)
            finally:
                os.close(descriptor)
        except (OSError, ValueError) as error:
            raise StoreError(f"{path} cannot be shared with the other processes: {error}") from error

    def heard(self) -> bytes:
        return self._memory[:_BYTES]

    def ring(self) -> None:
        self._memory[:_BYTES] = secrets.token_bytes(_BYTES)

    def check(self) -> None:
        """Raises StoreError where it is not the file any more that others would open: they would not hear this one."""
        try:
            found = self._path.stat()
        except OSError as error:
            raise StoreError(f"{self._path} is gone: {error.strerror}: start again") from error
        if _identity(found) != self._identity or found.st_size != _BYTES:
            raise StoreError(f"{self._path} was replaced while it was in use: start again")

    def close(self) -> None:
        self._memory.close()


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
