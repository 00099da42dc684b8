"""One statement on a connection of the gate's own, by the extended protocol, with as many rows as are asked for."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from passgate.codecs.postgres.bind import Bind
from passgate.codecs.postgres.error_response import ErrorResponse
from passgate.codecs.postgres.extended_query import Describe, Execute, Parse, Sync, Target
from passgate.codecs.postgres.row_description import DataRow, RowDescription
from passgate.codecs.postgres.simple_query import CommandComplete, ReadyForQuery
from passgate.core.errors import RemoteProtocolError, TargetUnavailableError
from passgate.endpoints.postgres.upstream import Connection

_MOST_BYTES = 256 * 1024 * 1024
"""Of the few rows that are asked for, each of which may be large."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """``failure``: the server's SQLSTATE, empty where it went well. ``rows``: whole DataRow messages, values as text.

    ``touched``: the command's own count, 0 where it was not read to its end.
    """

    failure: str = ""
    description: RowDescription | None = None
    rows: bytes = field(default=b"", repr=False)
    touched: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A text with its bound values, as a client sent them."""

    text: str
    parameter_types: tuple[int, ...] = ()
    parameter_formats: tuple[int, ...] = ()
    parameters: Sequence[bytes | None] = field(default=(), repr=False)


async def run(connection: Connection, statement: Statement, *, rows: int) -> Ran:
    """Raises TargetUnavailableError where the server is lost. A write is carried out whole, however few rows are read of it."""
    bind = Bind(
        portal="",
        statement="",
        parameter_formats=statement.parameter_formats,
        parameters=tuple(statement.parameters),
    )
    connection.stream.write(
        Parse(statement="", text=statement.text, parameter_types=statement.parameter_types).encode()
        + bind.encode()
        + Describe(target=Target.PORTAL, name="").encode()
        + Execute(portal="", max_rows=rows).encode()
        + Sync().encode()
    )
    try:
        return await _answer(connection)
    except (OSError, RemoteProtocolError) as error:
        raise TargetUnavailableError("the server was lost during a query of the gate's own") from error


async def _answer(connection: Connection) -> Ran:
    failure, description, data, touched = "", None, bytearray(), 0
    while True:
        while (frame := connection.splitter.next()) is None:
            connection.splitter.feed(await connection.stream.read())
        if frame.kind == ErrorResponse.TYPE:
            failure = failure or ErrorResponse.parse(frame.payload).sqlstate or "XX000"
        elif frame.kind == RowDescription.TYPE:
            description = RowDescription.parse(frame.payload)
        elif frame.kind == DataRow.TYPE:
            data += frame.data
            if len(data) > _MOST_BYTES:
                raise RemoteProtocolError("more rows than were asked for")
        elif frame.kind == CommandComplete.TYPE:
            touched = CommandComplete.parse(frame.payload).rows or 0
        elif frame.kind == ReadyForQuery.TYPE:
            return Ran(failure=failure, description=description, rows=bytes(data), touched=touched)
