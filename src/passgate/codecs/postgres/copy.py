"""COPY's sub-protocol (PostgreSQL manual, "COPY Operations"). What is inside the data is ``copy_rows.py``'s business."""

from dataclasses import dataclass, field
from typing import ClassVar, Self

from passgate.codecs.postgres.bodiless import Bodiless
from passgate.codecs.postgres.wire import TEXT_FORMAT, Reader, byte, formats, framed, text


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyData:
    """A piece of the data; for text and csv its borders need not be those of rows."""

    TYPE: ClassVar[int] = ord("d")

    data: bytes = field(repr=False)

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        return cls(data=payload)

    def encode(self) -> bytes:
        return framed(self.TYPE, self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyDone(Bodiless):
    TYPE: ClassVar[int] = ord("c")


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyFail:
    TYPE: ClassVar[int] = ord("f")

    reason: str

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, "CopyFail")
        message = cls(reason=reader.text())
        reader.end()
        return message

    def encode(self) -> bytes:
        return framed(self.TYPE, text(self.reason))


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyResponse:
    """What the three have in common. ``format`` is that of the whole; ``column_formats`` one for each column."""

    TYPE: ClassVar[int]

    format: int
    column_formats: tuple[int, ...]

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, cls.__name__)
        whole = reader.byte()
        if whole > 1:
            raise reader.error(f"format code {whole} is not known")
        columns = reader.formats()
        reader.end()
        if whole == TEXT_FORMAT and any(columns):
            raise reader.error("a binary column in a text copy")
        return cls(format=whole, column_formats=columns)

    def encode(self) -> bytes:
        return framed(self.TYPE, byte(self.format), formats(self.column_formats))


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyInResponse(CopyResponse):
    TYPE: ClassVar[int] = ord("G")


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOutResponse(CopyResponse):
    TYPE: ClassVar[int] = ord("H")


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyBothResponse(CopyResponse):
    """Sent by a walsender only, which the gate never opens; modelled so that it can be refused by name."""

    TYPE: ClassVar[int] = ord("W")
