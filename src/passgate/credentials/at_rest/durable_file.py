"""Replaces a file's content in one step that a crash cannot halve."""

import os
import secrets
from pathlib import Path


def replace_durably(path: Path, content: bytes) -> None:
    """Whoever reads it finds the old content or the new, whole, also after a power cut. Mode 0600, and it is the folder's owner's.

    Raises OSError.
    """
    owner = path.parent.stat()
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if owner.st_uid != os.geteuid():  # root, at the folder of the user that the gate runs as
                os.fchown(descriptor, owner.st_uid, owner.st_gid)
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.replace(fresh, path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
