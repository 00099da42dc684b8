"""The real file operations, and the two that are built on them."""

import os
import stat
from pathlib import Path

import pytest

from passgate.ledger.files import OsFiles, replace_file, write_all
from tests.faults.kit import FailingFiles


def test_a_new_file_belongs_to_its_owner_alone_and_is_made_once(tmp_path: Path) -> None:
    files, path = OsFiles(), tmp_path / "new"
    fd = files.open(path, create=True)
    files.close(fd)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(FileExistsError):
        files.open(path, create=True)
    with pytest.raises(FileNotFoundError):
        files.open(tmp_path / "other", create=False)


def test_allocated_space_reads_as_zeros_and_truncation_gives_it_back(tmp_path: Path) -> None:
    files, path = OsFiles(), tmp_path / "new"
    fd = files.open(path, create=True)
    files.allocate(fd, 8192)
    files.datasync(fd)
    assert path.read_bytes() == bytes(8192)
    files.truncate(fd, 3)
    files.close(fd)
    assert path.stat().st_size == 3


class ShortWrites(OsFiles):
    """Takes at most three bytes at a time."""

    def write(self, fd: int, data: bytes, offset: int) -> int:
        return super().write(fd, data[:3], offset)


def test_a_short_write_goes_on(tmp_path: Path) -> None:
    files = ShortWrites()
    fd = files.open(tmp_path / "new", create=True)
    write_all(files, fd, b"0123456789", 2)
    files.close(fd)
    assert (tmp_path / "new").read_bytes() == b"\0\x000123456789"


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint"
    replace_file(OsFiles(), path, b"old")
    with pytest.raises(OSError, match=os.strerror(5)):
        replace_file(FailingFiles(broken={"datasync": 5}), path, b"new")
    assert path.read_bytes() == b"old"
    replace_file(OsFiles(), path, b"new")  # what the failure left behind does not stand in the way
    assert path.read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["checkpoint"]
