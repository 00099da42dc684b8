"""Replacing a file in one step."""

import os
import stat
from pathlib import Path

import pytest

from passgate.credentials.at_rest.durable_file import replace_durably


def test_it_is_replaced_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")
    path.chmod(0o644)
    replace_durably(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_what_fails_leaves_the_old_one_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "f"
    path.write_bytes(b"old")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        replace_durably(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_roots_work_belongs_to_the_folders_owner(tmp_path: Path) -> None:
    os.chown(tmp_path, 65534, 65534)
    replace_durably(tmp_path / "f", b"new")
    assert (tmp_path / "f").stat().st_uid == 65534
