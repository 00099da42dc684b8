"""The row guard: a write that touches more rows than its rule allows is rolled back, exactly, before its client hears anything.

Outside a transaction block the statement runs as ``BEGIN``; statement; ``SET CONSTRAINTS ALL IMMEDIATE``; count; ``COMMIT`` or
``ROLLBACK``. Inside the client's own block a savepoint does the same, and the block goes on after a refusal; deferred constraints
are then checked at the statement, and stay immediate to the end of the block. Rows touched are the greater of the command's own
count and the growth of ``pg_stat_xact_user_tables``, so rows that triggers and cascades touch count; a row that moves between
partitions counts twice. Sequences and notifications do not roll back. The same wrapping lifts an agent's read-only floor for one
allowed write.

What cannot be wrapped is refused with a hint: one of several statements of a simple query, one of several Executes up to one Sync,
and what cannot run in a transaction. The gate's own commands use the extended protocol under names of their own, so that the
client's unnamed statement survives them.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from passgate.codecs.postgres.bind import Bind
from passgate.codecs.postgres.error_response import ErrorResponse
from passgate.codecs.postgres.extended_query import Close, Execute, Parse, Sync, Target
from passgate.codecs.postgres.framing import Frame
from passgate.codecs.postgres.refusal import fatal, refusal
from passgate.codecs.postgres.session.expected import Own
from passgate.codecs.postgres.session.items import AskExecute, AskQuery, ToClient
from passgate.codecs.postgres.session.names import RESERVED
from passgate.codecs.postgres.simple_query import TransactionStatus
from passgate.codecs.postgres.sqlstate import QUERY_CANCELED
from passgate.core.action import Action
from passgate.core.decision import MaxRows, ReadOnly
from passgate.core.errors import TargetUnavailableError
from passgate.core.event import EventType
from passgate.endpoints.postgres.floor import changes
from passgate.endpoints.postgres.line import Line, Running
from passgate.endpoints.postgres.results import Results
from passgate.endpoints.postgres.touched import COUNT, count
from passgate.pipeline.gate import Verdict

SAVEPOINT = f"{RESERVED}guard"

_OWN = f"{RESERVED}own"
_COPY_IN = "copy_in"
_CONTROL = frozenset(
    {"begin", "commit", "rollback", "savepoint", "release", "rollback_to", "prepare_transaction"}
    | {"commit_prepared", "rollback_prepared", "set_transaction"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """``limit`` None: wrapped for its access mode only."""

    limit: MaxRows | None
    access: str


def need(verdict: Verdict, *, floor: bool) -> Need | None:
    """Whether these actions must be wrapped outside a transaction block, and how. ``floor``: the session's default is read-only."""
    obligations = [obligation for judged in verdict.judged for obligation in judged.decision.obligations]
    limits = [obligation for obligation in obligations if isinstance(obligation, MaxRows)]
    changing = any(changes(judged.action) for judged in verdict.judged)
    if limits:
        return Need(limit=min(limits, key=lambda limit: limit.limit), access="READ WRITE")
    if floor:
        opens = any(judged.action.verb == "begin" for judged in verdict.judged)  # and is rewritten to be READ WRITE
        return Need(limit=None, access="READ WRITE") if changing and not opens else None
    if any(isinstance(obligation, ReadOnly) for obligation in obligations):
        return Need(limit=None, access="READ ONLY")
    return None


class Guard:
    def __init__(self, line: Line, results: Results) -> None:
        self._line = line
        self._results = results

    async def run(self, ask: AskQuery | AskExecute, running: Running, need: Need) -> ErrorResponse | None:
        """Let the ask run inside the guard, or plainly where there is nothing to guard.

        Returns why it cannot be guarded; the ask is then still open.
        """
        conversation = self._line.conversation
        await self._line.until(lambda: conversation.block is not None)
        inside = conversation.block is True
        if inside and need.limit is None:
            self._plainly(ask, running)
            return None
        if (objection := self._objection(running.verdict, need, inside=inside)) is not None:
            return objection
        ahead: list[Frame] = []
        if not inside and isinstance(ask, AskExecute):
            if not await self._alone(ahead):
                self._line.put_back(ahead)
                return _unguardable("it is one of several in a batch")
            self._line.put_back(ahead)
        if conversation.unsynced:
            self._line.act(conversation.own_sync())
        await self._line.until(lambda: conversation.quiet)
        if conversation.skipping or conversation.status is TransactionStatus.FAILED:
            self._plainly(ask, running)
            return None
        await self._wrapped(ask, running, need, inside=conversation.status is TransactionStatus.IN_TRANSACTION)
        return None

    def _plainly(self, ask: AskQuery | AskExecute, running: Running) -> None:
        self._line.act(self._line.conversation.release(ask, running))

    def _objection(self, verdict: Verdict, need: Need, *, inside: bool) -> ErrorResponse | None:
        actions = [judged.action for judged in verdict.judged]
        if len(actions) > 1 and need.limit is not None:
            return _unguardable("it is one of several statements of a query")
        if len(actions) > 1 and any(action.verb == _COPY_IN for action in actions):
            return _unguardable("it is one of several statements of a query")
        if any(action.facts.get("sql.concurrently") for action in actions):
            return _unguardable("it cannot run in a transaction", hint="Ask for it to be done outside the gate.")
        if any(action.verb in _CONTROL for action in actions):
            return _unguardable("it comes with transaction control")
        if not inside and self._line.conversation.executes:
            return _unguardable("it is one of several in a batch")
        return None

    async def _alone(self, ahead: list[Frame]) -> bool:
        """Whether nothing else runs up to the client's Sync. Until it has come, nobody can say."""
        while True:
            frame = await self._line.next_frame()
            ahead.append(frame)
            if frame.kind == Sync.TYPE:
                return True
            if frame.kind != Close.TYPE:
                return False

    async def _wrapped(self, ask: AskQuery | AskExecute, running: Running, need: Need, *, inside: bool) -> None:
        conversation, outlet = self._line.conversation, self._line.outlet
        opening = [f"SAVEPOINT {SAVEPOINT}" if inside else f"BEGIN {need.access}"]
        undo = [f"ROLLBACK TO SAVEPOINT {SAVEPOINT}", f"RELEASE SAVEPOINT {SAVEPOINT}"] if inside else ["ROLLBACK"]
        keep = [f"RELEASE SAVEPOINT {SAVEPOINT}"] if inside else ["COMMIT"]
        counted = need.limit is not None
        opened = await self._own(opening + [COUNT] * counted)
        before = count(opened.rows) if counted and opened.error is None else 0
        if opened.error is not None or before is None:
            await self._own(undo)
            report = opened.error or refusal("the row guard needs the server's track_counts")
            return self._refuse(ask, running, self._results.spoken(report, running), released=False)
        outlet.hold()
        running.deferred = []
        running.row_bound = need.limit.limit if need.limit is not None else None
        extended = isinstance(ask, AskExecute)
        self._line.act(conversation.release(ask, running, guarded=True, rebind=extended and not inside))
        if extended:
            self._line.act(conversation.own_sync())
        await self._line.until(lambda: self._too_much(running) or conversation.quiet or self._copied_in())
        if self._copied_in():
            self._line.act(conversation.own_sync())
        await self._line.until(lambda: conversation.quiet)
        if running.cut is not None:
            if not inside or conversation.status is TransactionStatus.IN_TRANSACTION:
                await self._own(undo)
            return self._refuse(ask, running, running.cut)
        if conversation.status is not TransactionStatus.IN_TRANSACTION:
            if not inside:
                await self._own(undo)
            return self._let_go(ask, running)
        touched = running.touched
        if counted:
            closing = await self._own(["SET CONSTRAINTS ALL IMMEDIATE", COUNT])
            after = count(closing.rows) if closing.error is None else None
            if after is None:
                await self._own(undo)
                report = closing.error or refusal("the row guard needs the server's track_counts")
                return self._refuse(ask, running, self._results.spoken(report, running))
            touched = max(touched, after - before)
        if need.limit is not None and touched > need.limit.limit:
            self._results.committed = False
            await self._own(undo)
            self._line.gated.note(
                EventType.ROW_GUARD, {"rule": need.limit.rule, "rows": touched, "limit": need.limit.limit}
            )
            return self._refuse(ask, running, _over(need.limit, touched))
        self._results.committed = True
        kept = await self._own(keep)
        if kept.error is not None:
            return self._refuse(ask, running, self._results.spoken(kept.error, running))
        return self._let_go(ask, running)

    def _copied_in(self) -> bool:
        """Whether the data has come in, and the Sync before it is to be said again: nobody hears one during a copy."""
        return self._line.conversation.unsynced and not self._line.conversation.copying_in

    def _too_much(self, running: Running) -> bool:
        limit = self._line.limits.guarded
        if self._line.outlet.held <= limit:
            return False
        self._line.bound_hit("guarded", limit)
        report = refusal(
            f"the answer of a guarded statement may have {limit} bytes", hint="Leave out RETURNING.", sqlstate="54000"
        )
        self._results.cut(running, report)
        return True

    async def _own(self, commands: Iterable[str]) -> Own:
        await self._line.cancels_done()
        exchange, items = self._line.conversation.own(b"".join(map(_command, commands)))
        self._line.act(items)
        if await self._in_time(exchange):
            return exchange
        seconds = self._line.limits.statement
        self._line.bound_hit("statement_timeout", int(seconds))
        self._line.cancel_statement()
        if not await self._in_time(exchange):
            self._line.stop(
                fatal(QUERY_CANCELED, "the statement took too long, and the server does not end it"),
                "a statement that took too long could not be cancelled",
            )
            raise TargetUnavailableError("the server does not answer the row guard")
        if exchange.error is not None:
            exchange.error = refusal(f"the statement took longer than {seconds:g} seconds", sqlstate=QUERY_CANCELED)
        return exchange

    async def _in_time(self, exchange: Own) -> bool:
        """Wait for the answer. Constraints and triggers that are checked late run here, and count to the statement."""
        try:
            async with asyncio.timeout(self._line.limits.statement):
                await self._line.until(lambda: exchange.done)
        except TimeoutError:
            return False
        return True

    def _let_go(self, ask: AskQuery | AskExecute, running: Running) -> None:
        self._results.conclude(running, rolled_back=False)
        self._line.outlet.let_go()
        if isinstance(ask, AskQuery):
            self._line.act([self._line.conversation.ready()])

    def _refuse(
        self, ask: AskQuery | AskExecute, running: Running, report: ErrorResponse, *, released: bool = True
    ) -> None:
        error = report.encode()
        if not released:
            self._results.abandon(running, "error")
            self._line.transcript.notice(report)
            self._line.act(self._line.conversation.refuse(ask, error))
            return
        self._results.conclude(running, rolled_back=True)
        self._line.outlet.drop()
        self._line.transcript.notice(report)
        if isinstance(ask, AskQuery):
            self._line.act([ToClient(data=error), self._line.conversation.ready()])
        else:
            self._line.act(self._line.conversation.interject(error))


def _command(text: str) -> bytes:
    """One command of the gate's own. What an earlier one that failed left behind is closed first."""
    closes = Close(target=Target.STATEMENT, name=_OWN).encode() + Close(target=Target.PORTAL, name=_OWN).encode()
    parse, bind = Parse(statement=_OWN, text=text), Bind(portal=_OWN, statement=_OWN)
    return closes + parse.encode() + bind.encode() + Execute(portal=_OWN).encode() + closes


def _over(limit: MaxRows, touched: int) -> ErrorResponse:
    return refusal(
        f"the statement was rolled back: it touched {touched} rows, and {limit.limit} are allowed",
        detail=f"rule {limit.rule}; rows of triggers and cascades count",
        hint="Narrow the WHERE clause, or write in smaller parts.",
    )


def _unguardable(why: str, *, hint: str = "Send it alone, or inside a transaction block.") -> ErrorResponse:
    return refusal(f"the statement must run under the row guard, and {why}", hint=hint)


def reserved(actions: Iterable[Action]) -> bool:
    """Whether a savepoint with a name of the gate's own is meant."""
    return any(
        atom.object.kind == "savepoint" and atom.object.name.lower().startswith(RESERVED)
        for action in actions
        for atom in action.atoms
    )
