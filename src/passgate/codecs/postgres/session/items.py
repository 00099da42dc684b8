"""What the conversation says has come, and what it asks.

What comes up in every statement is a plain class: compiled, one is made for a tenth of what a dataclass takes.
"""

from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar, final

from passgate.codecs.postgres.asynchronous import NotificationResponse, ParameterStatus
from passgate.codecs.postgres.error_response import ErrorResponse, NoticeResponse
from passgate.codecs.postgres.framing import Frame
from passgate.codecs.postgres.session.expected import Execution, Own
from passgate.codecs.postgres.session.names import Portal, Statement
from passgate.codecs.postgres.simple_query import TransactionStatus

Work = TypeVar("Work")


@final
class ToServer:
    __slots__ = ("data",)

    def __init__(self, *, data: bytes) -> None:
        self.data: Final = data


@final
class ToClient:
    __slots__ = ("data",)

    def __init__(self, *, data: bytes) -> None:
        self.data: Final = data


# -- asks: answered by release or refuse before anything else of the client is looked at -----------------------------


@final
class AskQuery:
    """A simple query: one or more statements in ``text``."""

    __slots__ = ("data", "text")

    def __init__(self, *, text: str, data: bytes) -> None:
        self.text: Final = text
        self.data: Final = data


@final
class AskParse:
    __slots__ = ("data", "statement")

    def __init__(self, *, statement: Statement, data: bytes) -> None:
        self.statement: Final = statement
        self.data: Final = data


@dataclass(frozen=True, slots=True, kw_only=True)
class AskBind:
    """Asked only of statements that were marked ``ask_at_bind``."""

    portal: Portal
    data: bytes = field(repr=False)


@final
class AskExecute:
    """``max_rows`` 0 is no limit."""

    __slots__ = ("data", "max_rows", "portal")

    def __init__(self, *, portal: Portal, max_rows: int, data: bytes) -> None:
        self.portal: Final = portal
        self.max_rows: Final = max_rows
        self.data: Final = data


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


@final
class Described(Generic[Work]):
    """A simple query's result is about to come. ``data``: the whole RowDescription message, for the client."""

    __slots__ = ("data", "execution")

    def __init__(self, *, execution: Execution[Work], data: bytes) -> None:
        self.execution: Final = execution
        self.data: Final = data


@final
class Rows(Generic[Work]):
    """A run of DataRow messages, or a piece of one."""

    __slots__ = ("execution", "frame")

    def __init__(self, *, execution: Execution[Work], frame: Frame) -> None:
        self.execution: Final = execution
        self.frame: Final = frame


@final
class CopyInStarted(Generic[Work]):
    __slots__ = ("data", "execution")

    def __init__(self, *, execution: Execution[Work], data: bytes) -> None:
        self.execution: Final = execution
        self.data: Final = data


@final
class CopyOutStarted(Generic[Work]):
    __slots__ = ("data", "execution")

    def __init__(self, *, execution: Execution[Work], data: bytes) -> None:
        self.execution: Final = execution
        self.data: Final = data


@final
class CopyRows(Generic[Work]):
    """A run of CopyData messages from the server, or a piece of one."""

    __slots__ = ("execution", "frame")

    def __init__(self, *, execution: Execution[Work], frame: Frame) -> None:
        self.execution: Final = execution
        self.frame: Final = frame


@final
class CopyEnded(Generic[Work]):
    __slots__ = ("data", "execution")

    def __init__(self, *, execution: Execution[Work], data: bytes) -> None:
        self.execution: Final = execution
        self.data: Final = data


@final
class Completed(Generic[Work]):
    """One statement is done. ``tag`` is the server's line, empty for an empty query."""

    __slots__ = ("data", "execution", "tag")

    def __init__(self, *, execution: Execution[Work], tag: str, data: bytes) -> None:
        self.execution: Final = execution
        self.tag: Final = tag
        self.data: Final = data


@final
class Suspended(Generic[Work]):
    """An Execute gave as many rows as it asked for; the portal may be executed again."""

    __slots__ = ("data", "execution")

    def __init__(self, *, execution: Execution[Work], data: bytes) -> None:
        self.execution: Final = execution
        self.data: Final = data


@final
class Failed(Generic[Work]):
    """``execution`` is None where the error is no statement's own (a Parse or Bind, a shutdown)."""

    __slots__ = ("execution", "report")

    def __init__(self, *, execution: Execution[Work] | None, report: ErrorResponse) -> None:
        self.execution: Final = execution
        self.report: Final = report


@final
class Dropped(Generic[Work]):
    """The server skipped this one, for something before it had failed."""

    __slots__ = ("execution",)

    def __init__(self, *, execution: Execution[Work]) -> None:
        self.execution: Final = execution


@final
class Noticed(Generic[Work]):
    __slots__ = ("execution", "report")

    def __init__(self, *, execution: Execution[Work] | None, report: NoticeResponse) -> None:
        self.execution: Final = execution
        self.report: Final = report


@final
class NameTaken:
    """The protocol gives a name that SQL shares: ``kind`` is ``prepared`` or ``cursor``. Whatever SQL had under it is not there, or
    this one fails."""

    __slots__ = ("kind", "name")

    def __init__(self, *, kind: str, name: str) -> None:
        self.kind: Final = kind
        self.name: Final = name


@dataclass(frozen=True, slots=True, kw_only=True)
class Notified:
    notification: NotificationResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterChanged:
    parameter: ParameterStatus
    data: bytes = field(repr=False)


@final
class Ready:
    """The end of a round. ``data`` is empty where the client must not see it."""

    __slots__ = ("before", "data", "status")

    def __init__(self, *, status: TransactionStatus, before: TransactionStatus, data: bytes) -> None:
        self.status: Final = status
        self.before: Final = before
        self.data: Final = data


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
    | NameTaken
    | Noticed[Work]
    | Notified
    | ParameterChanged
    | Ready
    | Answered
)
