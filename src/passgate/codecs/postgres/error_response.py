"""ErrorResponse and NoticeResponse (PostgreSQL manual, "Error and Notice Message Fields").

A field of a kind that is not known is dropped, never forwarded: nobody could say whether it holds a value. Text that is not
UTF-8 (a server speaks its own locale until the session's encoding is set) is read with replacement characters.
"""

from dataclasses import dataclass
from typing import ClassVar, Self

from passgate.codecs.postgres.wire import Reader, framed, text

_CODES: tuple[tuple[str, str], ...] = (
    ("S", "severity_localized"),
    ("V", "severity"),
    ("C", "sqlstate"),
    ("M", "message"),
    ("D", "detail"),
    ("H", "hint"),
    ("P", "position"),
    ("p", "internal_position"),
    ("q", "internal_query"),
    ("W", "where"),
    ("s", "schema"),
    ("t", "table"),
    ("c", "column"),
    ("d", "data_type"),
    ("n", "constraint"),
    ("F", "file"),
    ("L", "line"),
    ("R", "routine"),
)
_NAMES = {ord(code): name for code, name in _CODES}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the two have in common; None is a field that was not sent. ``position`` counts characters from 1."""

    TYPE: ClassVar[int]

    severity_localized: str | None = None
    severity: str | None = None
    sqlstate: str | None = None
    message: str | None = None
    detail: str | None = None
    hint: str | None = None
    position: str | None = None
    internal_position: str | None = None
    internal_query: str | None = None
    where: str | None = None
    schema: str | None = None
    table: str | None = None
    column: str | None = None
    data_type: str | None = None
    constraint: str | None = None
    file: str | None = None
    line: str | None = None
    routine: str | None = None

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, cls.__name__)
        seen: dict[int, str] = {}
        while code := reader.byte():
            if code in seen:
                raise reader.error("a field is given twice")
            seen[code] = reader.raw_text().decode(errors="replace")
        reader.end()
        return cls(**{_NAMES[code]: content for code, content in seen.items() if code in _NAMES})

    def encode(self) -> bytes:
        present = ((code, getattr(self, name)) for code, name in _CODES)
        return framed(
            self.TYPE, *(code.encode() + text(content) for code, content in present if content is not None), b"\0"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorResponse(Report):
    TYPE: ClassVar[int] = ord("E")


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeResponse(Report):
    TYPE: ClassVar[int] = ord("N")
