"""One running session: bytes both ways, back-pressure, time-outs, and how it ends.

The client is read while what it asked is being carried out, up to a bound; while an ask waits (for the ledger, for people, for the
row guard) what comes behind it waits too. The server is read while its client takes what it is given.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine, Sequence

from passgate.codecs.postgres.asynchronous import Terminate
from passgate.codecs.postgres.conversation import Conversation
from passgate.codecs.postgres.error_response import ErrorResponse
from passgate.codecs.postgres.framing import ROWS, Frame, Splitter
from passgate.codecs.postgres.refusal import fatal, refusal
from passgate.codecs.postgres.session.items import (
    Answered,
    AskBind,
    AskExecute,
    AskParse,
    AskQuery,
    Completed,
    CopyEnded,
    CopyInStarted,
    CopyOutStarted,
    CopyRows,
    Described,
    Dropped,
    Failed,
    Item,
    NameTaken,
    Noticed,
    Notified,
    ParameterChanged,
    Ready,
    Rebuffed,
    Rows,
    Suspended,
    Terminated,
    ToClient,
    ToServer,
)
from passgate.codecs.postgres.session.names import Portal
from passgate.codecs.postgres.simple_query import TransactionStatus
from passgate.codecs.postgres.sqlstate import (
    ADMIN_SHUTDOWN,
    CONNECTION_FAILURE,
    IDLE_SESSION_TIMEOUT,
    INTERNAL_ERROR,
    IO_ERROR,
    PROTOCOL_VIOLATION,
    QUERY_CANCELED,
)
from passgate.core.errors import LedgerUnavailableError, PassgateError, RemoteProtocolError, StoreError
from passgate.core.event import EventType
from passgate.endpoints.postgres import upstream
from passgate.endpoints.postgres.ending import LastCancel, last_cancel
from passgate.endpoints.postgres.floor import Floor
from passgate.endpoints.postgres.judging import Judging
from passgate.endpoints.postgres.line import Running
from passgate.endpoints.postgres.outlet import Outlet
from passgate.endpoints.postgres.preview import Previews
from passgate.endpoints.postgres.results import Results
from passgate.endpoints.postgres.settings import Limits, Upstream
from passgate.endpoints.postgres.stream import Stream
from passgate.endpoints.postgres.transcript import Transcript
from passgate.pipeline.live import EndReason
from passgate.pipeline.receipt import looked_at
from passgate.pipeline.statements import StatementSession

_IN_FLIGHT = 10_000
"""Replies awaited before the client is no longer read."""

_UNREAD = 256 * 1024
"""Bytes of the client that may wait behind an open ask."""

_LEXING = {"client_encoding": "UTF8", "standard_conforming_strings": "on"}
"""What the parser relies on. A server that reports anything else is not understood any more."""

_HIDDEN = frozenset({"session_authorization"})
"""Whom the gate is upstream is none of the client's business."""

_OF_THE_SERVER = frozenset(
    {"DateStyle", "IntervalStyle", "TimeZone", "default_transaction_read_only", "in_hot_standby", "is_superuser"}
) | frozenset(_LEXING)
"""Settings whose values are the server's own words. Any other may have been given a value out of a table, by set_config()."""

_TERMINATE = Terminate().encode()


class _Side:
    """What one of the two streams calls."""

    def __init__(
        self,
        received: Callable[[bytes], None],
        lost: Callable[[], None],
        full: Callable[[], None],
        drained: Callable[[], None],
    ) -> None:
        self.received = received
        self.lost = lost
        self.full = full
        self.drained = drained


class Relay:
    """``finished`` is done when both sockets are closed and the session's last event is queued."""

    def __init__(
        self,
        *,
        client: Stream,
        splitter: Splitter,
        server: upstream.Connection,
        target: Upstream,
        gated: StatementSession,
        limits: Limits,
        previews: Previews,
    ) -> None:
        self.gated = gated
        self.previews = previews
        self.limits = limits
        self.floor = Floor(gated.session)
        self.transcript = Transcript(gated.recording, gated.masker)
        self.conversation: Conversation[Running] = Conversation()
        self.outlet = Outlet(write=client.write_all, failed=self._not_durable, flowing=self._flow)
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._client = client
        self._client_splitter = splitter
        self._server = server
        self._target = target
        self._results = Results(self)
        self._judging = Judging(self, self._results)
        self._to_server: list[bytes] = []
        self._ahead: deque[Frame] = deque()  # messages put back
        self._slow: asyncio.Task[None] | None = None
        self._frames: asyncio.Future[None] | None = None  # somebody waits for the client's next message
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self._cancels: set[asyncio.Task[None]] = set()
        self._client_full = self._server_full = False
        self._sensitive = False  # masked columns were touched in this transaction
        self._ending = False
        self._inside_message = False  # a row that is streamed has begun to leave
        self._last: asyncio.Task[None] | None = None
        self._server_gone = False
        self.last_cancel: asyncio.Task[LastCancel] | None = None
        self._meaning = gated.meaning
        self._heard = asyncio.get_running_loop().time()
        self._clock: asyncio.TimerHandle | None = None
        self._actions: dict[type, Callable[..., None]] = {
            ToServer: lambda item: self._to_server.append(item.data),
            ToClient: lambda item: self.outlet.put(item.data),
            AskQuery: self._judging.query,
            AskParse: self._judging.parse,
            AskBind: self._judging.bind,
            AskExecute: self._judging.execute,
            Rebuffed: self._rebuffed,
            NameTaken: lambda item: gated.name_taken(item.kind, item.name),
            Terminated: self._goodbye,
            Described: self._results.described,
            Rows: self._results.rows,
            CopyInStarted: self._results.copy_in_started,
            CopyOutStarted: self._results.copy_out_started,
            CopyRows: self._results.copy_rows,
            CopyEnded: self._results.copy_ended,
            Completed: self._results.completed,
            Suspended: self._results.portal_suspended,
            Failed: self._failed,
            Dropped: self._results.dropped,
            Noticed: self._noticed,
            Notified: self._notified,
            ParameterChanged: self._parameter_changed,
            Ready: self._ready,
            Answered: lambda _item: None,
        }

    def start(self) -> None:
        """Take both streams over."""
        self._tick()
        self._server.stream.attach(
            _Side(self._from_server, self._server_lost, self._server_is_full, self._server_drained)
        )
        self._client.attach(_Side(self._from_client, self._client_lost, self._client_is_full, self._client_drained))

    # -- bytes ----------------------------------------------------------------------------------------------------

    def _from_client(self, data: bytes) -> None:
        if self._ending:
            return
        self._heard = asyncio.get_running_loop().time()
        self._client_splitter.feed(data)
        self._advance()

    def _from_server(self, data: bytes) -> None:
        if self._ending:
            return
        splitter = self._server.splitter
        splitter.feed(data)
        try:
            while self._going() and (frame := splitter.next()) is not None:
                self.act(self.conversation.from_server(frame))
                self._inside_message = not frame.whole and frame.count == 0
        except PassgateError as error:
            self._broken(error, by_client=False)
            return
        self._wake()
        if self._ahead or self._client_splitter.held:
            self._advance()
        self._flush()

    def _advance(self) -> None:
        """Look at what the client has sent, as far as its turn has come."""
        if self._frames is not None and not self._frames.done():
            self._frames.set_result(None)
        try:
            while self._may_advance() and (frame := self._next()) is not None:
                meaning = self.gated.meaning
                if meaning != self._meaning:
                    self._meaning = meaning
                    self.conversation.epoch += 1
                self.act(self.conversation.from_client(frame))
            self._wake()
        except PassgateError as error:
            self._broken(error, by_client=True)
            return
        self._flush()

    def _may_advance(self) -> bool:
        return self._going() and not self._waits()

    def _waits(self) -> bool:
        """Whether what the client says must wait. What it copies in does not: the guard itself waits for that."""
        # A cancel that is still on its way would hit whatever is sent now.
        busy = (self._slow is not None and not self.conversation.copying_in) or bool(self._cancels)
        return busy or self.conversation.in_flight >= _IN_FLIGHT

    def _going(self) -> bool:
        return not self._ending

    def _next(self) -> Frame | None:
        return self._ahead.popleft() if self._ahead else self._client_splitter.next()

    def act(self, items: Sequence[Item[Running]]) -> None:
        actions = self._actions
        for item in items:
            kind = type(item)
            if kind is ToServer:
                self._to_server.append(item.data)  # type: ignore[union-attr]
            elif kind is ToClient:
                self.outlet.put(item.data)  # type: ignore[union-attr]
            else:
                actions[kind](item)

    def _flush(self) -> None:
        if self._to_server:
            chunks, self._to_server = self._to_server, []
            self._server.stream.write_all(chunks)
        self.outlet.flush()
        self._flow()

    # -- back-pressure --------------------------------------------------------------------------------------------

    def _flow(self) -> None:
        """Read of each side what the other can take."""
        if self._ending:
            return
        if self._client_full or self.outlet.blocked:
            self._server.stream.pause()
        else:
            self._server.stream.resume()
        if self._server_full or (self._client_splitter.held > _UNREAD and self._waits()):
            self._client.pause()
        else:
            self._client.resume()

    def _client_is_full(self) -> None:
        self._client_full = True
        self._flow()

    def _client_drained(self) -> None:
        self._client_full = False
        self._flow()

    def _server_is_full(self) -> None:
        self._server_full = True
        self._flow()

    def _server_drained(self) -> None:
        self._server_full = False
        self._flow()

    # -- what has to wait -----------------------------------------------------------------------------------------

    def wait_for(self, slow: Coroutine[object, object, None]) -> None:
        self._slow = asyncio.get_running_loop().create_task(self._wait(slow))

    async def _wait(self, slow: Coroutine[object, object, None]) -> None:
        try:
            await slow
        except PassgateError as error:
            self._broken(error, by_client=True)
        except BaseException:
            self._close("the gate failed")  # whatever it was, its client must not wait for ever
            raise
        finally:
            self._slow = None
        if not self._ending:
            self._advance()

    async def until(self, condition: Callable[[], bool]) -> None:
        self._flush()
        if not condition():
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiters.append((condition, waiter))
            await waiter

    def _wake(self) -> None:
        if self._waiters:
            for waiting in tuple(self._waiters):
                condition, waiter = waiting
                if condition():
                    self._waiters.remove(waiting)
                    if not waiter.done():
                        waiter.set_result(None)

    async def next_frame(self) -> Frame:
        while (frame := self._next()) is None:
            self._frames = asyncio.get_running_loop().create_future()
            self._flush()
            await self._frames
            self._frames = None
        return frame

    def put_back(self, frames: Sequence[Frame]) -> None:
        self._ahead.extendleft(reversed(frames))

    # -- items ----------------------------------------------------------------------------------------------------

    def _rebuffed(self, item: Rebuffed) -> None:
        self.gated.note(EventType.ACTION_REFUSED, {"sqlstate": item.sqlstate, "reason": item.reason})

    def _failed(self, item: Failed[Running]) -> None:
        self._results.failed(item, words_are_sensitive=self._sensitive)

    def _noticed(self, item: Noticed[Running]) -> None:
        self._results.noticed(item, words_are_sensitive=self._sensitive)

    def _notified(self, item: Notified) -> None:
        self._results.notified(item)

    def _parameter_changed(self, item: ParameterChanged) -> None:
        name, value = item.parameter.name, item.parameter.value
        if name in _LEXING and value != _LEXING[name]:
            report = fatal(
                INTERNAL_ERROR, f"{name} was changed to {value}, and the gate reads statements by {_LEXING[name]}"
            )
            self.stop(report, f"{name} changed")
        elif name not in _HIDDEN and (name in _OF_THE_SERVER or not self._sensitive):
            self._results.parameter_changed(item.parameter)

    def _ready(self, item: Ready) -> None:
        if item.status is TransactionStatus.IDLE:
            self.previews.settings.transaction_over()
            if item.before is not TransactionStatus.IDLE:
                self.gated.transaction_ended(committed=self._results.committed)
            if self._results.suspended:
                self._results.abandon_portals(self._alive)
            self._judging.portals_gone(self._alive)
            self._sensitive = False
        if item.data:
            self.outlet.put(item.data)

    def touched_masked(self) -> None:
        self._sensitive = True

    def _alive(self, portal: Portal) -> bool:
        return self.conversation.portals.get(portal.name) is portal

    def stream_rows(self, on: bool) -> None:
        self._server.splitter.stream(ROWS if on else b"")

    # -- bounds ---------------------------------------------------------------------------------------------------

    def bound_hit(self, bound: str, limit: int) -> None:
        self.gated.note(EventType.BOUND_HIT, {"bound": bound, "limit": limit})

    def _tick(self) -> None:
        """One timer per session, set to the earliest moment at which a time-out could be due."""
        try:
            wait = self._overdue()
        except LedgerUnavailableError as error:
            self._broken(error, by_client=False)
            return
        if not self._ending:
            self._clock = asyncio.get_running_loop().call_later(min(wait, self.limits.statement / 2), self._tick)

    def _overdue(self) -> float:
        """End what took too long; seconds until something else could be."""
        now = asyncio.get_running_loop().time()
        execution = self.conversation.running
        if execution is not None:
            due = execution.work.started + self.limits.statement
            if now >= due and execution.work.cut is None:
                self.bound_hit("statement_timeout", int(self.limits.statement))
                report = refusal(
                    f"the statement took longer than {self.limits.statement:g} seconds", sqlstate=QUERY_CANCELED
                )
                self._results.cut(execution.work, report)
            last = due + self.limits.statement / 2
            if now >= last:  # a cancel can be lost, and a server need not heed it
                report = fatal(QUERY_CANCELED, "the statement took too long, and the server does not end it")
                self.stop(report, "a statement that took too long could not be cancelled")
            wait = (due if now < due else last) - now
        else:
            due = self._heard + self.limits.idle
            if now >= due and (self._slow is None or self._frames is not None):
                self.bound_hit("idle_timeout", int(self.limits.idle))
                report = fatal(IDLE_SESSION_TIMEOUT, f"the session was idle for {self.limits.idle:g} seconds")
                self.stop(report, "idle too long")
            wait = due - now if now < due else self.limits.idle
        return wait

    # -- ends -----------------------------------------------------------------------------------------------------

    def cancel_statement(self) -> None:
        task = asyncio.get_running_loop().create_task(self._cancel())
        self._cancels.add(task)
        task.add_done_callback(self._cancelled)

    async def _cancel(self) -> None:
        await upstream.cancel(self._target, self._server.process_id, self._server.key)

    def _cancelled(self, task: "asyncio.Task[None]") -> None:
        self._cancels.discard(task)
        if not (self._cancels or self._ending):
            self._advance()

    async def cancels_done(self) -> None:
        if self._cancels:
            await asyncio.wait(tuple(self._cancels))

    async def cancel_by_client(self) -> None:
        """A CancelRequest with this session's key has come. Done when the server has passed it on."""
        if self._judging.call_off():
            return
        if not self._ending and not self.conversation.quiet:
            self.cancel_statement()
            await self.cancels_done()

    def end(self, reason: EndReason) -> None:
        """Ended from outside (see pipeline.live)."""
        self.stop(fatal(ADMIN_SHUTDOWN, f"the session was ended: {reason}"), str(reason))

    def end_denied(self) -> None:
        if not self._ending and self.gated.denied_now():
            self.end(EndReason.RULES)

    def stop(self, report: ErrorResponse, reason: str) -> None:
        if self._ending:
            return
        self.outlet.drop()
        if not self._client_full and not self._inside_message:
            self.outlet.put(report.encode())
            self.outlet.flush()
        self._close(reason)

    def _broken(self, error: PassgateError, *, by_client: bool) -> None:
        """Something that the session cannot survive, said in the protocol's own words."""
        if self._ending:
            return
        match error:
            case LedgerUnavailableError():
                report = fatal(IO_ERROR, "the ledger cannot record, so nothing may happen")
            case RemoteProtocolError() if by_client:
                report = fatal(PROTOCOL_VIOLATION, str(error))
            case RemoteProtocolError():
                report = fatal(CONNECTION_FAILURE, "the target's server broke the protocol")
            case _:
                report = fatal(INTERNAL_ERROR, "the gate could not go on with this session")
        try:
            side = "client" if by_client else "server"
            self.gated.note(EventType.PROTOCOL_ERROR, {"side": side, "error": f"{type(error).__name__}: {error}"})
        except LedgerUnavailableError:
            pass  # the session ends in either case, and its end says why
        self.stop(report, f"{type(error).__name__}: {error}")

    def _not_durable(self, error: BaseException) -> None:
        which = "the state store" if isinstance(error, StoreError) else "the ledger"
        self.stop(fatal(IO_ERROR, f"{which} cannot record, so nothing may happen"), f"{which} cannot record")

    def _client_lost(self) -> None:
        self._close("the client closed the connection")

    def _server_lost(self) -> None:
        self._server_gone = True
        self.stop(
            fatal(CONNECTION_FAILURE, "the target's server closed the connection"), "the server closed the connection"
        )

    def _goodbye(self, _item: Terminated) -> None:
        if self.conversation.copying_in:  # the server would wait for the rest of the data
            self._close("the client said goodbye")
        else:
            self.wait_for(self._leave())

    async def _leave(self) -> None:
        """What was sent before the goodbye is still carried out, as the server itself would."""
        if not self.conversation.unsynced:
            await self.until(lambda: self.conversation.quiet)
        self._close("the client said goodbye")

    def _close(self, reason: str) -> None:
        if self._ending:
            return
        self._ending = True
        if self._clock is not None:
            self._clock.cancel()
        if self._slow is not None and self._slow is not asyncio.current_task():
            self._slow.cancel()
        self._last = asyncio.get_running_loop().create_task(self._finish(reason))

    async def _finish(self, reason: str) -> None:
        """Both sockets close within the bound, and the statement is cancelled first: a server that sleeps sees no closed socket."""
        try:
            cancel = self._cancel_what_runs()
            self._client.close()
            if cancel is not None:
                await asyncio.wait((cancel,), timeout=self.limits.end)
            elif self._cancels:
                await asyncio.wait(tuple(self._cancels), timeout=self.limits.end)
            if self.conversation.quiet:
                self._server.stream.write(_TERMINATE)
                self._server.stream.close()
            else:
                self._server.stream.abort()
            await self._client.gone(self.limits.end)
            self._client.abort()
            self._server.stream.abort()
            self._settle_rest(self._told(cancel))
        finally:
            receipt = self.gated.close(reason)
            if receipt is not None:
                receipt.durable.add_done_callback(looked_at)
            self.finished.set_result(None)

    def _cancel_what_runs(self) -> "asyncio.Task[LastCancel] | None":
        """A server that has closed the connection runs nothing of it any more. It goes on after the session, if it must."""
        if self.conversation.quiet or self._server_gone:
            return None
        ending = last_cancel(self._target, self._server.process_id, self._server.key)
        self.last_cancel = asyncio.get_running_loop().create_task(ending)
        return self.last_cancel

    def _told(self, cancel: "asyncio.Task[LastCancel] | None") -> bool:
        """Whether the server knows by now that nothing of the session shall run."""
        return self._server_gone if cancel is None else cancel.done() and cancel.result().delivered

    def _settle_rest(self, told: bool) -> None:
        try:
            for execution in self.conversation.executions():
                self._results.abandon(execution.work, "cancelled" if told else "unknown")
            self._results.abandon_portals(lambda _portal: False)
            self._judging.portals_gone(lambda _portal: False)
        except LedgerUnavailableError:
            return  # the ledger writes `unknown` for intents without an outcome when it starts again
