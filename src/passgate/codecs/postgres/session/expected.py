"""The queue of replies that are still to come: one entry for each message that has a reply, the gate's own among them."""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Generic, TypeVar

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


@dataclass(slots=True, kw_only=True, eq=False)
class Execution(Generic[Work]):
    """A simple query or an Execute that was let go to the server. ``work`` is whatever the gate keeps with it.

    ``portal`` is None for a simple query. ``statement`` counts the results that a simple query has given so far.
    """

    work: Work
    portal: Portal | None = None
    statement: int = 0
    copying: Copying = Copying.NO


@dataclass(slots=True, kw_only=True, eq=False)
class Own:
    """The gate's own exchange with the server. ``rows`` are text values of every DataRow, in order."""

    rows: list[tuple[bytes | None, ...]] = field(default_factory=list, repr=False)
    error: ErrorResponse | None = None
    done: bool = False


@dataclass(slots=True, kw_only=True, eq=False)
class Expected(Generic[Work]):
    """``visible``: the reply is for the client. ``undo`` takes back what the message did to the tables of names."""

    step: Step
    visible: bool = True
    execution: Execution[Work] | None = None
    statement: Statement | None = None
    own: Own | None = None
    reply: bytes = field(default=b"", repr=False)
    undo: Undo | None = None
    round: int = 0
