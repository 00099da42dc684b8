"""Messages that many transcripts have."""

from passgate.codecs.postgres.bind import Bind
from passgate.codecs.postgres.error_response import ErrorResponse
from passgate.codecs.postgres.extended_query import (
    Close,
    Describe,
    Execute,
    ParameterDescription,
    Parse,
    ParseComplete,
    Sync,
    Target,
)
from passgate.codecs.postgres.framing import Frame
from passgate.codecs.postgres.row_description import DataRow, FieldDescription, RowDescription
from passgate.codecs.postgres.simple_query import (
    CommandComplete,
    Query,
    ReadyForQuery,
    TransactionStatus,
)
from tests.unit.codecs.postgres.playbook import Playbook

IDLE = ReadyForQuery(status=TransactionStatus.IDLE)
IN_BLOCK = ReadyForQuery(status=TransactionStatus.IN_TRANSACTION)
FAILED = ReadyForQuery(status=TransactionStatus.FAILED)
COLUMNS = RowDescription(fields=(FieldDescription(name="a", type=25),))
ROW = DataRow(values=(b"x",))
DONE = CommandComplete(tag="SELECT 1")
ERROR = ErrorResponse(severity="ERROR", sqlstate="22012", message="division by zero")


def parse(text: str, name: str = "") -> Parse:
    return Parse(statement=name, text=text)


def bind(statement: str = "", portal: str = "") -> Bind:
    return Bind(portal=portal, statement=statement)


def describe(name: str = "", target: Target = Target.PORTAL) -> Describe:
    return Describe(target=target, name=name)


def close(name: str, target: Target = Target.STATEMENT) -> Close:
    return Close(target=target, name=name)


def execute(portal: str = "", rows: int = 0) -> Execute:
    return Execute(portal=portal, max_rows=rows)


def prepared(book: Playbook, text: str, name: str = "") -> None:
    book.client(parse(text, name), describe(name, Target.STATEMENT), Sync())
    book.server(ParseComplete(), ParameterDescription(types=()), COLUMNS, IDLE)


def frame(message: Query | Execute | Sync) -> Frame:
    data = message.encode()
    return Frame(data[0], 1, data, True)
