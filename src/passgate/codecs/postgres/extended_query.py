"""The extended query: statements prepared, bound, described and executed one by one (PostgreSQL manual, "Extended Query")."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Self

from passgate.codecs.postgres.wire import (
    TEXT_FORMAT,
    Bodiless,
    Reader,
    formats,
    framed,
    int32,
    text,
    uint16,
    uint32,
    value,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parse:
    """``statement`` is its name, empty for the unnamed one. ``parameter_types`` are type OIDs, 0 where the server decides."""

    TYPE: ClassVar[int] = ord("P")

    statement: str
    text: str
    parameter_types: tuple[int, ...] = ()

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, "Parse")
        statement, query = reader.text(), reader.text()
        types = tuple(reader.uint32() for _ in range(reader.uint16()))
        reader.end()
        return cls(statement=statement, text=query, parameter_types=types)

    def encode(self) -> bytes:
        types = self.parameter_types
        return framed(self.TYPE, text(self.statement), text(self.text), uint16(len(types)), *map(uint32, types))


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """``parameters``: None is NULL. Format lists are empty (all text), of one (for all) or one for each."""

    TYPE: ClassVar[int] = ord("B")

    portal: str
    statement: str
    parameter_formats: tuple[int, ...] = ()
    parameters: tuple[bytes | None, ...] = field(default=(), repr=False)
    result_formats: tuple[int, ...] = ()

    def parameter_format(self, index: int) -> int:
        return format_at(self.parameter_formats, index)

    def result_format(self, index: int) -> int:
        return format_at(self.result_formats, index)

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, "Bind")
        portal, statement = reader.text(), reader.text()
        parameter_formats = reader.formats()
        parameters = tuple(reader.value() for _ in range(reader.uint16()))
        if len(parameter_formats) not in (0, 1, len(parameters)):
            raise reader.error(f"{len(parameter_formats)} format codes for {len(parameters)} parameters")
        result_formats = reader.formats()
        reader.end()
        return cls(
            portal=portal,
            statement=statement,
            parameter_formats=parameter_formats,
            parameters=parameters,
            result_formats=result_formats,
        )

    def encode(self) -> bytes:
        return framed(
            self.TYPE,
            text(self.portal),
            text(self.statement),
            formats(self.parameter_formats),
            uint16(len(self.parameters)),
            *map(value, self.parameters),
            formats(self.result_formats),
        )


def format_at(codes: tuple[int, ...], index: int) -> int:
    """The format of one value by the rule of Bind's lists: none is text, one is for all."""
    if not codes:
        return TEXT_FORMAT
    return codes[0] if len(codes) == 1 else codes[index]


class Target(StrEnum):
    """What Describe and Close speak of."""

    STATEMENT = "S"
    PORTAL = "P"


def _read_target(payload: bytes, name: str) -> tuple[Target, str]:
    reader = Reader(payload, name)
    target = chr(reader.byte())
    if target not in ("S", "P"):
        raise reader.error("neither a statement nor a portal")
    named = reader.text()
    reader.end()
    return Target(target), named


@dataclass(frozen=True, slots=True, kw_only=True)
class Describe:
    TYPE: ClassVar[int] = ord("D")

    target: Target
    name: str

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        target, name = _read_target(payload, "Describe")
        return cls(target=target, name=name)

    def encode(self) -> bytes:
        return framed(self.TYPE, self.target.encode(), text(self.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    TYPE: ClassVar[int] = ord("C")

    target: Target
    name: str

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        target, name = _read_target(payload, "Close")
        return cls(target=target, name=name)

    def encode(self) -> bytes:
        return framed(self.TYPE, self.target.encode(), text(self.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Execute:
    """``max_rows`` 0 is no limit; a negative one means the same to the server and is kept as it came."""

    TYPE: ClassVar[int] = ord("E")

    portal: str
    max_rows: int = 0

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, "Execute")
        message = cls(portal=reader.text(), max_rows=reader.int32())
        reader.end()
        return message

    def encode(self) -> bytes:
        return framed(self.TYPE, text(self.portal), int32(self.max_rows))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sync(Bodiless):
    TYPE: ClassVar[int] = ord("S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flush(Bodiless):
    TYPE: ClassVar[int] = ord("H")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParseComplete(Bodiless):
    TYPE: ClassVar[int] = ord("1")


@dataclass(frozen=True, slots=True, kw_only=True)
class BindComplete(Bodiless):
    TYPE: ClassVar[int] = ord("2")


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseComplete(Bodiless):
    TYPE: ClassVar[int] = ord("3")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoData(Bodiless):
    TYPE: ClassVar[int] = ord("n")


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalSuspended(Bodiless):
    TYPE: ClassVar[int] = ord("s")


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterDescription:
    TYPE: ClassVar[int] = ord("t")

    types: tuple[int, ...]

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, "ParameterDescription")
        types = tuple(reader.uint32() for _ in range(reader.uint16()))
        reader.end()
        return cls(types=types)

    def encode(self) -> bytes:
        return framed(self.TYPE, uint16(len(self.types)), *map(uint32, self.types))
