"""Segments: sealed batches, whatever follows them."""

import os
from pathlib import Path

import pytest

from passgate.core.errors import LedgerCorruptError
from passgate.ledger.checkpoint import seal
from passgate.ledger.files import OsFiles
from passgate.ledger.frames import FrameKind, encode
from passgate.ledger.merkle import CompactRange, leaf_hash
from passgate.ledger.segment import (
    SegmentHeader,
    SegmentReader,
    SegmentWriter,
    first_leaf,
    read_segment,
    segment_name,
    segment_paths,
)
from passgate.ledger.window import Window
from tests.faults.kit import FailingFiles, fill, open_log, signer


def header(first: int = 0, signature: bytes = b"", **changes: object) -> SegmentHeader:
    tree = CompactRange()
    for n in range(first):
        tree.append(leaf_hash(b"%d" % n))
    values: dict[str, object] = {
        "origin": signer().verifier.name,
        "first": first,
        "epoch": 2,
        "range": tree,
        "signature": signature or (seal(first, tree.root(), signer()).signature if first else b""),
        "open_intents": {"E1": "S1"},
    }
    return SegmentHeader(**{**values, **changes})  # type: ignore[arg-type]


def reader(data: bytes, first: int = 0) -> SegmentReader:
    fd = os.memfd_create("segment")
    os.write(fd, data)
    return SegmentReader(Path(segment_name(first)), Window(fd))


def test_segments_sort_in_log_order(tmp_path: Path) -> None:
    for first in (10, 2, 0, 100):
        (tmp_path / segment_name(first)).touch()
    (tmp_path / "reserve").touch()
    assert [first_leaf(path) for path in segment_paths(tmp_path)] == [0, 2, 10, 100]
    with pytest.raises(LedgerCorruptError, match="not a segment's name"):
        first_leaf(Path("seg-x.log"))


@pytest.mark.parametrize("first", [0, 1, 5, 8])
def test_a_header_read_back_says_the_same(first: int) -> None:
    read = reader(header(first).frame(), first).header
    assert (read.origin, read.first, read.epoch, read.open_intents) == (signer().verifier.name, first, 2, {"E1": "S1"})
    assert read.range.root() == header(first).range.root()
    read.check(signer().verifier)


def test_a_header_that_nobody_signed_is_refused() -> None:
    verifier = signer().verifier
    with pytest.raises(LedgerCorruptError, match="does not begin with what was signed"):
        header(5, signature=bytes(64)).check(verifier)
    with pytest.raises(LedgerCorruptError, match="begin with an empty tree"):
        header(0, signature=bytes(64)).check(verifier)
    with pytest.raises(LedgerCorruptError, match=r"belongs to audit\.local/gate-w0"):
        header(0).check(signer(origin="audit.local/other-w0").verifier)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"[]", "header is malformed"),
        (b"{", "header is malformed"),
        (b'{"v":1}', "header is malformed"),
        (b'{"v":9}', "segment version 9"),
        (b'{"v":1,"origin":"o","first":3,"epoch":1,"range":[],"signature":"","open":{}}', "a tree of 3 has 2 subtrees"),
        (b'{"v":1,"origin":"o","first":0,"epoch":1,"range":[],"signature":"zz","open":{}}', "header is malformed"),
    ],
)
def test_a_malformed_header(payload: bytes, why: str) -> None:
    with pytest.raises(LedgerCorruptError, match=why):
        reader(encode(FrameKind.HEADER, payload))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (bytes(100), "has no header"),
        (encode(FrameKind.LEAF, b"x"), "has no header"),
        (b"\xff" * 100, "the header is broken"),
        (header(5).frame(), "begins with leaf 5"),
    ],
)
def test_what_is_no_segment(data: bytes, why: str) -> None:
    with pytest.raises(LedgerCorruptError, match=why):
        reader(data)


def test_an_empty_file_is_no_segment(tmp_path: Path) -> None:
    path = tmp_path / segment_name(0)
    path.touch()
    with pytest.raises(LedgerCorruptError, match="is empty"), read_segment(path):
        pass


def test_leaves_payloads_and_seals_are_read_batch_by_batch(tmp_path: Path) -> None:
    log = open_log(tmp_path)
    fill(log, 3)
    log.close()
    with read_segment(segment_paths(tmp_path)[0]) as segment:
        batches = list(segment.batches())
        assert segment.tail is not None
        assert (segment.tail.data, segment.tail.unwritten, segment.tail.broken) == (b"", True, "")
    assert [len(batch.leaves) for batch in batches] == [3, 3, 3]
    assert [batch.seal.size for batch in batches] == [3, 6, 9]
    assert [list(batch.payloads.values()) for batch in batches] == [[b"ciphertext 1"]] * 3


@pytest.mark.parametrize(
    ("rest", "broken", "leaves"),
    [
        (encode(FrameKind.LEAF, b"unsealed"), "", 1),
        (encode(FrameKind.LEAF, b"unsealed") + b"\xff\xff", "the frame's head is cut short", 1),
        (encode(FrameKind.HEADER, b"x"), "a header inside the segment", 0),
        (bytes(50), "", 0),
    ],
)
def test_what_follows_the_last_seal_is_the_tail(rest: bytes, broken: str, leaves: int) -> None:
    begin = header().frame()
    segment = reader(begin + rest)
    assert list(segment.batches()) == []
    assert segment.tail is not None
    assert (segment.tail.offset, segment.tail.data, segment.tail.leaves) == (len(begin), rest, leaves)
    assert broken in segment.tail.broken
    assert bool(segment.tail.broken) == bool(broken)


def test_a_segment_with_half_a_header_does_not_exist(tmp_path: Path) -> None:
    for operation in ("write", "datasync", "rename", "sync_directory"):
        folder = tmp_path / operation
        folder.mkdir()
        with pytest.raises(OSError, match="Input/output error"):
            SegmentWriter.create(folder, header(), FailingFiles(broken={operation: 5}))
        for path in segment_paths(folder):
            with read_segment(path) as segment:
                assert segment.header.first == 0
    SegmentWriter.create(tmp_path / "write", header(), OsFiles()).close()
    assert len(segment_paths(tmp_path / "write")) == 1


def test_going_on_cuts_what_follows(tmp_path: Path) -> None:
    writer = SegmentWriter.create(tmp_path, header(), OsFiles())
    offset = writer.offset
    writer.write(b"torn")
    writer.close()
    SegmentWriter.resume(writer.path, offset, OsFiles()).close()
    assert writer.path.stat().st_size == offset
    writer.path.write_bytes(writer.path.read_bytes() + b"torn")
    with pytest.raises(OSError, match="Input/output error"):
        SegmentWriter.resume(writer.path, offset, FailingFiles(broken={"truncate": 5}))


def test_what_was_claimed_ahead_is_unwritten_again_and_not_given_back(tmp_path: Path) -> None:
    writer = SegmentWriter.create(tmp_path, header(), OsFiles())
    writer.write(bytes(range(1, 100)) * 5)
    writer.limit = writer.offset + 200
    writer.cut(495)
    writer.close()
    assert writer.path.read_bytes()[writer.offset : writer.limit] == bytes(200)
