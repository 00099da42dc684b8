"""An upload, read as it comes: what may go on at once, and what has to be judged before it does.

The parts of a form have no fixed order, so what a file is for may be known only after it. Its name and its first bytes decide
how it is read; if that turns out to be wrong the form is refused before its end, and a form without an end is no upload.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from passgate.codecs.llm.call import Call, Leaf
from passgate.codecs.llm.files.lines import LineSplitter, read_line
from passgate.codecs.llm.files.multipart import Content, FormEnd, MultipartReader, PartEnd, PartHead
from passgate.codecs.llm.operation import Operation
from passgate.core.errors import RemoteProtocolError
from passgate.core.finding import Field

MAX_TEXT = 32 * 1024 * 1024
"""Bytes of a file of text, which is looked at as a whole."""

MAX_FIELD = 64 * 1024
"""Bytes of a plain field of the form."""

_SNIFFED = 64 * 1024
"""Bytes that decide whether a file is text."""

_FILE = "file"

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}(?:\[[a-z0-9_]{0,63}\]){0,4}", re.ASCII)
"""Of a field. ``_charset_`` would have the whole form read otherwise (RFC 7578, section 4.6)."""

_TELLING = ("purpose", _FILE)
"""Fields on which it depends how a file is read: what some reader may take for one of them has to be it."""

_PURPOSE = re.compile(r"[a-z0-9_-]{1,64}", re.ASCII)

_BY_LINE = frozenset(("batch", "fine-tune"))
"""Purposes of files whose lines are JSON each."""


@dataclass(frozen=True, slots=True)
class Forward:
    """Goes on as it is."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Judge:
    """Goes on as ``rewrite`` makes it, if policy lets it. Nothing that comes later may go before."""

    call: Call


Piece = Forward | Judge


class UploadReader:
    """The data of every Forward and the body of every Judge are together what came in."""

    def __init__(self, operation: Operation, content_type: str) -> None:
        """Raises RemoteProtocolError."""
        self._operation = operation
        self._form = MultipartReader(content_type)
        self._part: _Part | None = None
        self._fields: dict[str, str] = {}
        self._by_line: bool | None = None

    def feed(self, data: bytes) -> Iterator[Piece]:
        """Raises RemoteProtocolError; nothing may go on after that. Has to be gone through to its end."""
        for item in self._form.feed(data):
            if isinstance(item, PartHead):
                yield Judge(_head_call(self._operation, item))
                self._part = self._open(item)
            elif isinstance(item, FormEnd):
                self._check()
                yield Forward(item.data)
            else:
                assert self._part is not None  # noqa: S101 - content and end come after a head
                yield from self._part.feed(item.data) if isinstance(item, Content) else self._part.finish()
                if isinstance(item, PartEnd) and isinstance(self._part, _FieldPart):
                    self._fields[self._part.name] = self._part.value

    def finish(self) -> None:
        """Raises RemoteProtocolError if the form is not whole."""
        self._form.finish()

    def _open(self, head: PartHead) -> "_Part":
        if (head.filename is None) == (head.name.strip().casefold() == _FILE) or head.name != head.name.strip():
            raise RemoteProtocolError("the file of a form is called file, and has a filename, and nothing else has")
        if head.filename is None:
            if _NAME.fullmatch(head.name) is None or _is_like_a_telling_one(head.name):
                raise RemoteProtocolError("a field of the form has a name in small letters, and purpose is one value")
            if head.name in self._fields:
                raise RemoteProtocolError("the form has a field twice")
            return _FieldPart(self._operation, head.name)
        if self._by_line is not None:
            raise RemoteProtocolError("the form has more than one file")
        self._by_line = self._fields.get("purpose") in _BY_LINE or head.filename.lower().endswith(".jsonl")
        return _LinesPart(self._operation) if self._by_line else _TextPart(self._operation)

    def _check(self) -> None:
        if self._by_line is None:
            raise RemoteProtocolError("the form has no file")
        purpose = self._fields.get("purpose", "")
        if "purpose" in self._fields and _PURPOSE.fullmatch(purpose) is None:
            raise RemoteProtocolError("the purpose of a file is one word in small letters")
        if purpose in _BY_LINE and not self._by_line:
            raise RemoteProtocolError("a file of this purpose must be named .jsonl, or its purpose must come before it")


def _is_like_a_telling_one(name: str) -> bool:
    return "[" in name and name.partition("[")[0] in _TELLING


class _FieldPart:
    """A plain field: looked at, never edited."""

    def __init__(self, operation: Operation, name: str) -> None:
        self.name = name
        self._operation = operation
        self._data = bytearray()

    @property
    def value(self) -> str:
        return self._data.decode()

    def feed(self, data: bytes) -> Iterator[Piece]:
        self._data += data
        if len(self._data) > MAX_FIELD:
            raise RemoteProtocolError(f"a field of the form has more than {MAX_FIELD} bytes")
        return iter(())

    def finish(self) -> Iterator[Piece]:
        data = bytes(self._data)
        if not _is_text(data):
            raise RemoteProtocolError("a field of the form must be UTF-8")
        yield Judge(_text_call(self._operation, data, pointer=f"({self.name[:64]})", field=Field.METADATA, fixed=True))


class _LinesPart:
    """JSON Lines: each line by itself."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._lines = LineSplitter()
        self._number = 0

    def feed(self, data: bytes) -> Iterator[Piece]:
        for line in self._lines.feed(data):
            yield self._read(line)

    def finish(self) -> Iterator[Piece]:
        line = self._lines.finish()
        if line:
            yield self._read(line)

    def _read(self, line: bytes) -> Piece:
        self._number += 1
        if not line.strip(b" \t\r\n"):
            return Forward(line)
        try:
            return Judge(read_line(line, self._operation))
        except RemoteProtocolError as error:
            raise RemoteProtocolError(f"line {self._number}: {error}") from None


class _TextPart:
    """Any other file: text is looked at as a whole, what is none cannot be looked at."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._data = bytearray()
        self._opaque = False
        self._sniffed = False

    def feed(self, data: bytes) -> Iterator[Piece]:
        if self._opaque:
            yield Forward(data)
            return
        self._data += data
        sniff = not self._sniffed and len(self._data) >= _SNIFFED
        self._sniffed = (
            self._sniffed or sniff
        )  # once: the beginning of a file stays what it is, in however many pieces it comes
        if sniff and not _may_be_text(bytes(self._data[:_SNIFFED])):
            yield self._unreadable()
        elif len(self._data) > MAX_TEXT:
            raise RemoteProtocolError(f"a file of text has more than {MAX_TEXT} bytes")

    def finish(self) -> Iterator[Piece]:
        if self._opaque:
            return
        data = bytes(self._data)
        if _is_text(data):
            yield Judge(_text_call(self._operation, data, pointer="(file)", field=Field.FILE, fixed=False))
        else:
            yield self._unreadable()

    def _unreadable(self) -> Judge:
        self._opaque = True
        data = bytes(self._data)
        self._data.clear()
        return Judge(Call(operation=self._operation, body=data, leaves=(), opaque=("(file)",)))


_Part = _FieldPart | _LinesPart | _TextPart


def _head_call(operation: Operation, head: PartHead) -> Call:
    """Names of fields and files can say something too."""
    text = f"name: {head.name}\nfilename: {head.filename or ''}\n".encode() + head.data
    leaf = Leaf(at=-1, pointer="(part)", field=Field.FILE, text=text, fixed=True, raw=True)
    return Call(operation=operation, body=head.data, leaves=(leaf,))


def _text_call(operation: Operation, data: bytes, *, pointer: str, field: Field, fixed: bool) -> Call:
    if not data:
        return Call(operation=operation, body=data, leaves=())
    leaf = Leaf(at=-1, pointer=pointer, field=field, text=data, fixed=fixed, raw=True)
    return Call(operation=operation, body=data, leaves=(leaf,))


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return b"\x00" not in data


def _may_be_text(data: bytes) -> bool:
    """Of the beginning of a file, which may end in the middle of a character."""
    return b"\x00" not in data and any(_is_text(data[: len(data) - cut]) for cut in range(4))
