"""The unit of a segment file: ``length u32 | crc32 u32 | kind u8 | payload``, little endian.

``length`` counts the payload; the CRC covers kind and payload. A length of zero with a CRC of zero is what unwritten, preallocated
space reads as, so it ends a segment. The CRC finds accidents; only the seal's signature finds intent.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from struct import Struct

_HEAD = Struct("<IIB")
HEAD_BYTES = _HEAD.size
MAX_PAYLOAD = 32 * 1024 * 1024


class FrameKind(IntEnum):
    HEADER = 1  # first frame of a segment: where the log stood when it began
    LEAF = 2  # one event's envelope, exactly as hashed into the tree
    PAYLOAD = 3  # encrypted text that a leaf names by the hash of its ciphertext
    SEAL = 4  # closes a batch


_KINDS = {int(kind): kind for kind in FrameKind}
_CRC_SEEDS = {kind: zlib.crc32(bytes([kind])) for kind in _KINDS}


@dataclass(frozen=True, slots=True)
class Frame:
    """``start`` and ``end`` are byte offsets in the file; ``payload`` is a copy."""

    kind: FrameKind
    payload: bytes
    start: int
    end: int


class BrokenFrameError(ValueError):
    """The bytes are not a whole frame."""

    def __init__(self, offset: int, why: str) -> None:
        super().__init__(f"at byte {offset}: {why}")
        self.offset = offset
        self.why = why


def head(kind: int, payload: bytes) -> bytes:
    """The nine bytes that go before ``payload``."""
    return _HEAD.pack(len(payload), zlib.crc32(payload, _CRC_SEEDS[kind]), kind)


def encode(kind: FrameKind, payload: bytes) -> bytes:
    """Raises ValueError for a payload that no reader would take."""
    if not 0 < len(payload) <= MAX_PAYLOAD:
        raise ValueError(f"a frame holds 1 to {MAX_PAYLOAD} bytes, not {len(payload)}")
    return head(kind, payload) + payload


def decode(data: memoryview, offset: int, base: int = 0) -> Frame | None:
    """The frame at ``offset``; None at the end of the data or where unwritten space begins. Raises BrokenFrameError.

    ``base``: where in the file the data begins; what is said counts from the file's beginning.
    """
    at = base + offset
    left = len(data) - offset
    if left == 0:
        return None
    if left < HEAD_BYTES:
        if any(data[offset:]):
            raise BrokenFrameError(at, "the frame's head is cut short")
        return None
    length, crc, kind = _HEAD.unpack_from(data, offset)
    if length == 0:
        if crc == 0 and kind == 0:
            return None
        raise BrokenFrameError(at, "an empty frame")
    if length > MAX_PAYLOAD or kind not in _KINDS:
        raise BrokenFrameError(at, "no such frame")
    begin = offset + HEAD_BYTES
    end = begin + length
    if end > len(data):
        raise BrokenFrameError(at, "the frame is cut short")
    payload = bytes(data[begin:end])
    if zlib.crc32(payload, _CRC_SEEDS[kind]) != crc:
        raise BrokenFrameError(at, "the CRC does not match")
    return Frame(_KINDS[kind], payload, at, base + end)


def frames(data: memoryview, offset: int = 0) -> Iterator[Frame]:
    """Every frame from ``offset`` until unwritten space. Raises BrokenFrameError."""
    while (frame := decode(data, offset)) is not None:
        yield frame
        offset = frame.end
