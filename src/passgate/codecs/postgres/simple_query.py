"""The simple query's own message, and the two that end a statement and a round (PostgreSQL manual, "Simple Query")."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self

from passgate.codecs.postgres.bodiless import Bodiless
from passgate.codecs.postgres.wire import Reader, framed, text

_MOST_DIGITS = 20
"""Of a count of rows, which has 64 bits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One or more statements."""

    TYPE: ClassVar[int] = ord("Q")

    text: str

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, "Query")
        message = cls(text=reader.text())
        reader.end()
        return message

    def encode(self) -> bytes:
        return framed(self.TYPE, text(self.text))


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandComplete:
    """``tag`` is the server's own line: ``SELECT 5``, ``INSERT 0 1``, ``CREATE TABLE``."""

    TYPE: ClassVar[int] = ord("C")

    tag: str

    @property
    def verb(self) -> str:
        return self._split()[0]

    @property
    def rows(self) -> int | None:
        """Rows returned or touched; None where the command counts none."""
        return self._split()[1]

    def _split(self) -> tuple[str, int | None]:
        words = self.tag.split(" ")
        last = words[-1]
        if len(words) < 2 or not (last.isascii() and last.isdigit()) or len(last) > _MOST_DIGITS:
            return self.tag, None
        # INSERT carries an OID before the count, always 0 since PostgreSQL 12.
        named = words[:-2] if words[0] == "INSERT" and len(words) == 3 else words[:-1]
        return " ".join(named), int(words[-1])

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, "CommandComplete")
        message = cls(tag=reader.text())
        reader.end()
        return message

    def encode(self) -> bytes:
        return framed(self.TYPE, text(self.tag))


@dataclass(frozen=True, slots=True, kw_only=True)
class EmptyQueryResponse(Bodiless):
    TYPE: ClassVar[int] = ord("I")


class TransactionStatus(StrEnum):
    IDLE = "I"
    IN_TRANSACTION = "T"
    FAILED = "E"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadyForQuery:
    TYPE: ClassVar[int] = ord("Z")

    status: TransactionStatus

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, "ReadyForQuery")
        status = reader.byte()
        reader.end()
        if chr(status) not in ("I", "T", "E"):
            raise reader.error("the transaction status is not known")
        return cls(status=TransactionStatus(chr(status)))

    def encode(self) -> bytes:
        return framed(self.TYPE, self.status.encode())
