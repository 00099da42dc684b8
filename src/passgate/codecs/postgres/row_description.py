"""What a result looks like, and one row of it (PostgreSQL manual, "Message Formats": RowDescription, DataRow)."""

from dataclasses import dataclass, field, replace
from typing import ClassVar, Self

from passgate.codecs.postgres.bind import format_at
from passgate.codecs.postgres.wire import TEXT_FORMAT, Reader, framed, int16, int32, text, uint16, uint32, value
from passgate.core.errors import RemoteProtocolError


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDescription:
    """``table`` and ``attribute`` say what stored column the value was read from, 0 and 0 for an expression.

    ``format`` is 0 (text) where a statement was described, whatever Bind asks for later.
    """

    name: str
    table: int = 0
    attribute: int = 0
    type: int
    size: int = -1
    modifier: int = -1
    format: int = TEXT_FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class RowDescription:
    TYPE: ClassVar[int] = ord("T")

    fields: tuple[FieldDescription, ...]

    def bound(self, result_formats: tuple[int, ...]) -> "RowDescription":
        """The same result in the formats that a Bind asked for. Raises RemoteProtocolError if their count does not fit."""
        if len(result_formats) not in (0, 1, len(self.fields)):
            raise RemoteProtocolError(f"{len(result_formats)} result formats for {len(self.fields)} columns")
        return RowDescription(
            fields=tuple(replace(part, format=format_at(result_formats, i)) for i, part in enumerate(self.fields))
        )

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, "RowDescription")
        fields = tuple(
            FieldDescription(
                name=reader.text(),
                table=reader.uint32(),
                attribute=reader.int16(),
                type=reader.uint32(),
                size=reader.int16(),
                modifier=reader.int32(),
                format=reader.format(),
            )
            for _ in range(reader.uint16())
        )
        reader.end()
        return cls(fields=fields)

    def encode(self) -> bytes:
        return framed(
            self.TYPE,
            uint16(len(self.fields)),
            *(
                text(part.name)
                + uint32(part.table)
                + int16(part.attribute)
                + uint32(part.type)
                + int16(part.size)
                + int32(part.modifier)
                + int16(part.format)
                for part in self.fields
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class DataRow:
    """One row, None for NULL. Results are rewritten by the run (``rows.py``); this is for the few rows a gate reads itself."""

    TYPE: ClassVar[int] = ord("D")

    values: tuple[bytes | None, ...] = field(repr=False)

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, "DataRow")
        values = tuple(reader.value() for _ in range(reader.uint16()))
        reader.end()
        return cls(values=values)

    def encode(self) -> bytes:
        return framed(self.TYPE, uint16(len(self.values)), *map(value, self.values))


def data_rows(run: bytes) -> list[DataRow]:
    """Whole DataRow messages, one behind the other. Raises RemoteProtocolError."""
    rows: list[DataRow] = []
    position = 0
    while position < len(run):
        length = int.from_bytes(run[position + 1 : position + 5], "big")
        rows.append(DataRow.parse(run[position + 5 : position + 1 + length]))
        position += 1 + length
    return rows
