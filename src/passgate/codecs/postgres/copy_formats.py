"""The three forms of COPY's data: where a row ends, what its fields are, how a field is written (PostgreSQL manual, "COPY",
"File Formats").

Each takes data in pieces of any size and holds no more than the row it is in. What a server would never write is a
RemoteProtocolError.
"""

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import StrEnum
from struct import Struct
from typing import Final, Protocol

from passgate.core.errors import LocalProtocolError, RemoteProtocolError

MAX_ROW: Final = 64 * 1024 * 1024  # as the largest DataRow that is held to be rewritten (framing.BackendLimits.row)


class CopyFormat(StrEnum):
    TEXT = "text"
    CSV = "csv"
    BINARY = "binary"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOptions:
    """As given to COPY; empty means the format's own default. ``header``: the first line is names, which pass as they are."""

    format: CopyFormat = CopyFormat.TEXT
    delimiter: bytes = b""
    null: bytes | None = None
    quote: bytes = b'"'
    escape: bytes = b""
    header: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRow:
    """``raw``: the row's bytes as they came. ``fields``: its fields as they are written. ``data``: False for a header or
    trailer."""

    raw: bytes
    fields: list[bytes | None]
    data: bool = True


class Format(Protocol):
    def feed(self, data: bytes) -> list[CopyRow]:
        """The rows that are complete now."""

    def finish(self) -> None:
        """No more data. Raises RemoteProtocolError if a row was cut."""

    def decode(self, field: bytes | None) -> bytes | None:
        """The value of a field, None for NULL."""

    def encode(self, value: bytes | None) -> bytes | None:
        """A value as a field."""

    def join(self, fields: list[bytes | None]) -> bytes:
        """A row of fields."""


class _Lines(ABC):
    """What text and csv have in common: rows end with a newline that is not inside a value."""

    def __init__(self, delimiter: bytes, null: bytes, header: bool, columns: int, max_row: int) -> None:
        self._delimiter = delimiter
        self._null = null
        self._header = header
        self._columns = columns
        self._max_row = max_row
        self._held = bytearray()

    def feed(self, data: bytes) -> list[CopyRow]:
        rows: list[CopyRow] = []
        self._held += data
        start = 0
        for end in self._ends():
            line = bytes(self._held[start : end + 1])
            start = end + 1
            if self._header:
                self._header = False
                rows.append(CopyRow(raw=line, fields=[], data=False))
                continue
            fields = self._fields(line[:-1])
            if len(fields) != self._columns:
                raise RemoteProtocolError(f"COPY: {len(fields)} fields, not {self._columns}")
            rows.append(CopyRow(raw=line, fields=fields))
        del self._held[:start]
        if len(self._held) > self._max_row:
            raise RemoteProtocolError(f"COPY: a row of more than {self._max_row} bytes")
        return rows

    def finish(self) -> None:
        if self._held:
            raise RemoteProtocolError("COPY: the last row is cut short")

    def join(self, fields: list[bytes | None]) -> bytes:
        return self._delimiter.join(field or b"" for field in fields) + b"\n"

    @abstractmethod
    def _ends(self) -> list[int]:
        """Where rows end in what is held; looks at every byte once, however it comes."""

    @abstractmethod
    def _fields(self, line: bytes) -> list[bytes | None]:
        """A row's fields as they are written, None for NULL."""


_TEXT_ESCAPES: Final = {b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}
_TEXT_ESCAPED: Final = {value: b"\\" + letter for letter, value in _TEXT_ESCAPES.items()} | {b"\\": b"\\\\"}


class TextFormat(_Lines):
    """Backslash escapes; a newline or a delimiter inside a value is always escaped."""

    _ESCAPE = re.compile(rb"\\(.)", re.DOTALL)

    def __init__(self, options: CopyOptions, columns: int, max_row: int = MAX_ROW) -> None:
        delimiter = options.delimiter or b"\t"
        super().__init__(delimiter, b"\\N" if options.null is None else options.null, options.header, columns, max_row)
        self._seen = 0
        self._special = re.compile(rb"[\\\x08\f\n\r\t\v" + re.escape(delimiter) + rb"]")
        self._field = re.compile(
            rb"((?:[^\\" + re.escape(delimiter) + rb"]|\\.)*)(" + re.escape(delimiter) + rb"|$)", re.DOTALL
        )

    def _ends(self) -> list[int]:
        ends: list[int] = []
        at = self._held.find(b"\n", self._seen)
        while at >= 0:
            ends.append(at)
            at = self._held.find(b"\n", at + 1)
        self._seen = len(self._held) - (ends[-1] + 1 if ends else 0)
        return ends

    def _fields(self, line: bytes) -> list[bytes | None]:
        if not line and self._columns == 0:
            return []
        if self._delimiter == b"\t" or b"\\" not in line:  # a tab in a value is written with a letter
            return list(line.split(self._delimiter))
        fields: list[bytes | None] = []
        at = 0
        while True:
            match = self._field.match(line, at)
            if match is None:
                raise RemoteProtocolError("COPY: a field ends with a lone backslash")
            fields.append(match[1])
            at = match.end()
            if not match[2]:
                return fields

    def decode(self, field: bytes | None) -> bytes | None:
        if field is None or field == self._null:
            return None
        return self._ESCAPE.sub(lambda match: _TEXT_ESCAPES.get(match[1], match[1]), field) if b"\\" in field else field

    def encode(self, value: bytes | None) -> bytes | None:
        if value is None:
            return self._null
        return self._special.sub(lambda match: _TEXT_ESCAPED.get(match[0], b"\\" + match[0]), value)


class CsvFormat(_Lines):
    """A value is quoted as a whole or not at all; NULL is never quoted."""

    def __init__(self, options: CopyOptions, columns: int, max_row: int = MAX_ROW) -> None:
        delimiter = options.delimiter or b","
        super().__init__(delimiter, options.null or b"", options.header, columns, max_row)
        self._quote = options.quote
        self._escape = options.escape or options.quote
        self._seen = 0
        self._inside = False
        quote, escape = re.escape(self._quote), re.escape(self._escape)
        self._outside_stop = re.compile(rb"[\n" + quote + rb"]")
        self._inside_stop = re.compile(rb"[" + quote + escape + rb"]")
        self._escaped = re.compile(escape + rb"([" + quote + escape + rb"])")
        self._to_escape = re.compile(rb"[" + quote + escape + rb"]")
        self._must_quote = re.compile(rb"[\r\n" + quote + re.escape(delimiter) + rb"]")
        pairs = escape + rb"[" + quote + escape + rb"]"
        lone = b"" if quote == escape else rb"|" + escape + rb"(?![" + quote + escape + rb"])"
        within = rb"(?:[^" + quote + escape + rb"]|" + pairs + lone + rb")*"
        bare = rb"[^" + quote + re.escape(delimiter) + rb"\n]*"
        self._field = re.compile(
            rb"(" + quote + within + quote + rb"|" + bare + rb")(" + re.escape(delimiter) + rb"|$)", re.DOTALL
        )

    def _ends(self) -> list[int]:
        held, ends, at, size = self._held, [], self._seen, len(self._held)
        while True:
            match = (self._inside_stop if self._inside else self._outside_stop).search(held, at)
            if match is None:
                at = size
                break
            at = match.start()
            mark = match[0]
            if not self._inside:
                if mark == b"\n":
                    ends.append(at)
                else:
                    self._inside = True
                at += 1
            elif mark == self._escape:
                if at + 1 == size:
                    break  # what follows decides
                if held[at + 1 : at + 2] in (self._quote, self._escape):
                    at += 2
                else:
                    self._inside = mark != self._quote
                    at += 1
            else:
                self._inside = False
                at += 1
        self._seen = at - (ends[-1] + 1 if ends else 0)
        return ends

    def _fields(self, line: bytes) -> list[bytes | None]:
        if not line and self._columns == 0:
            return []
        fields: list[bytes | None] = []
        at = 0
        while True:
            match = self._field.match(line, at)
            if match is None:
                raise RemoteProtocolError("COPY: a field that is neither quoted nor plain")
            fields.append(match[1])
            at = match.end()
            if not match[2]:
                return fields

    def decode(self, field: bytes | None) -> bytes | None:
        if field is None or field == self._null:
            return None
        if not field.startswith(self._quote):
            return field
        return self._escaped.sub(rb"\1", field[1:-1])

    def encode(self, value: bytes | None) -> bytes | None:
        if value is None:
            return self._null
        if value not in (self._null, b"\\.") and not self._must_quote.search(value):
            return value
        return self._quote + self._to_escape.sub(lambda match: self._escape + match[0], value) + self._quote


_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0"
_HEAD: Final = Struct("!II")
_COUNT: Final = Struct("!h")
_LENGTH: Final = Struct("!i")
_TRAILER: Final = -1
_CRITICAL: Final = 0xFFFF0000


class BinaryFormat:
    """A header, tuples of length-prefixed fields, a trailer."""

    def __init__(self, columns: int, max_row: int = MAX_ROW) -> None:
        self._columns = columns
        self._max_row = max_row
        self._held = bytearray()
        self._need = (
            len(_SIGNATURE) + _HEAD.size
        )  # bytes from the tuple's start without which there is nothing new to see
        self._at = 0  # how far the tuple has been read
        self._fields: list[tuple[int, int]] = []
        self._opened = False
        self._closed = False

    def feed(self, data: bytes) -> list[CopyRow]:
        rows: list[CopyRow] = []
        self._held += data
        start = 0
        while len(self._held) - start >= self._need:
            if self._closed:
                raise RemoteProtocolError("COPY: data behind the trailer")
            row = self._step(start)
            if row is not None:
                rows.append(row)
                start += len(row.raw)
                self._at, self._need, self._fields = 0, self._least(), []
        del self._held[:start]
        return rows

    def finish(self) -> None:
        if not self._closed or self._held:
            raise RemoteProtocolError("COPY: the data is cut short")

    def decode(self, field: bytes | None) -> bytes | None:
        return field

    def encode(self, value: bytes | None) -> bytes | None:
        return value

    def join(self, fields: list[bytes | None]) -> bytes:
        parts = [_COUNT.pack(len(fields))]
        for field in fields:
            parts.append(_LENGTH.pack(-1 if field is None else len(field)))
            parts.append(field or b"")
        return b"".join(parts)

    def _least(self) -> int:
        """Behind the trailer a single byte is one too many."""
        return 1 if self._closed else _COUNT.size

    def _step(self, start: int) -> CopyRow | None:
        """Read one thing more of the tuple that begins at ``start``; the row if that was the last."""
        if not self._opened:
            return self._header(start)
        if self._at == 0:
            count = _COUNT.unpack_from(self._held, start)[0]
            self._at = _COUNT.size
            if count == _TRAILER:
                self._closed = True
                return CopyRow(raw=bytes(self._held[start : start + self._at]), fields=[], data=False)
            if count != self._columns:
                raise RemoteProtocolError(f"COPY: {count} fields, not {self._columns}")
        elif len(self._fields) < self._columns:
            length = _LENGTH.unpack_from(self._held, start + self._at)[0]
            if length < -1 or self._at + length > self._max_row:
                raise RemoteProtocolError(f"COPY: a field of {length} bytes")
            self._at += _LENGTH.size
            self._fields.append((self._at, length))
            self._at += max(length, 0)
        whole = len(self._fields) == self._columns
        self._need = self._at if whole else self._at + _LENGTH.size
        if not whole or len(self._held) - start < self._at:
            return None
        fields: list[bytes | None] = [
            None if length < 0 else bytes(self._held[start + at : start + at + length]) for at, length in self._fields
        ]
        return CopyRow(raw=bytes(self._held[start : start + self._at]), fields=fields)

    def _header(self, start: int) -> CopyRow | None:
        fixed = len(_SIGNATURE) + _HEAD.size
        if not self._held.startswith(_SIGNATURE):
            raise RemoteProtocolError("COPY: not the binary format's signature")
        flags, extension = _HEAD.unpack_from(self._held, len(_SIGNATURE))
        if flags & _CRITICAL:
            raise RemoteProtocolError("COPY: the header has flags that are not known")
        if extension > self._max_row:
            raise RemoteProtocolError("COPY: the header is too large")
        self._need = fixed + extension
        if len(self._held) < self._need:
            return None
        self._opened = True
        return CopyRow(raw=bytes(self._held[start : start + self._need]), fields=[], data=False)


def open_format(options: CopyOptions, columns: int, max_row: int = MAX_ROW) -> Format:
    """Raises LocalProtocolError for options that the server would not take either."""
    if options.format is CopyFormat.BINARY:
        return BinaryFormat(columns, max_row)
    marks = [mark for mark in (options.delimiter, options.quote, options.escape) if mark]
    if any(len(mark) != 1 or mark in b"\r\n" for mark in marks) or (
        options.delimiter and options.delimiter == options.quote
    ):
        raise LocalProtocolError("COPY's delimiter, quote and escape are single bytes, and not newlines")
    if options.null is not None and (b"\n" in options.null or b"\r" in options.null):
        raise LocalProtocolError("COPY's NULL cannot hold a newline")
    return (
        TextFormat(options, columns, max_row)
        if options.format is CopyFormat.TEXT
        else CsvFormat(options, columns, max_row)
    )
