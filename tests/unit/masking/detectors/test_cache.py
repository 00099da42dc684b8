import os
from pathlib import Path

import pytest

from passgate.masking.detectors.cache import read_database, write_database


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "rules.db"
    assert write_database(path, "key", b"body")
    assert read_database(path, "key") == b"body"
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(path.parent.iterdir()) == [path]


def test_nothing_there(tmp_path: Path) -> None:
    assert read_database(tmp_path / "none", "key") is None


def test_another_key_or_a_changed_byte_is_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "rules.db"
    write_database(path, "key", b"body")
    assert read_database(path, "other") is None
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert read_database(path, "key") is None
    path.write_bytes(whole[:-1])
    assert read_database(path, "key") is None


def test_a_file_that_others_may_write_is_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "rules.db"
    write_database(path, "key", b"body")
    path.chmod(0o666)
    assert read_database(path, "key") is None


def test_a_link_or_a_folder_is_not_trusted(tmp_path: Path) -> None:
    path = tmp_path / "rules.db"
    write_database(path, "key", b"body")
    link = tmp_path / "link.db"
    link.symlink_to(path)
    assert read_database(link, "key") is None


def test_a_folder_that_cannot_be_made_costs_only_time(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert not write_database(tmp_path / "file" / "rules.db", "key", b"body")


def test_a_failed_replace_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: str, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    assert not write_database(tmp_path / "rules.db", "key", b"body")
    assert list(tmp_path.iterdir()) == []
