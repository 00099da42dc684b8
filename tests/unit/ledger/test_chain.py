"""Where the chain of frames, seals and heads breaks. (Most of it is in tests/faults/test_tampering.py.)"""

from dataclasses import replace
from pathlib import Path

import pytest

from passgate.ledger.chain import ChainCheck, Expected
from passgate.ledger.checkpoint import Seal
from passgate.ledger.claims import Claim
from passgate.ledger.reader import LogReader
from passgate.ledger.segment import first_leaf, segment_paths
from tests.faults.kit import SMALL, a_record, edit, fill, flip, open_log


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Thirty entries in several segments."""
    log = open_log(tmp_path, replace(SMALL, segment_bytes=1000, reserve_bytes=0))
    fill(log, 10)
    log.close()
    return tmp_path


def checked(folder: Path, *expected: Expected) -> tuple[ChainCheck, list[int]]:
    check = ChainCheck(LogReader(folder), expected)
    return check, [entry.index for entry in check.entries()]


def the_fault(check: ChainCheck) -> tuple[Claim, int | None, str, str]:
    (fault,) = check.faults
    return fault.claim, fault.index, fault.segment, fault.what


def test_a_whole_chain(folder: Path) -> None:
    check, indexes = checked(folder)
    assert (check.faults, check.size, check.seals, indexes) == ([], 30, 10, list(range(30)))
    assert check.head == LogReader(folder).head()


def test_a_flip_in_an_older_segment_names_the_entry(folder: Path) -> None:
    path = segment_paths(folder)[1]
    data = path.read_bytes()
    first = first_leaf(path)
    flip(path, data.index(a_record(first + 2).leaf) + 3)
    check, indexes = checked(folder)
    claim, index, segment, what = the_fault(check)
    assert (claim, index, segment) == (Claim.C3, first + 2, path.name)
    assert what == "broken frame: the CRC does not match"
    assert indexes == list(range(first))


def test_a_missing_segment(folder: Path) -> None:
    paths = segment_paths(folder)
    paths[1].unlink()
    claim, index, segment, what = the_fault(checked(folder)[0])
    assert (claim, segment) == (Claim.C3, paths[2].name)
    assert f"begins with entry {int(paths[2].stem[4:])}, the one before it ended with {index}" in what


def test_a_header_that_is_damaged(folder: Path) -> None:
    path = segment_paths(folder)[2]
    flip(path, 30)
    claim, _, _, what = the_fault(checked(folder)[0])
    assert (claim, "header is broken" in what) == (Claim.C3, True)


def test_entries_that_were_never_sealed_are_no_fault_at_the_end_only(folder: Path) -> None:
    from passgate.ledger.frames import FrameKind, encode

    loose = encode(FrameKind.LEAF, a_record(99).leaf)
    last, first = segment_paths(folder)[-1], segment_paths(folder)[0]
    edit(last, lambda data: data.extend(loose))
    check, indexes = checked(folder)
    assert (check.faults, check.tail.data, len(indexes)) == ([], loose, 30)
    edit(first, lambda data: data.extend(loose))
    claim, index, segment, what = the_fault(checked(folder)[0])
    assert (claim, segment, what) == (Claim.C3, first.name, "entries without a seal")
    assert index is not None


def test_a_changed_batch_without_tiles_names_the_batch(folder: Path) -> None:
    from passgate.ledger.frames import FrameKind, encode

    leaf = a_record(1).leaf
    changed = leaf.replace(b"E1", b"X1")
    path = segment_paths(folder)[0]
    path.write_bytes(path.read_bytes().replace(encode(FrameKind.LEAF, leaf), encode(FrameKind.LEAF, changed)))
    assert the_fault(checked(folder)[0])[1:] == (1, path.name, "the entry is not what was sealed")
    for tile in (folder / "tiles").iterdir():
        tile.write_bytes(b"")
    assert the_fault(checked(folder)[0])[3] == "entries 0 to 2 do not hash to what was sealed"
    for tile in (folder / "tiles").iterdir():
        tile.unlink()
    (folder / "tiles").rmdir()
    assert the_fault(checked(folder)[0])[3] == "entries 0 to 2 do not hash to what was sealed"


def test_a_sealed_leaf_that_is_no_event(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    log.commit([a_record(0), a_record(1)._replace(leaf=b"{}")])
    log.close()
    claim, index, _, what = the_fault(checked(tmp_path)[0])
    assert (claim, index, what) == (Claim.C3, 1, "not an event: no id")


def test_an_expected_head_of_nothing(folder: Path) -> None:
    wrong = Expected(seal=Seal(0, bytes(32), bytes(64)), source="the given checkpoint", outside=True)
    claim, index, _, what = the_fault(checked(folder, wrong)[0])
    assert (claim, index) == (Claim.C5, None)
    assert what == "the first 0 entries do not hash to what the given checkpoint says"
