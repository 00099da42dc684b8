"""What is fuzzed of the PostgreSQL codec: each target takes any bytes and says what came of them.

So two ways of feeding the same bytes can be compared. A target may raise RemoteProtocolError inside, and nothing else may leave it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from passgate.codecs.postgres import types
from passgate.codecs.postgres.asynchronous import NotificationResponse, ParameterStatus, Terminate
from passgate.codecs.postgres.authentication import (
    AuthenticationMD5Password,
    AuthenticationOk,
    AuthenticationSASL,
    AuthenticationSASLContinue,
    PasswordMessage,
    SASLInitialResponse,
    SASLResponse,
)
from passgate.codecs.postgres.bind import Bind
from passgate.codecs.postgres.cancellation import BackendKeyData, CancelRequest
from passgate.codecs.postgres.copy import (
    CopyBothResponse,
    CopyData,
    CopyDone,
    CopyFail,
    CopyInResponse,
    CopyOutResponse,
)
from passgate.codecs.postgres.copy_formats import CopyFormat, CopyOptions
from passgate.codecs.postgres.copy_rows import CopyRewriter, copy_columns
from passgate.codecs.postgres.error_response import ErrorResponse, NoticeResponse
from passgate.codecs.postgres.extended_query import (
    BindComplete,
    Close,
    CloseComplete,
    Describe,
    Execute,
    Flush,
    NoData,
    ParameterDescription,
    Parse,
    ParseComplete,
    PortalSuspended,
    Sync,
    Target,
)
from passgate.codecs.postgres.framing import (
    ROWS,
    BackendLimits,
    Frame,
    FrontendLimits,
    Splitter,
    StartupSplitter,
    backend_splitter,
    frontend_splitter,
)
from passgate.codecs.postgres.function_call import FunctionCall, FunctionCallResponse
from passgate.codecs.postgres.messages import BACKEND, FRONTEND
from passgate.codecs.postgres.refusal import masked, withheld
from passgate.codecs.postgres.row_description import DataRow, FieldDescription, RowDescription
from passgate.codecs.postgres.rows import RowRewriter
from passgate.codecs.postgres.simple_query import (
    CommandComplete,
    EmptyQueryResponse,
    Query,
    ReadyForQuery,
    TransactionStatus,
)
from passgate.codecs.postgres.startup import (
    GSSENCRequest,
    NegotiateProtocolVersion,
    SSLRequest,
    StartupMessage,
    parse_startup,
)
from passgate.codecs.postgres.values import NAMES, decode_parameter
from passgate.core.decision import Strategy, StrategyKind
from passgate.core.errors import RemoteProtocolError
from passgate.core.shape import PartPlan, Plan

Pieces = Iterable[bytes]
Outcome = list[Any]

REFUSED = "refused"

_SECRET = b"ann@example.com"
_MASK = PartPlan(mask=Strategy(kind=StrategyKind.REDACT))
_SCAN = PartPlan(scan=True)
_LEAVE = PartPlan()

_SMALL_CLIENT = FrontendLimits(text=2000, data=2000).table()
_SMALL_SERVER = BackendLimits(row=2000, report=2000).table()
_SMALL_COPY_ROW = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class FuzzTarget:
    """``run`` feeds pieces and returns what came out. ``chunked``: how the bytes are cut must not change that."""

    name: str
    seeds: tuple[bytes, ...]
    run: Callable[[Pieces], Outcome]
    chunked: bool = True


class _Masker:
    def mask(self, values: Sequence[bytes], strategy: Strategy) -> Sequence[bytes | None]:
        return [b"*" + value[-4:] for value in values]

    def scan(self, values: Sequence[bytes]) -> Mapping[int, bytes]:
        return {at: value.replace(_SECRET, b"<EMAIL>") for at, value in enumerate(values) if _SECRET in value}

    def scan_text(self, text: bytes) -> bytes:
        return text.replace(_SECRET, b"<EMAIL>")


def _pulled(splitter: Splitter, pieces: Pieces, take: Callable[[Frame], None]) -> bool:
    """Whether the stream was refused."""
    try:
        for piece in pieces:
            splitter.feed(piece)
            while (frame := splitter.next()) is not None:
                take(frame)
    except RemoteProtocolError:
        return True
    return False


def _check_rereading(message: Any, table: Mapping[int, Callable[[bytes], Any]]) -> None:
    again = table[message.TYPE](message.encode()[5:])
    if again != message:
        raise AssertionError(f"{type(message).__name__} is not read as it was written")


def _messages(splitter: Splitter, table: Mapping[int, Callable[[bytes], Any]], pieces: Pieces) -> Outcome:
    seen: Outcome = []

    def take(frame: Frame) -> None:
        data = frame.data
        count = 0
        while data:
            end = 1 + int.from_bytes(data[1:5])
            message = table[frame.kind](data[5:end])
            if not isinstance(message, ErrorResponse | NoticeResponse):  # text that is not UTF-8 is replaced in these
                _check_rereading(message, table)
            else:
                _check_rereading(masked(message, _Masker().scan_text), table)
                _check_rereading(withheld(message), table)
            seen.append(message)
            data = data[end:]
            count += 1
        if count != frame.count:
            raise AssertionError(f"a frame of {frame.count} messages holds {count}")

    if _pulled(splitter, pieces, take):
        seen.append(REFUSED)
    return seen


def _frontend(pieces: Pieces) -> Outcome:
    return _messages(frontend_splitter(_SMALL_CLIENT), FRONTEND, pieces)


def _backend(pieces: Pieces) -> Outcome:
    return _messages(backend_splitter(_SMALL_SERVER), BACKEND, pieces)


def _streamed(pieces: Pieces) -> Outcome:
    """Pieces of rows, put together again."""
    splitter = backend_splitter(_SMALL_SERVER)
    splitter.stream(ROWS)
    sent = bytearray()
    ended = 0

    def take(frame: Frame) -> None:
        nonlocal ended
        sent.extend(frame.data)
        ended += frame.count

    refused = _pulled(splitter, pieces, take)
    # A row that is not whole yet may have been sent or not: what counts is that what was sent is the stream's beginning.
    return [ended, refused, bytes(sent) if len(sent) < 1000 else len(sent)]


def _startup(pieces: Pieces) -> Outcome:
    splitter = StartupSplitter()
    seen: Outcome = []
    try:
        for piece in pieces:
            splitter.feed(piece)
            while (packet := splitter.next()) is not None:
                message = parse_startup(packet)
                if parse_startup(message.encode()) != message:
                    raise AssertionError("a start-up packet is not read as it was written")
                if isinstance(message, StartupMessage):
                    message.negotiation()
                    _ = (message.replication, message.database)
                seen.append(message)
    except RemoteProtocolError:
        seen.append(REFUSED)
    return seen


def _answers(pieces: Pieces) -> Outcome:
    payload = b"".join(pieces)
    seen: Outcome = []
    for kind in (PasswordMessage, SASLInitialResponse, SASLResponse):
        try:
            seen.append(kind.parse(payload))
        except RemoteProtocolError:
            seen.append(REFUSED)
    return seen


_COLUMNS = (
    (_MASK, types.TEXT, 0),
    (_SCAN, types.TEXT, 1),
    (_SCAN, types.JSONB, 1),
    (_MASK, types.JSON, 0),
    (_SCAN, 1009, 1),
    (_SCAN, types.BYTEA, 0),
    (_MASK, types.INT4, 0),
    (_LEAVE, 999999, 1),
)


def _rows(pieces: Pieces) -> Outcome:
    rewriter = RowRewriter(
        plan=Plan(parts=tuple(part for part, _, _ in _COLUMNS), max_rows=20),
        description=RowDescription(
            fields=tuple(FieldDescription(name="c", type=oid, format=form) for _, oid, form in _COLUMNS)
        ),
        masker=_Masker(),
    )
    rewritten: Outcome = []

    def take(frame: Frame) -> None:
        if frame.kind == DataRow.TYPE:
            # One by one: a bad row refuses its run, and how long a run is depends on the reads.
            data = frame.data
            while data:
                end = 1 + int.from_bytes(data[1:5])
                one = rewriter.rewrite(data[:end])
                rewritten.append(one)
                data = data[end:]

    if _pulled(backend_splitter(_SMALL_SERVER), pieces, take):
        rewritten.append(REFUSED)
    return rewritten


def _row_run(pieces: Pieces) -> Outcome:
    """A run handed over as it is, which need not even be made of messages."""
    rewriter = RowRewriter(
        plan=Plan(parts=tuple(part for part, _, _ in _COLUMNS)),
        description=RowDescription(
            fields=tuple(FieldDescription(name="c", type=oid, format=form) for _, oid, form in _COLUMNS)
        ),
        masker=_Masker(),
    )
    try:
        return [rewriter.rewrite(b"".join(pieces))]
    except RemoteProtocolError:
        return [REFUSED]


def _copied(options: CopyOptions) -> Callable[[Pieces], Outcome]:
    columns = ((_MASK, types.TEXT), (_SCAN, types.TEXT), (_MASK, types.INT4), (_SCAN, types.JSONB), (_SCAN, None))

    def run(pieces: Pieces) -> Outcome:
        rewriter = CopyRewriter(
            plan=Plan(parts=tuple(part for part, _ in columns), max_rows=20),
            columns=copy_columns([oid for _, oid in columns], options),
            options=options,
            masker=_Masker(),
            max_row=_SMALL_COPY_ROW,
        )
        out = bytearray()
        try:
            for piece in pieces:
                out += rewriter.rewrite(CopyData(data=piece).encode()).data
            rewriter.finish()
        except RemoteProtocolError:
            return [REFUSED]  # what went out before depends on where the reads end
        return [bytes(out)]

    return run


_OIDS = (0, 999999, *NAMES, *types.ELEMENTS)


def _values(pieces: Pieces) -> Outcome:
    """The first two bytes choose a type, the third a format."""
    data = b"".join(pieces)
    oid = _OIDS[int.from_bytes(data[:2]) % len(_OIDS)]
    value = decode_parameter(data[3:], oid, data[2] & 1 if len(data) > 2 else 0)
    if value.opaque != (value.text is None):
        raise AssertionError("a value that is neither decoded nor opaque")
    return [value]


def _frontend_seeds() -> tuple[bytes, ...]:
    extended = (
        Parse(statement="s1", text="select * from t where id = $1", parameter_types=(23, 0)).encode()
        + Bind(
            portal="", statement="s1", parameter_formats=(0, 1), parameters=(b"42", None), result_formats=(1,)
        ).encode()
        + Describe(target=Target.PORTAL, name="").encode()
        + Execute(portal="", max_rows=100).encode()
        + Close(target=Target.STATEMENT, name="s1").encode()
        + Flush().encode()
        + Sync().encode()
    )
    return (
        Query(text="select 1; -- é").encode() + Terminate().encode(),
        extended,
        CopyData(data=b"a\tb\n").encode() * 3 + CopyDone().encode() + CopyFail(reason="no").encode(),
        FunctionCall(function=1598, argument_formats=(1,), arguments=(b"\0\0\0\7", None), result_format=1).encode(),
    )


def _backend_seeds() -> tuple[bytes, ...]:
    description = RowDescription(
        fields=(
            FieldDescription(name="id", table=16384, attribute=1, type=23, size=4, format=1),
            FieldDescription(name="e-mail", type=25),
        )
    )
    error = ErrorResponse(
        severity_localized="ERROR",
        severity="ERROR",
        sqlstate="23505",
        message="duplicate key",
        detail=f"Key (email)=({_SECRET.decode()}) already exists.",
        position="8",
        constraint="customers_email_key",
    )
    return (
        AuthenticationSASL(mechanisms=("SCRAM-SHA-256",)).encode()
        + AuthenticationSASLContinue(data=b"r=x,s=eA==,i=4096").encode()
        + AuthenticationMD5Password(salt=b"abcd").encode()
        + AuthenticationOk().encode()
        + ParameterStatus(name="TimeZone", value="UTC").encode()
        + BackendKeyData(process_id=7, key=b"k" * 32).encode()
        + NegotiateProtocolVersion(newest=0x30002, unknown_options=("_pq_.x",)).encode()
        + ReadyForQuery(status=TransactionStatus.IDLE).encode(),
        description.encode()
        + DataRow(values=(b"\0\0\0\7", b"x")).encode() * 3
        + CommandComplete(tag="SELECT 3").encode()
        + EmptyQueryResponse().encode(),
        ParseComplete().encode()
        + BindComplete().encode()
        + ParameterDescription(types=(23, 25)).encode()
        + NoData().encode()
        + PortalSuspended().encode()
        + CloseComplete().encode(),
        error.encode()
        + NoticeResponse(message="careful").encode()
        + ReadyForQuery(status=TransactionStatus.FAILED).encode(),
        CopyInResponse(format=0, column_formats=(0, 0)).encode()
        + CopyOutResponse(format=1, column_formats=(1, 0)).encode()
        + CopyBothResponse(format=0, column_formats=()).encode()
        + CopyData(data=b"x\n").encode() * 2
        + CopyDone().encode(),
        NotificationResponse(process_id=4, channel="jobs", payload="7").encode()
        + FunctionCallResponse(result=b"1").encode(),
    )


def _row_seeds() -> tuple[bytes, ...]:
    array = bytes.fromhex("00000001 00000000 00000019 00000002 00000001 00000001 61 0000000f") + _SECRET
    row = DataRow(
        values=(
            b"ann",
            b"to " + _SECRET,
            b'\x01{"e": "ann\\u0040example.com"}',
            b'{"a": 1}',
            array,
            b"\\x" + _SECRET.hex().encode(),
            b"7",
            b"\0",
        )
    ).encode()
    return (row, row * 3, DataRow(values=(None,) * 8).encode() + row)


def _copy_seeds(options: CopyOptions) -> tuple[bytes, ...]:
    if options.format is CopyFormat.BINARY:
        header = b"PGCOPY\n\xff\r\n\0" + bytes(8)
        cells = (b"ann", _SECRET, b"\0\0\0\7", b'\x01{"a": 1}', b"x")
        row = len(cells).to_bytes(2) + b"".join(len(cell).to_bytes(4) + cell for cell in cells)
        nulls = (5).to_bytes(2) + b"\xff\xff\xff\xff" * 5
        return (header + row + nulls + b"\xff\xff", header + row * 3 + b"\xff\xff")
    mark = options.delimiter or (b"\t" if options.format is CopyFormat.TEXT else b",")
    plain = mark.join((b"ann", _SECRET, b"7", b'{"a": 1}' if options.format is CopyFormat.TEXT else b"1", b"x")) + b"\n"
    quote = options.quote
    odd = (
        mark.join((b"a\\tb", b"\\N", b"", b'"\\\\u0040"', b"\\\\"))
        if options.format is CopyFormat.TEXT
        else mark.join((quote + b"a\nb" + quote, b"", quote + quote, b"1", b"x"))
    )
    return (plain, plain * 3, odd + b"\n" + plain)


_COPIES = (
    CopyOptions(),
    CopyOptions(delimiter=b"|", null=b"NULL"),
    CopyOptions(format=CopyFormat.CSV, header=True),
    CopyOptions(format=CopyFormat.CSV, delimiter=b";", quote=b"'", escape=b"\\"),
    CopyOptions(format=CopyFormat.BINARY),
)


def _value_seeds() -> tuple[bytes, ...]:
    """Every type in both formats, with something that is a value of many of them."""
    contents = (
        b"42",
        bytes(8),
        bytes.fromhex("000300010000000400010000000a"),
        bytes.fromhex("0000000100000000000000170000000100000001000000040000002a"),
    )
    return tuple(
        at.to_bytes(2) + bytes((form,)) + content for at in range(len(_OIDS)) for form in (0, 1) for content in contents
    )


TARGETS: tuple[FuzzTarget, ...] = (
    FuzzTarget(name="frontend", seeds=_frontend_seeds(), run=_frontend),
    FuzzTarget(name="backend", seeds=_backend_seeds(), run=_backend),
    FuzzTarget(name="streamed", seeds=(*_backend_seeds(), DataRow(values=(b"x" * 3000,)).encode()), run=_streamed),
    FuzzTarget(
        name="startup",
        seeds=(
            SSLRequest().encode(),
            GSSENCRequest().encode() + SSLRequest().encode(),
            CancelRequest(process_id=7, key=b"k" * 32).encode(),
            StartupMessage(
                parameters=(("user", "ann"), ("database", "shop"), ("_pq_.x", "1"), ("replication", "off")), minor=2
            ).encode(),
        ),
        run=_startup,
    ),
    FuzzTarget(
        name="answers",
        seeds=(
            PasswordMessage(password="sesame").encode()[5:],
            SASLInitialResponse(mechanism="SCRAM-SHA-256", data=b"n,,n=,r=x").encode()[5:],
        ),
        run=_answers,
        chunked=False,
    ),
    FuzzTarget(name="rows", seeds=_row_seeds(), run=_rows),
    FuzzTarget(name="row-run", seeds=_row_seeds(), run=_row_run, chunked=False),
    *(
        FuzzTarget(name=f"copy-{options.format}-{at}", seeds=_copy_seeds(options), run=_copied(options))
        for at, options in enumerate(_COPIES)
    ),
    FuzzTarget(name="values", seeds=_value_seeds(), run=_values, chunked=False),
)
