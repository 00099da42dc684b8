"""Every file operation that durability depends on, in one place, so that tests can make each of them fail or forget."""

import errno
import os
from pathlib import Path
from typing import Protocol

NO_SPACE = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""What an operating system says when there is no room; anything else means that the disk can no longer be trusted."""


class Files(Protocol):
    """The system calls of the write path. Each raises OSError."""

    def open(self, path: Path, *, create: bool) -> int:
        """For reading and writing. With ``create`` the file must not exist yet; it is readable by its owner alone."""

    def write(self, fd: int, data: bytes, offset: int) -> int:
        """How many bytes were taken, which may be fewer than given."""

    def datasync(self, fd: int) -> None: ...

    def truncate(self, fd: int, size: int) -> None: ...

    def allocate(self, fd: int, size: int) -> None:
        """Claim ``size`` bytes of disk, which read as zeros."""

    def close(self, fd: int) -> None: ...

    def rename(self, source: Path, target: Path) -> None: ...

    def unlink(self, path: Path) -> None: ...

    def sync_directory(self, path: Path) -> None: ...


class OsFiles:
    """The real ones."""

    def open(self, path: Path, *, create: bool) -> int:
        flags = os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT | os.O_EXCL if create else 0)
        return os.open(path, flags, 0o600)

    def write(self, fd: int, data: bytes, offset: int) -> int:
        return os.pwrite(fd, data, offset)

    def datasync(self, fd: int) -> None:
        os.fdatasync(fd)

    def truncate(self, fd: int, size: int) -> None:
        os.ftruncate(fd, size)

    def allocate(self, fd: int, size: int) -> None:
        os.posix_fallocate(fd, 0, size)

    def close(self, fd: int) -> None:
        os.close(fd)

    def rename(self, source: Path, target: Path) -> None:
        source.rename(target)

    def unlink(self, path: Path) -> None:
        path.unlink(missing_ok=True)

    def sync_directory(self, path: Path) -> None:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def write_all(files: Files, fd: int, data: bytes, offset: int) -> None:
    """Raises OSError; what was written until then stays in the file."""
    while data:
        taken = files.write(fd, data, offset)
        data = data[taken:]
        offset += taken


def make_folder(path: Path) -> None:
    """``path`` and what is missing above it, durably, or a power cut could take their files with them. Raises OSError."""
    if path.is_dir():
        return
    if not path.parent.is_dir():
        make_folder(path.parent)
    path.mkdir(mode=0o700, exist_ok=True)
    OsFiles().sync_directory(path.parent)


def replace_file(files: Files, path: Path, data: bytes) -> None:
    """Put ``data`` in place of ``path`` at once: a reader, and a crash, see the old or the new file whole."""
    temporary = path.with_name(path.name + ".tmp")
    files.unlink(temporary)
    fd = files.open(temporary, create=True)
    try:
        write_all(files, fd, data, 0)
        files.datasync(fd)
    finally:
        files.close(fd)
    files.rename(temporary, path)
