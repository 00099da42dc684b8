"""Where a log stands, or why it must not be touched. (The faults themselves are in tests/faults.)"""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from passgate.core.errors import LedgerCorruptError
from passgate.ledger.checkpoint import Seal, seal
from passgate.ledger.frames import FrameKind, encode
from passgate.ledger.merkle import CompactRange, leaf_hash
from passgate.ledger.recovery import Recovered, recover, seals_in
from passgate.ledger.segment import segment_paths
from tests.faults.kit import SMALL, a_record, fill, flip, open_log, signer

TINY = replace(SMALL, segment_bytes=1000, reserve_bytes=0)


def recovered(folder: Path, *known: Seal) -> Recovered:
    return recover(folder, signer().verifier, known)


def head_of(size: int) -> Seal:
    tree = CompactRange()
    for n in range(size):
        tree.append(leaf_hash(a_record(n).leaf))
    return seal(size, tree.root(), signer())


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """Thirty entries in several segments."""
    log = open_log(tmp_path, TINY)
    fill(log, 10)
    log.close()
    assert len(segment_paths(tmp_path)) > 3
    return tmp_path


def test_a_log_that_never_began(tmp_path: Path) -> None:
    found = recovered(tmp_path)
    assert (found.segment, found.standing.range.size) == (None, 0)
    with pytest.raises(LedgerCorruptError, match="3 entries is known, but the log is empty"):
        recovered(tmp_path, head_of(3))


def test_only_the_last_segment_is_read_where_the_checkpoint_reaches_it(many: Path) -> None:
    flip(segment_paths(many)[0], 900)  # for verify to find, not for every start
    found = recovered(many, head_of(30))
    assert found.standing.range.size == 30
    assert found.standing.range.root() == head_of(30).root
    assert found.standing.scanned_from > 0
    assert found.standing.last_seal == head_of(30)


@pytest.mark.parametrize("size", [1, 4, 15, 29, 30])
def test_an_older_checkpoint_is_compared_at_its_own_size(many: Path, size: int) -> None:
    assert recovered(many, head_of(size)).standing.range.size == 30
    wrong = replace(head_of(size), root=bytes(32))
    with pytest.raises(LedgerCorruptError, match=f"first {size} entries do not hash"):
        recovered(many, wrong)


def test_a_checkpoint_beyond_the_end(many: Path) -> None:
    with pytest.raises(LedgerCorruptError, match="31 entries was signed, but only 30 are left"):
        recovered(many, head_of(31))


def test_a_segment_taken_out_of_the_middle(many: Path) -> None:
    segment_paths(many)[2].unlink()
    with pytest.raises(LedgerCorruptError, match="does not go on where the segment before it ended"):
        recovered(many, head_of(1))


def test_a_broken_segment_that_is_not_the_last(many: Path) -> None:
    path = segment_paths(many)[1]
    flip(path, path.stat().st_size - 50)
    with pytest.raises(LedgerCorruptError, match="is broken at byte"):
        recovered(many, head_of(1))


def test_a_last_segment_without_a_batch(many: Path) -> None:
    """A crash between a new segment and its first batch."""
    path = segment_paths(many)[-1]
    with path.open("rb") as file:
        first = file.read()
    header_end = 9 + int.from_bytes(first[:4], "little")
    path.write_bytes(first[:header_end])
    found = recovered(many)
    assert found.standing.range.size == found.standing.scanned_from
    assert found.standing.last_seal == head_of(found.standing.range.size)


def test_a_seal_with_a_wrong_signature(tmp_path: Path) -> None:
    log = open_log(tmp_path, TINY)
    fill(log, 1)
    log.close()
    path = segment_paths(tmp_path)[0]
    data = path.read_bytes()
    forged = replace(head_of(3), signature=bytes(64))
    path.write_bytes(data[: -len(encode(FrameKind.SEAL, forged.payload()))] + encode(FrameKind.SEAL, forged.payload()))
    with pytest.raises(LedgerCorruptError, match="seal at 3 entries has a wrong signature"):
        recovered(tmp_path)


def test_a_seal_that_is_not_of_its_entries(tmp_path: Path) -> None:
    log = open_log(tmp_path, TINY)
    fill(log, 2)
    log.close()
    path = segment_paths(tmp_path)[0]
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"id":"E4"', b'"id":"X4"'))
    with pytest.raises(LedgerCorruptError, match="is broken"):  # the CRC finds it first
        recovered(tmp_path)
    leaf = a_record(4).leaf
    changed = leaf.replace(b"E4", b"X4")
    path.write_bytes(data.replace(encode(FrameKind.LEAF, leaf), encode(FrameKind.LEAF, changed)))
    with pytest.raises(LedgerCorruptError, match="entries 3 to 6 do not hash to what was sealed"):
        recovered(tmp_path)


@pytest.mark.parametrize("leaf", [b"not json", b"{}", b"[]"])
def test_a_sealed_leaf_that_is_no_event(tmp_path: Path, leaf: bytes) -> None:
    log = open_log(tmp_path, TINY)
    log.commit([a_record(0)._replace(leaf=leaf)])
    log.close()
    with pytest.raises(LedgerCorruptError, match="not an event"):
        recovered(tmp_path)


def test_seals_are_found_between_garbage() -> None:
    one, two = (encode(FrameKind.SEAL, head_of(n).payload()) for n in (1, 2))
    data = b"\x04garbage" + one + b"\4\4\4" + two[:-1] + b"\0" + two + b"\4"
    found = list(seals_in(data))
    assert [seal.size for seal, _ in found] == [1, 2]
    assert all(data[offset:].startswith((one, two)) for _, offset in found)


def test_recovery_changes_nothing(many: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    before = {path.name: path.read_bytes() for path in segment_paths(many)}
    path = segment_paths(many)[-1]
    path.write_bytes(before[path.name] + b"torn")
    recovered(many)
    assert path.read_bytes() == before[path.name] + b"torn"
    copy = tmp_path_factory.mktemp("copy") / "log"
    shutil.copytree(many, copy)
    assert recovered(copy).tail.data == b"torn"
