"""A recorded chunk's way to disk, and back."""

import os
import stat
from pathlib import Path

from passgate.core.errors import LedgerCorruptError
from passgate.ledger.files import OsFiles, make_folder

CHUNK_LIMIT = 64 * 1024 * 1024
"""Bytes of a chunk: what is stored is far smaller."""


def write_chunk(folder: Path, name: str, data: bytes) -> None:
    """The chunk is on disk before the log speaks of it. Raises OSError, with nothing left of it: on a full disk room is dear."""
    make_folder(folder)
    fd = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view) :]
        os.fdatasync(fd)
    except OSError:
        (folder / name).unlink(missing_ok=True)
        raise
    finally:
        os.close(fd)
    OsFiles().sync_directory(folder)


def read_chunk(path: Path) -> bytes:
    """Raises OSError; LedgerCorruptError for what no chunk is: whoever can write there may have put a pipe or a device."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode) or status.st_size > CHUNK_LIMIT:
            raise LedgerCorruptError("a recorded chunk is not a file of a chunk's size")
        with os.fdopen(fd, "rb", closefd=False) as file:
            return file.read(CHUNK_LIMIT)
    finally:
        os.close(fd)
