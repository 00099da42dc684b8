"""What the conversation says has come, and what it asks."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from passgate.codecs.postgres.asynchronous import NotificationResponse, ParameterStatus
from passgate.codecs.postgres.error_response import ErrorResponse, NoticeResponse
from passgate.codecs.postgres.framing import Frame
from passgate.codecs.postgres.session.expected import Execution, Own
from passgate.codecs.postgres.session.names import Portal, Statement
from passgate.codecs.postgres.simple_query import TransactionStatus

Work = TypeVar("Work")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToServer:
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToClient:
    data: bytes = field(repr=False)


# -- asks: answered by release or refuse before anything else of the client is looked at -----------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class AskQuery:
    """A simple query: one or more statements in ``text``."""

    text: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskParse:
    statement: Statement
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskBind:
    """Asked only of statements that were marked ``ask_at_bind``."""

    portal: Portal
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskExecute:
    """``max_rows`` 0 is no limit."""

    portal: Portal
    max_rows: int
    data: bytes = field(repr=False)


Ask = AskQuery | AskParse | AskBind | AskExecute


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebuffed:
    """The conversation refused a message by itself; the client has been told. For the ledger."""

    sqlstate: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminated:
    """The client said goodbye."""


# -- from the server ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Described(Generic[Work]):
    """A simple query's result is about to come. ``data``: the whole RowDescription message, for the client."""

    execution: Execution[Work]
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows(Generic[Work]):
    """A run of DataRow messages, or a piece of one."""

    execution: Execution[Work]
    frame: Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyInStarted(Generic[Work]):
    execution: Execution[Work]
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOutStarted(Generic[Work]):
    execution: Execution[Work]
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRows(Generic[Work]):
    """A run of CopyData messages from the server, or a piece of one."""

    execution: Execution[Work]
    frame: Frame


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyEnded(Generic[Work]):
    execution: Execution[Work]
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed(Generic[Work]):
    """One statement is done. ``tag`` is the server's line, empty for an empty query."""

    execution: Execution[Work]
    tag: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspended(Generic[Work]):
    """An Execute gave as many rows as it asked for; the portal may be executed again."""

    execution: Execution[Work]
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed(Generic[Work]):
    """``execution`` is None where the error is no statement's own (a Parse or Bind, a shutdown)."""

    execution: Execution[Work] | None
    report: ErrorResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped(Generic[Work]):
    """The server skipped this one, for something before it had failed."""

    execution: Execution[Work]


@dataclass(frozen=True, slots=True, kw_only=True)
class Noticed(Generic[Work]):
    execution: Execution[Work] | None
    report: NoticeResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified:
    notification: NotificationResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterChanged:
    parameter: ParameterStatus
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The end of a round. ``data`` is empty where the client must not see it."""

    status: TransactionStatus
    before: TransactionStatus
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The gate's own exchange is over."""

    own: Own


Item = (
    ToServer
    | ToClient
    | Ask
    | Rebuffed
    | Terminated
    | Described[Work]
    | Rows[Work]
    | CopyInStarted[Work]
    | CopyOutStarted[Work]
    | CopyRows[Work]
    | CopyEnded[Work]
    | Completed[Work]
    | Suspended[Work]
    | Failed[Work]
    | Dropped[Work]
    | Noticed[Work]
    | Notified
    | ParameterChanged
    | Ready
    | Answered
)
