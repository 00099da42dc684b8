"""Secrets in files."""

import asyncio
import logging
import os
from pathlib import Path

import pytest

from passgate.core.errors import SecretUnavailableError
from passgate.credentials.file import FileCredential


def obtain(credential: FileCredential) -> str:
    return asyncio.run(credential.obtain())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.touch(mode=0o600)
    return path


@pytest.mark.parametrize("content", ["hunter2", "hunter2\n", "hunter2\r\n", "hunter2\nsecond line\n"])
def test_the_first_line_without_its_end(path: Path, content: str, caplog: pytest.LogCaptureFixture) -> None:
    path.write_text(content)
    assert obtain(FileCredential(path=path)) == "hunter2"
    assert caplog.records == []


def test_a_rotated_file_is_followed(path: Path) -> None:
    credential = FileCredential(path=path)
    path.write_text("one")
    assert obtain(credential) == "one"
    path.write_text("two")
    assert obtain(credential) == "two"
    assert "two" not in repr(credential)


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o666])
def test_a_file_open_to_everybody_is_refused(path: Path, mode: int) -> None:
    path.write_text("hunter2")
    path.chmod(mode)
    with pytest.raises(SecretUnavailableError, match="open to everybody: chmod 600") as caught:
        obtain(FileCredential(path=path))
    assert "hunter2" not in str(caught.value)


def test_a_file_open_to_its_group_is_warned_of(path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path.write_text("hunter2")
    path.chmod(0o640)
    with caplog.at_level(logging.WARNING):
        assert obtain(FileCredential(path=path)) == "hunter2"
    assert "open to its group" in caplog.text
    assert "hunter2" not in caplog.text


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "holds no secret"),
        (b"\nx", "holds no secret"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"h" * 5000, "is longer than 4096"),
    ],
)
def test_contents_that_are_no_password(path: Path, content: bytes, problem: str) -> None:
    path.write_bytes(content)
    with pytest.raises(SecretUnavailableError, match=problem) as caught:
        obtain(FileCredential(path=path))
    assert caught.value.__cause__ is None


def test_what_is_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(SecretUnavailableError, match="cannot be read: No such file"):
        obtain(FileCredential(path=tmp_path / "none"))
    with pytest.raises(SecretUnavailableError, match="not a regular file"):
        obtain(FileCredential(path=Path("/dev/null")))
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(SecretUnavailableError, match="not a regular file"):  # and does not wait for a writer
        obtain(FileCredential(path=tmp_path / "pipe"))


async def test_what_kubernetes_mounts_may_be_read_by_all_and_written_by_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "token"
    path.write_text("e.y.J\n")
    path.chmod(0o644)
    assert await FileCredential(path=path, mounted=True).obtain() == "e.y.J"
    path.chmod(0o646)
    with pytest.raises(SecretUnavailableError, match="open to everybody"):
        await FileCredential(path=path, mounted=True).obtain()


def test_a_folder_is_refused_and_costs_no_descriptor(tmp_path: Path) -> None:
    """Class: what a refusal leaves open. A folder mounted where a file was meant is asked for at every session."""
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        with pytest.raises(SecretUnavailableError, match="not a regular file"):
            FileCredential(path=tmp_path).read()
    assert len(os.listdir("/proc/self/fd")) == before
