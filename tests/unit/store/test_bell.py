"""What one process rings another hears at once."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from passgate.core.errors import StoreError
from passgate.store.bell import Bell

RING = "import pathlib, sys; from passgate.store.bell import Bell; b = Bell(pathlib.Path(sys.argv[1])); b.ring(); b.close()"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "tasks.bell"


@pytest.fixture
def bell(place: Path) -> Iterator[Bell]:
    bell = Bell(place)
    yield bell
    bell.close()


def test_a_ring_is_heard_by_every_listener_and_silence_too(bell: Bell, place: Path) -> None:
    other = Bell(place)
    before = bell.heard()
    assert other.heard() == before == bell.heard()
    other.ring()
    assert bell.heard() == other.heard() != before
    other.close()


def test_another_process_is_heard_without_a_word(bell: Bell, place: Path) -> None:
    before = bell.heard()
    subprocess.run([sys.executable, "-c", RING, str(place)], check=True)
    assert bell.heard() != before


def test_rings_never_look_like_silence(bell: Bell) -> None:
    heard = {bell.heard()}
    for _ in range(1000):
        bell.ring()
        heard.add(bell.heard())
    assert len(heard) == 1001


def test_it_is_its_owners_alone(bell: Bell, place: Path) -> None:
    assert place.stat().st_mode & 0o777 == 0o600
    bell.check()


def test_a_file_that_others_do_not_share_is_noticed(bell: Bell, place: Path) -> None:
    place.unlink()
    with pytest.raises(StoreError, match="is gone"):
        bell.check()
    another = Bell(place)
    with pytest.raises(StoreError, match="was replaced while it was in use"):
        bell.check()
    another.check()
    another.close()


def test_a_place_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be shared with the other processes"):
        Bell(tmp_path / "missing" / "bell")
    with pytest.raises(StoreError, match="cannot be shared"):
        Bell(tmp_path)
