"""Tiles answer for any subtree what the leaves would."""

import errno
import os
from pathlib import Path

import pytest

from passgate.ledger.merkle import CompactRange, inclusion_proof, leaf_hash, root_from_inclusion
from passgate.ledger.tiles import Tiles
from tests.faults.kit import flip

SIZE = 700  # more than two tiles of 256


def hashes(count: int) -> list[bytes]:
    return [leaf_hash(b"%d" % n) for n in range(count)]


def grown(tiles: Tiles, tree: CompactRange, leaves: list[bytes]) -> None:
    completed: list[tuple[int, bytes]] = []
    for leaf in leaves:
        tree.append(leaf, completed)
    tiles.take(completed)
    tiles.flush()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Tiles(tmp_path / "tiles") as tiles:
        grown(tiles, CompactRange(), hashes(SIZE))
    return tmp_path / "tiles"


def root(size: int) -> bytes:
    tree = CompactRange()
    for leaf in hashes(size):
        tree.append(leaf)
    return tree.root()


@pytest.mark.parametrize("size", [1, 2, 255, 256, 257, 511, 512, 513, SIZE])
def test_the_head_at_any_size(folder: Path, size: int) -> None:
    with Tiles(folder, writable=False) as tiles:
        assert tiles.size == SIZE
        assert tiles.range(size).root() == root(size)
        assert tiles.leads_to(size, root(size))
        assert not tiles.leads_to(size, bytes(32))


def test_proofs_from_tiles(folder: Path) -> None:
    with Tiles(folder, writable=False) as tiles:
        for index in range(0, SIZE, 37):
            proof = inclusion_proof(index, SIZE, tiles.node)
            assert root_from_inclusion(index, SIZE, hashes(index + 1)[-1], proof) == root(SIZE)


def test_what_is_not_held(folder: Path) -> None:
    with Tiles(folder, writable=False) as tiles:
        with pytest.raises(ValueError, match="no subtree 0/700"):
            tiles.node(0, SIZE)
        with pytest.raises(ValueError, match="no tile holds level 40"):
            tiles.node(40, 0)
        assert not tiles.leads_to(SIZE + 1, root(SIZE))


@pytest.mark.parametrize("keep", [0, 1, 256, 300, 512])
def test_truncated_tiles_grow_again(folder: Path, keep: int) -> None:
    with Tiles(folder) as tiles:
        tree = tiles.range(keep)
        tiles.take([(0, bytes(32))])  # not flushed: forgotten by the truncation
        tiles.truncate(keep)
        assert tiles.size == keep
        grown(tiles, tree, hashes(SIZE)[keep:])
        assert tiles.leads_to(SIZE, root(SIZE))


def test_a_flipped_bit_shows(folder: Path) -> None:
    flip(folder / "0", 32 * (SIZE - 1))
    with Tiles(folder, writable=False) as tiles:
        assert not tiles.leads_to(SIZE, root(SIZE))


def test_tiles_that_cannot_be_written_hold_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Tiles(tmp_path / "tiles") as tiles:
        grown(tiles, CompactRange(), hashes(3))
        monkeypatch.setattr(os, "pwrite", lambda *_: 0)
        with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
            grown(tiles, CompactRange(), hashes(3))
        monkeypatch.undo()
        grown(tiles, CompactRange(), hashes(3))  # given up: nothing more is kept until they are built anew
        assert tiles.size == 0
    assert (tmp_path / "tiles" / "0").stat().st_size == 0
