"""What the tables of answers say besides the words that requests have: places that carry the protocol itself, and copies of
text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from passgate.codecs.llm.json_text import Document, Json
from passgate.codecs.llm.logged_tokens import extent, said_by
from passgate.codecs.llm.reading import Reading
from passgate.codecs.llm.rules import Row
from passgate.core.errors import LocalProtocolError
from passgate.core.finding import Field

_FORM = re.compile(r"[A-Za-z0-9_.:/+=-]*")
_COUNT_NAME = re.compile(r"[a-z0-9_/-]{1,64}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Where the tokens of a text stand once more (``logprobs``): start and end of the whole value, what it says, and what is
    left of it where it has to go: a list may be empty, but need not be null for who reads it."""

    start: int
    end: int
    text: bytes
    gone: bytes = b"null"


class AnswerReading(Reading):
    """``copies``: in order."""

    def __init__(self, document: Document) -> None:
        super().__init__(document)
        self.copies: list[Copy] = []

    def copy(self, value: Json) -> None:
        """Pass over the value of the member whose name was just taken, and keep its place. An empty one copies nothing."""
        if value:
            _, name_ends = self._document.places.span(self._at - 1)
            start, end = extent(self._document.text, name_ends)
            gone = b"[]" if isinstance(value, list) else b"null"
            self.copies.append(Copy(start=start, end=end, text="\n".join(said_by(value)).encode(), gone=gone))
        self.skip(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Structural:
    """Ids, kinds, models, reasons, times: passes, if it looks like one. ``most``: characters; anything else is looked at."""

    most: int = 512

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        if isinstance(value, (dict, list)) or (
            isinstance(value, str) and (len(value) > self.most or not _FORM.fullmatch(value))
        ):
            reading.free(value, pointer, Field.METADATA)
        else:
            reading.skip(value)

    def rows(self, where: str) -> Iterator[Row]:
        yield Row(where=where, field=Field.METADATA, verdict="passes by its form; otherwise scanned")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Usage, scores, limits: numbers by name, however deep. A string in between is looked at unless it is structural."""

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        if isinstance(value, dict):
            for name, member in value.items():
                if _COUNT_NAME.fullmatch(name):
                    reading.skip_name()
                    self.read(reading, member, f"{pointer}/{name}")
                else:
                    self.read(reading, member, reading.named(name, pointer, Field.METADATA))
        elif isinstance(value, list):
            for index, item in enumerate(value):
                self.read(reading, item, f"{pointer}/{index}")
        else:
            STRUCTURAL.read(reading, value, pointer)

    def rows(self, where: str) -> Iterator[Row]:
        yield Row(where=where, field=Field.METADATA, verdict="numbers; anything else scanned")


@dataclass(frozen=True, slots=True, kw_only=True)
class Arguments:
    """JSON in a string, whole or in fragments. Anything but a string is free text of the field."""

    field: Field = Field.TOOL_ARGUMENTS

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        if isinstance(value, str):
            reading.holding(value, pointer, self.field, ())
        else:
            reading.free(value, pointer, self.field)

    def rows(self, where: str) -> Iterator[Row]:
        yield Row(where=f"{where} (as JSON)", field=self.field, verdict="scanned")


@dataclass(frozen=True, slots=True, kw_only=True)
class Copies:
    """The tokens of a text once more, each by itself, with what might have stood there. They cannot be masked, for no token is a
    finding: they are removed, all of them, from where anything of the answer was masked or they say something that must be."""

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        if not isinstance(reading, AnswerReading):
            raise LocalProtocolError("only an answer holds copies of its own text")
        if isinstance(value, (dict, list)):
            reading.copy(value)
        else:
            reading.free(value, pointer, Field.ASSISTANT)

    def rows(self, where: str) -> Iterator[Row]:
        yield Row(where=where, field=Field.ASSISTANT, verdict="scanned; removed where anything was masked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """What an embedding is: numbers, or their bytes in base64. It says nothing to a detector."""

    otherwise: Field = Field.METADATA

    def read(self, reading: Reading, value: Json, pointer: str) -> None:
        numbers = isinstance(value, list) and all(isinstance(item, (int, float)) for item in value)
        if numbers or (isinstance(value, str) and _FORM.fullmatch(value)):
            reading.skip(value)
        else:
            reading.free(value, pointer, self.otherwise)

    def rows(self, where: str) -> Iterator[Row]:
        yield Row(where=where, field=Field.METADATA, verdict="numbers or base64; otherwise scanned")


STRUCTURAL = Structural()
