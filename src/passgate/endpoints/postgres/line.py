"""What the parts of a running session share."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Final, Protocol, final

from passgate.codecs.postgres.conversation import Conversation
from passgate.codecs.postgres.copy_rows import CopyRewriter
from passgate.codecs.postgres.error_response import ErrorResponse
from passgate.codecs.postgres.framing import Frame
from passgate.codecs.postgres.rows import RowRewriter
from passgate.codecs.postgres.session.items import Item
from passgate.core.shape import Plan
from passgate.endpoints.postgres.floor import Floor
from passgate.endpoints.postgres.outlet import Outlet
from passgate.endpoints.postgres.preview import Previews
from passgate.endpoints.postgres.settings import Limits
from passgate.endpoints.postgres.transcript import Transcript
from passgate.pipeline.gate import Judged, Result, Verdict
from passgate.pipeline.statements import StatementSession


@final
class Delivery:
    """What is done to the result that is coming. ``rewriter`` None: bytes pass as they are."""

    __slots__ = ("names", "plan", "rewriter")

    def __init__(self, *, plan: Plan, rewriter: RowRewriter | CopyRewriter | None, names: tuple[str, ...]) -> None:
        self.plan: Final = plan
        self.rewriter: Final = rewriter
        self.names: Final = names


@final
class Running:
    """A request that was let go: its verdict, and the counts of the result that is coming.

    ``settled`` statements have their outcome in the ledger. ``cut``: the gate ended this one; its error stands for whatever the
    server says. ``sensitive``: the server's own words about it are withheld. ``meaning``: the versions it was judged under.
    A guarded statement's outcomes are ``deferred`` until the guard's verdict, and of its rows no more than ``row_bound`` are kept;
    ``touched`` is the last command's own count. ``inside_row``: the client has a part of a streamed row.
    """

    __slots__ = (
        "announced", "bytes", "cut", "deferred", "delivery", "dropped", "inside_row", "masked", "meaning", "row_bound", "rows",
        "sensitive", "settled", "started", "touched", "verdict",
    )  # fmt: skip

    def __init__(self, *, verdict: Verdict, started: float, meaning: tuple[str, str], sensitive: bool = False) -> None:
        self.verdict: Final = verdict
        self.started: Final = started
        self.meaning: Final = meaning
        self.sensitive: Final = sensitive
        self.announced = False
        self.settled = 0
        self.delivery: Delivery | None = None
        self.rows = 0
        self.bytes = 0
        self.dropped = 0
        self.masked: dict[str, int] = {}
        self.cut: ErrorResponse | None = None
        self.deferred: list[tuple[Judged, Result, str]] | None = None
        self.row_bound: int | None = None
        self.touched = 0
        self.inside_row = False

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
    previews: Previews

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
