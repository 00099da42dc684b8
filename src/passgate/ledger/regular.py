"""Reading files that somebody else may have put there: a pipe that nobody writes to must not hold up whoever reads."""

import os
import stat
from pathlib import Path

from passgate.core.errors import LedgerCorruptError

SMALL_FILE = 1024 * 1024
"""More than a key, a signed note or a checkpoint ever needs."""


def open_regular(path: Path) -> int:
    """A descriptor to read ``path`` with. Raises OSError; LedgerCorruptError for a pipe, a device or a folder."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    try:
        regular = stat.S_ISREG(os.fstat(fd).st_mode)
    except OSError:
        os.close(fd)
        raise
    if not regular:
        os.close(fd)
        raise LedgerCorruptError(f"{path.name} is not a file")
    return fd


def read_regular(path: Path, limit: int = SMALL_FILE) -> bytes:
    """All of it. Raises OSError; LedgerCorruptError for what is no file, or is larger than ``limit``."""
    with os.fdopen(open_regular(path), "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise LedgerCorruptError(f"{path.name} is larger than {limit} bytes")
    return data
