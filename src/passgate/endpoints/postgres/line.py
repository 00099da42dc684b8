"""What the parts of a running session share."""

from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from passgate.codecs.postgres.conversation import Conversation
from passgate.codecs.postgres.copy_rows import CopyRewriter
from passgate.codecs.postgres.error_response import ErrorResponse
from passgate.codecs.postgres.framing import Frame
from passgate.codecs.postgres.rows import RowRewriter
from passgate.codecs.postgres.session.items import Item
from passgate.core.shape import Plan
from passgate.endpoints.postgres.floor import Floor
from passgate.endpoints.postgres.outlet import Outlet
from passgate.endpoints.postgres.settings import Limits
from passgate.endpoints.postgres.transcript import Transcript
from passgate.pipeline.gate import Judged, Result, Verdict
from passgate.pipeline.statements import StatementSession


@dataclass(slots=True, kw_only=True, eq=False)
class Delivery:
    """What is done to the result that is coming. ``rewriter`` None: bytes pass as they are."""

    plan: Plan
    rewriter: RowRewriter | CopyRewriter | None
    names: tuple[str, ...]


@dataclass(slots=True, kw_only=True, eq=False)
class Running:
    """A request that was let go: its verdict, and the counts of the result that is coming.

    ``settled`` statements have their outcome in the ledger. ``cut``: the gate ended this one; its error stands for whatever the
    server says. ``sensitive``: the server's own words about it are withheld. ``meaning``: the versions it was judged under.
    A guarded statement's outcomes are ``deferred`` until the guard's verdict, and of its rows no more than ``row_bound`` are kept;
    ``touched`` is the last command's own count. ``inside_row``: the client has a part of a streamed row.
    """

    verdict: Verdict
    started: float
    meaning: tuple[str, str]
    sensitive: bool = False
    announced: bool = False
    settled: int = 0
    delivery: Delivery | None = None
    rows: int = 0
    bytes: int = 0
    dropped: int = 0
    masked: Counter[str] = field(default_factory=Counter)
    cut: ErrorResponse | None = None
    deferred: list[tuple[Judged, Result, str]] | None = None
    row_bound: int | None = None
    touched: int = 0
    inside_row: bool = False

    @property
    def judged(self) -> Judged | None:
        """The statement whose result is coming; None if there are more results than statements were judged."""
        judged = self.verdict.judged
        return judged[self.settled] if self.settled < len(judged) else None


class Line(Protocol):
    """One session between its two sockets."""

    gated: StatementSession
    conversation: Conversation[Running]
    outlet: Outlet
    transcript: Transcript
    limits: Limits
    floor: Floor

    def act(self, items: Sequence[Item[Running]]) -> None:
        """Carry out what the conversation says."""

    def wait_for(self, slow: Coroutine[object, object, None]) -> None:
        """Look at nothing more of the client until this is done."""

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until what the server has said makes it true."""

    async def next_frame(self) -> Frame:
        """The client's next message, taken before its turn."""

    def put_back(self, frames: Sequence[Frame]) -> None:
        """Messages that were taken before their turn, in order."""

    def touched_masked(self) -> None:
        """From now to the end of the transaction the server's own words are withheld."""

    def cancel_statement(self) -> None:
        """Ask the server to cancel what it is doing."""

    async def cancels_done(self) -> None:
        """Wait until no cancel is on its way that could hit what is sent next."""

    def bound_hit(self, bound: str, limit: int) -> None:
        """Record it."""

    def stream_rows(self, on: bool) -> None:
        """Whether rows may be handed on in pieces, for nobody looks into them."""

    def stop(self, report: ErrorResponse, reason: str) -> None:
        """The session cannot go on: last words to the client, then both sockets close."""
