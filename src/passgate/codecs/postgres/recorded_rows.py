"""How the rows that a client saw were recorded, for playing a session back."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from passgate.codecs.postgres.copy import CopyData
from passgate.codecs.postgres.row_description import DataRow
from passgate.codecs.postgres.values import decode_parameter
from passgate.codecs.postgres.wire import HEADER_LENGTH
from passgate.core.errors import RemoteProtocolError

Cells = tuple[str | None, ...]

_BINARY = 1


class PostgresRows:
    """DataRow messages, or CopyData messages after a shape with ``copy``, as the endpoint's transcript says."""

    def rows(self, data: bytes, shape: Mapping[str, Any]) -> Sequence[Cells]:
        """What was cut off at the end of ``data`` is left out."""
        messages = _messages(data)
        if shape.get("copy"):
            copied = b"".join(body for kind, body in messages if kind == CopyData.TYPE)
            return [_copied(line, len(shape.get("columns", ()))) for line in copied.splitlines()]
        types, formats = shape.get("types", ()), shape.get("formats", ())
        found = []
        for kind, body in messages:
            if kind == DataRow.TYPE:
                values = DataRow.parse(body).values
                found.append(
                    tuple(_cell(value, _at(types, place), _at(formats, place)) for place, value in enumerate(values))
                )
        return found


def _messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Type byte and body of each whole message."""
    place = 0
    while place + HEADER_LENGTH <= len(data):
        end = place + 1 + int.from_bytes(data[place + 1 : place + HEADER_LENGTH], "big")
        if end > len(data):
            return
        if end < place + HEADER_LENGTH:
            raise RemoteProtocolError("a recorded message is malformed")
        yield data[place], data[place + HEADER_LENGTH : end]
        place = end


def _at(numbers: Sequence[int], place: int) -> int:
    """Zero where the shape says nothing: unknown type, text format."""
    return numbers[place] if place < len(numbers) else 0


def _cell(value: bytes | None, oid: int, form: int) -> str | None:
    if value is None:
        return None
    if form != _BINARY:
        return value.decode("utf-8", "backslashreplace")
    decoded = decode_parameter(value, oid, form)
    return "\\x" + value.hex() if decoded.opaque else decoded.text


def _copied(line: bytes, columns: int) -> Cells:
    """A line of COPY's text format; another format (csv, binary) is shown as it is."""
    text = line.decode("utf-8", "backslashreplace")
    cells = text.split("\t")
    if len(cells) != columns:
        return (text,)
    return tuple(None if cell == "\\N" else cell for cell in cells)
