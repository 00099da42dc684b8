"""The extended query: statements prepared, bound, described and executed one by one (PostgreSQL manual, "Extended Query")."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self

from passgate.codecs.postgres.bodiless import Bodiless
from passgate.codecs.postgres.wire import (
    Reader,
    framed,
    int32,
    text,
    uint16,
    uint32,
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
