"""The compiled rule database on disk: used only if it is ours, whole, and of these very rules."""

import hashlib
import os
import stat
import tempfile
from pathlib import Path

_MAGIC = b"passgate-rules-2\n"


def read_database(path: Path, key: str) -> bytes | None:
    """The database stored for ``key``, or None where there is none to be trusted.

    Not trusted: a file of another owner, one that others may write, one whose digest or key does not match.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    with open(descriptor, "rb") as file:
        info = os.fstat(file.fileno())
        if not stat.S_ISREG(info.st_mode) or info.st_uid != os.geteuid() or info.st_mode & 0o022:
            return None
        head = _head(key)
        if file.read(len(head)) != head:
            return None
        digest, body = file.read(32), file.read()
    return body if hashlib.sha256(body).digest() == digest else None


def write_database(path: Path, key: str, body: bytes) -> bool:
    """Replace the file in one step. False where the folder cannot be written: the cache only saves time."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    except OSError:
        return False
    try:
        with open(descriptor, "wb") as file:
            file.write(_head(key) + hashlib.sha256(body).digest() + body)
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        return False
    return True


def _head(key: str) -> bytes:
    return _MAGIC + hashlib.sha256(key.encode()).digest()
