"""The queue of replies that are still to come: one entry for each message that has a reply, the gate's own among them."""

from enum import Enum, auto
from typing import Generic, TypeVar, final

from passgate.codecs.postgres.error_response import ErrorResponse
from passgate.codecs.postgres.session.names import Portal, Statement, Undo

Work = TypeVar("Work")


class Step(Enum):
    PARSE = auto()
    BIND = auto()
    CLOSE = auto()
    DESCRIBE = auto()
    EXECUTE = auto()
    QUERY = auto()  # a simple query: any number of results, then ReadyForQuery
    SYNC = auto()
    REPLY = auto()  # nothing was sent: the gate's own answer, mostly a refusal, in its turn
    REFUSED_QUERY = auto()  # the same with ReadyForQuery behind it
    POISON = auto()  # a text that cannot be parsed was sent; its error stands for the refusal
    OWN = auto()  # the gate's own exchange, up to ReadyForQuery, which the client never sees


class Copying(Enum):
    NO = auto()
    IN = auto()
    OUT = auto()


@final
class Execution(Generic[Work]):
    """A simple query or an Execute that was let go to the server. ``work`` is whatever the gate keeps with it.

    ``portal`` is None for a simple query. ``statement`` counts the results that a simple query has given so far.
    """

    __slots__ = ("copying", "portal", "statement", "work")

    def __init__(self, *, work: Work, portal: Portal | None = None) -> None:
        self.work = work
        self.portal = portal
        self.statement = 0
        self.copying = Copying.NO


@final
class Own:
    """The gate's own exchange with the server. ``rows`` are text values of every DataRow, in order."""

    __slots__ = ("done", "error", "rows")

    def __init__(self) -> None:
        self.rows: list[tuple[bytes | None, ...]] = []
        self.error: ErrorResponse | None = None
        self.done = False


@final
class Expected(Generic[Work]):
    """``visible``: the reply is for the client. ``undo`` takes back what the message did to the tables of names."""

    __slots__ = ("execution", "own", "reply", "round", "statement", "step", "undo", "visible")

    def __init__(
        self,
        *,
        step: Step,
        visible: bool = True,
        execution: Execution[Work] | None = None,
        statement: Statement | None = None,
        own: Own | None = None,
        reply: bytes = b"",
        undo: Undo | None = None,
    ) -> None:
        self.step = step
        self.visible = visible
        self.execution = execution
        self.statement = statement
        self.own = own
        self.reply = reply
        self.undo = undo
        self.round = 0
