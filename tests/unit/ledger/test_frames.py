"""A frame read is a frame written, or it is broken: nothing in between."""

import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.ledger.frames import HEAD_BYTES, MAX_PAYLOAD, BrokenFrameError, Frame, FrameKind, decode, encode, frames

kinds = st.sampled_from(FrameKind)
payloads = st.binary(min_size=1, max_size=200)


def broken(data: bytes) -> str:
    """Why ``data`` is not a whole frame; empty if it reads as one or as the end."""
    try:
        decode(memoryview(data), 0)
    except BrokenFrameError as error:
        return error.why
    return ""


@given(st.lists(st.tuples(kinds, payloads), max_size=8), st.integers(0, 40))
def test_what_was_written_is_read_up_to_unwritten_space(written: list[tuple[FrameKind, bytes]], zeros: int) -> None:
    data = b"".join(encode(kind, payload) for kind, payload in written) + bytes(zeros)
    read = list(frames(memoryview(data)))
    assert [(frame.kind, frame.payload) for frame in read] == written
    assert [frame.start for frame in read][1:] == [frame.end for frame in read][:-1]


@given(kinds, payloads, st.data())
def test_any_flipped_bit_is_found(kind: FrameKind, payload: bytes, data: st.DataObject) -> None:
    frame = bytearray(encode(kind, payload))
    bit = data.draw(st.integers(0, len(frame) * 8 - 1))
    frame[bit // 8] ^= 1 << bit % 8
    assert broken(bytes(frame))


@given(kinds, payloads, st.data())
def test_a_cut_frame_is_broken(kind: FrameKind, payload: bytes, data: st.DataObject) -> None:
    frame = encode(kind, payload)
    cut = data.draw(st.integers(1, len(frame) - 1))
    assert broken(frame[:cut]) == ("the frame's head is cut short" if cut < HEAD_BYTES else "the frame is cut short")


@given(st.binary(max_size=300))
def test_any_bytes_are_frames_or_broken(data: bytes) -> None:
    read, place = list[Frame](), 0
    try:
        for frame in frames(memoryview(data)):
            read.append(frame)
    except BrokenFrameError as error:
        place = error.offset
    assert all(data[frame.start : frame.end] == encode(frame.kind, frame.payload) for frame in read)
    assert place in (0, read[-1].end if read else 0)


def test_the_layout() -> None:
    assert encode(FrameKind.LEAF, b"x") == b"\1\0\0\0" + binascii.crc32(b"\2x").to_bytes(4, "little") + b"\2x"
    assert decode(memoryview(encode(FrameKind.LEAF, b"x")), 0) == Frame(FrameKind.LEAF, b"x", 0, 10)


@pytest.mark.parametrize(
    ("head", "why"),
    [
        (b"\0\0\0\0\1\0\0\0\0", "an empty frame"),
        (b"\0\0\0\0\0\0\0\0\1", "an empty frame"),
        (b"\1\0\0\0\0\0\0\0\x09x", "no such frame"),
        ((MAX_PAYLOAD + 1).to_bytes(4, "little") + b"\0\0\0\0\2", "no such frame"),
    ],
)
def test_heads_that_nobody_writes(head: bytes, why: str) -> None:
    assert broken(head) == why


@pytest.mark.parametrize("payload", [b"", bytes(MAX_PAYLOAD + 1)])
def test_a_payload_that_no_reader_would_take_is_not_written(payload: bytes) -> None:
    with pytest.raises(ValueError, match="a frame holds 1 to"):
        encode(FrameKind.LEAF, payload)
