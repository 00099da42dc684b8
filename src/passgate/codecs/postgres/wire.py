"""Reading and writing the wire's own data types (PostgreSQL manual, "Message Data Types").

A message's body is read with strict lengths: what is missing, left over or not UTF-8 is a RemoteProtocolError. A value that
cannot be written is our mistake, a LocalProtocolError. The gate pins ``client_encoding`` to UTF8 on both sides, so text is
UTF-8 everywhere.
"""

from struct import Struct
from typing import ClassVar, Protocol, Self, final

from librt.strings import read_i16_be, read_i32_be

from passgate.core.errors import LocalProtocolError, RemoteProtocolError

_INT16 = Struct("!h")
_UINT16 = Struct("!H")
_INT32 = Struct("!i")
_UINT32 = Struct("!I")
_HEADER = Struct("!BI")

HEADER_LENGTH = 5  # type byte and length word


class Message(Protocol):
    """``TYPE`` is the message's first byte as a number; two messages of different directions may share one."""

    TYPE: ClassVar[int]

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read the body, header excluded. Raises RemoteProtocolError."""

    def encode(self) -> bytes:
        """The whole message, header included. Raises LocalProtocolError."""


@final
class Reader:
    """A cursor over one message's body. Every method raises RemoteProtocolError when the body is not as it must be."""

    __slots__ = ("_data", "_name", "_pos")

    def __init__(self, data: bytes, name: str) -> None:
        self._data = data
        self._name = name
        self._pos = 0

    def error(self, what: str) -> RemoteProtocolError:
        return RemoteProtocolError(f"{self._name}: {what}")

    def _skip(self, length: int) -> int:
        """Where the next ``length`` bytes begin."""
        pos = self._pos
        if pos + length > len(self._data):
            raise self.error("cut short")
        self._pos = pos + length
        return pos

    def int16(self) -> int:
        return read_i16_be(self._data, self._skip(2))

    def uint16(self) -> int:
        number: int = read_i16_be(self._data, self._skip(2))
        return number & 0xFFFF

    def int32(self) -> int:
        return read_i32_be(self._data, self._skip(4))

    def uint32(self) -> int:
        number: int = read_i32_be(self._data, self._skip(4))
        return number & 0xFFFFFFFF

    def take(self, length: int) -> bytes:
        pos = self._pos
        if length < 0 or pos + length > len(self._data):
            raise self.error("cut short")
        self._pos = pos + length
        return self._data[pos : pos + length]

    def byte(self) -> int:
        return self.take(1)[0]

    def rest(self) -> bytes:
        rest = self._data[self._pos :]
        self._pos = len(self._data)
        return rest

    @property
    def left(self) -> int:
        return len(self._data) - self._pos

    def raw_text(self) -> bytes:
        """A NUL-terminated string's bytes, terminator excluded."""
        end = self._data.find(b"\0", self._pos)
        if end < 0:
            raise self.error("a string has no end")
        raw = self._data[self._pos : end]
        self._pos = end + 1
        return raw

    def text(self) -> str:
        try:
            return self.raw_text().decode()
        except UnicodeDecodeError:
            raise self.error("text is not UTF-8") from None

    def value(self) -> bytes | None:
        """A length-prefixed value; length -1 is NULL."""
        length = self.int32()
        return None if length == -1 else self.take(length)

    def formats(self) -> tuple[int, ...]:
        """A counted list of format codes."""
        count = self.uint16()
        return tuple([self.format() for _ in range(count)]) if count else ()

    def format(self) -> int:
        code = self.int16()
        if code not in (TEXT_FORMAT, BINARY_FORMAT):
            raise self.error(f"format code {code} is not known")
        return code

    def end(self) -> None:
        if self._pos != len(self._data):
            raise self.error(f"{len(self._data) - self._pos} bytes too many")


TEXT_FORMAT = 0
BINARY_FORMAT = 1


def _packed(layout: Struct, number: int, low: int, high: int) -> bytes:
    if not low <= number <= high:
        raise LocalProtocolError(f"{number} does not fit in {layout.size} bytes")
    return layout.pack(number)


def int16(number: int) -> bytes:
    return _packed(_INT16, number, -0x8000, 0x7FFF)


def uint16(number: int) -> bytes:
    return _packed(_UINT16, number, 0, 0xFFFF)


def int32(number: int) -> bytes:
    return _packed(_INT32, number, -0x80000000, 0x7FFFFFFF)


def uint32(number: int) -> bytes:
    return _packed(_UINT32, number, 0, 0xFFFFFFFF)


def byte(number: int) -> bytes:
    if not 0 <= number <= 0xFF:
        raise LocalProtocolError(f"{number} does not fit in a byte")
    return bytes((number,))


def text(value: str) -> bytes:
    """A NUL-terminated string."""
    if "\0" in value:
        raise LocalProtocolError("a string on the wire cannot hold NUL")
    try:
        return value.encode() + b"\0"
    except UnicodeEncodeError:
        raise LocalProtocolError("a string on the wire must be UTF-8") from None


def value(content: bytes | None) -> bytes:
    return b"\xff\xff\xff\xff" if content is None else int32(len(content)) + content


def formats(codes: tuple[int, ...]) -> bytes:
    return uint16(len(codes)) + b"".join(map(int16, codes))


def framed(kind: int, *body: bytes) -> bytes:
    """A whole message: type byte, length word, body."""
    joined = b"".join(body)
    return _HEADER.pack(kind, len(joined) + 4) + joined
