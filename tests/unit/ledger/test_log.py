"""One log: batches, rotation, checkpoints, the reserve."""

import errno
from dataclasses import replace
from pathlib import Path

import pytest

from passgate.core.errors import LedgerCorruptError, LedgerUnavailableError
from passgate.ledger.checkpoint import open_checkpoint
from passgate.ledger.files import OsFiles
from passgate.ledger.log import CHECKPOINT, RESERVE, DiskError, Log, NoSpaceError, known_checkpoints
from passgate.ledger.merkle import CompactRange, leaf_hash
from passgate.ledger.segment import segment_paths
from passgate.ledger.tiles import Tiles
from tests.faults.kit import SMALL, FailingFiles, a_record, fill, flip, open_log, signer

TINY = replace(SMALL, segment_bytes=1000)


def root_of(size: int) -> bytes:
    tree = CompactRange()
    for n in range(size):
        tree.append(leaf_hash(a_record(n).leaf))
    return tree.root()


def published(folder: Path, name: str = CHECKPOINT) -> tuple[int, bytes]:
    seal = open_checkpoint((folder / name).read_bytes(), signer().verifier)
    return seal.size, seal.root


def test_a_log_goes_on_where_it_ended(tmp_path: Path) -> None:
    for round_ in range(3):
        log = open_log(tmp_path, TINY)
        assert log.size == round_ * 12
        fill(log, 4)
        log.publish()
        log.close()
    assert published(tmp_path) == (36, root_of(36))
    assert len(segment_paths(tmp_path)) > 5
    with Tiles(tmp_path / "tiles", writable=False) as tiles:
        assert tiles.leads_to(36, root_of(36))


def test_a_checkpoint_is_due_when_there_is_something_new_and_time_has_passed(tmp_path: Path) -> None:
    log = open_log(tmp_path, replace(SMALL, checkpoint_seconds=3600))
    assert not log.due
    fill(log, 1)
    assert log.due
    log.publish()
    fill(log, 1)
    assert not log.due
    log.close()
    log = open_log(tmp_path, replace(SMALL, checkpoint_seconds=0))
    log.publish()
    assert not log.due
    fill(log, 1)
    assert log.due
    log.close()


def test_nothing_is_published_of_an_empty_log(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    log.publish()
    log.close()
    assert not (tmp_path / CHECKPOINT).exists()


def test_copies_of_the_checkpoint_are_compared_with_too(tmp_path: Path) -> None:
    """A second volume outlives a rollback of the first."""
    second = tmp_path / "second"
    second.mkdir()
    settings = replace(SMALL, checkpoint_copies=(second,))
    folder = tmp_path / "log"
    log = open_log(folder, settings)
    fill(log, 2)
    log.publish()
    log.close()
    assert published(second, f"log.{CHECKPOINT}") == (6, root_of(6))
    segment_paths(folder)[0].unlink()
    (folder / CHECKPOINT).unlink()
    with pytest.raises(LedgerCorruptError, match="the log is empty"):
        open_log(folder, settings)
    assert [seal.size for seal in known_checkpoints((folder, second), signer().verifier)] == [6]


def test_another_key_does_not_go_on_with_the_log(tmp_path: Path) -> None:
    open_log(tmp_path).close()
    with pytest.raises(LedgerCorruptError, match="signed with another key"):
        Log.open(tmp_path, SMALL, OsFiles(), signer(seed=bytes(32)))
    open_log(tmp_path).close()  # the refused one has let go of the folder


@pytest.mark.parametrize("change", ["gone", "short", "flipped", "no upper level"])
def test_tiles_are_built_anew_where_they_do_not_lead_to_what_was_signed(tmp_path: Path, change: str) -> None:
    log = open_log(tmp_path, replace(SMALL, segment_bytes=20_000))
    fill(log, 100)
    log.close()
    assert len(segment_paths(tmp_path)) > 1
    tiles = tmp_path / "tiles"
    if change == "gone":
        for file in tiles.iterdir():
            file.unlink()
        tiles.rmdir()
    elif change == "short":
        (tiles / "0").write_bytes((tiles / "0").read_bytes()[:-40])
    elif change == "flipped":
        flip(tiles / "0", 32 * 299)
    else:
        (tiles / "1").write_bytes(b"")
    log = open_log(tmp_path, SMALL)
    fill(log, 1)
    log.close()
    with Tiles(tiles, writable=False) as read:
        assert read.size == 303
        assert read.leads_to(303, root_of(303))
        assert read.leads_to(255, root_of(255))


def test_the_reserve_is_used_once_and_claimed_again(tmp_path: Path) -> None:
    files = FailingFiles()
    log = open_log(tmp_path, SMALL, files)
    fill(log, 1)
    log.enter_reserve()
    assert not (tmp_path / RESERVE).exists()
    files.room = 0
    fill(log, 2)
    with pytest.raises(NoSpaceError, match="used up"):
        log.enter_reserve()
    with pytest.raises(NoSpaceError):
        log.leave_reserve()
    files.room = None
    log.leave_reserve()
    assert (tmp_path / RESERVE).stat().st_size == SMALL.reserve_bytes
    fill(log, 2)
    log.publish()
    log.close()
    assert published(tmp_path) == (15, root_of(15))
    log = open_log(tmp_path)
    assert log.size == 15
    log.close()


def test_a_batch_that_does_not_fit_into_the_reserve(tmp_path: Path) -> None:
    log = open_log(tmp_path, replace(SMALL, reserve_bytes=4096))
    fill(log, 1)
    log.enter_reserve()
    with pytest.raises(NoSpaceError, match="the reserve is full"):
        log.commit([a_record(3, bytes(5000))])
    fill(log, 1)
    assert log.size == 6
    log.close()


def test_without_a_reserve_there_is_none_to_go_into(tmp_path: Path) -> None:
    log = open_log(tmp_path, replace(SMALL, reserve_bytes=0))
    with pytest.raises(NoSpaceError):
        log.enter_reserve()
    log.close()


@pytest.mark.parametrize("operation", ["write", "datasync"])
def test_an_error_in_a_batch_is_the_end(tmp_path: Path, operation: str) -> None:
    files = FailingFiles()
    log = open_log(tmp_path, SMALL, files)
    fill(log, 1)
    files.broken[operation] = errno.EIO
    with pytest.raises(DiskError, match="Input/output error"):
        fill(log, 1)
    assert log.size == 3
    log.close()


def test_no_room_leaves_the_log_as_it_was(tmp_path: Path) -> None:
    files = FailingFiles()
    log = open_log(tmp_path, SMALL, files)
    fill(log, 1)
    size = segment_paths(tmp_path)[0].stat().st_size
    files.room = 100
    with pytest.raises(NoSpaceError):
        fill(log, 1)
    assert (log.size, segment_paths(tmp_path)[0].stat().st_size) == (3, size)
    files.room = None
    fill(log, 1)
    log.publish()
    log.close()
    assert published(tmp_path) == (6, root_of(6))


def test_a_torn_batch_that_cannot_be_cut_off_is_the_end(tmp_path: Path) -> None:
    files = FailingFiles(broken={"truncate": errno.EIO})
    log = open_log(tmp_path, SMALL, files)
    fill(log, 1)
    files.room = 100
    with pytest.raises(DiskError, match="cannot be cut off"):
        fill(log, 1)
    log.close()


@pytest.mark.parametrize(("code", "error"), [(errno.EIO, DiskError), (errno.ENOSPC, NoSpaceError)])
def test_what_the_disk_says_when_rotating_publishing_and_reserving(
    tmp_path: Path, code: int, error: type[LedgerUnavailableError]
) -> None:
    files = FailingFiles()
    log = open_log(tmp_path, TINY, files)
    fill(log, 3)
    files.broken["open"] = code
    with pytest.raises(error):
        fill(log, 1)
    with pytest.raises(error):
        log.publish()
    with pytest.raises(DiskError, match="reserve cannot be used"):
        log.enter_reserve()
    (tmp_path / RESERVE).unlink()
    with pytest.raises(error):
        log.leave_reserve()
    log.close()


def test_tiles_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = open_log(tmp_path)
    log.commit([a_record(0)])

    def fail(self: Tiles) -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(Tiles, "flush", fail)
    log.settle()  # no room for a cache is no reason to stop

    def break_(self: Tiles) -> None:
        raise OSError(errno.EIO, "broken")

    monkeypatch.setattr(Tiles, "flush", break_)
    with pytest.raises(DiskError, match="tiles cannot be written"):
        log.settle()
    log.close()


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(LedgerUnavailableError, match="cannot be opened"):
        open_log(tmp_path, SMALL, FailingFiles(broken={"open": errno.EACCES}))
    open_log(tmp_path).close()
