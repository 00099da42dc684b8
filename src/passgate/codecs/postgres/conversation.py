"""The conversation after log-in: what a client may say, what the server will answer, and where a refusal goes in between.

Rules. Everything that affects them lives in this file.

1. What may run is asked before a byte of it leaves: a simple query's text, a Parse's text, an Execute with its bound values. One
   ask is open at a time; nothing later is looked at until it is answered by ``release`` or ``refuse``. Bind, Describe, Close, Sync
   and Flush of what was let through go on unasked; COPY data belongs to the statement that was.
2. Every message that has a reply leaves an entry in the queue of expected replies, in order. A reply that does not fit the entry
   at the head is a RemoteProtocolError. A refusal is an entry too, so the client sees it in its turn.
3. A refused simple query: error and ReadyForQuery with the status of that moment; the server hears nothing.
4. A refused extended message: error, then everything up to the client's Sync is dropped, then the server's answer to that Sync.
   Replies that the server may still hold are called for with a Flush.
5. Where earlier Executes of the same round ran outside a transaction block, a real error would have undone them. So the server is
   sent a text that cannot be parsed: it aborts, skips to the Sync, and its error is replaced by the refusal. Whether a block is
   open is known from ReadyForQuery and the BEGINs and COMMITs let through since; where it is not known, it aborts.
6. After an error of the server's own, it skips what it was sent up to Sync: those entries go, the changes they made to the tables
   of names are undone, and what the client still sends before its Sync is dropped.
7. A portal keeps the statement it was bound to. A name of a statement that is open cannot be parsed again; a statement or portal
   that is not in the tables cannot be used, even if the server knows one of that name (SQL's PREPARE and DECLARE): only the
   columns of such a portal may be asked for, and its Close is answered here, or SQL's name could be given another text. Of a name
   the server looks at 63 bytes, so longer ones are not given; that one is given is told, for SQL may know the name too.
8. No row without a description: an Execute of what nobody has described is preceded by a Describe of the gate's own.
9. During COPY IN the server ignores Sync and Flush, so their entries go; the client's Sync after CopyDone counts.
10. FunctionCall, COPY BOTH and everything that is not in the tables below is refused or breaks the protocol.
"""

from collections import deque
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Generic, TypeVar

from passgate.codecs.postgres.asynchronous import NotificationResponse, ParameterStatus, Terminate
from passgate.codecs.postgres.bind import Bind
from passgate.codecs.postgres.copy import (
    CopyBothResponse,
    CopyData,
    CopyDone,
    CopyFail,
    CopyInResponse,
    CopyOutResponse,
)
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
from passgate.codecs.postgres.framing import Frame
from passgate.codecs.postgres.function_call import FunctionCall
from passgate.codecs.postgres.row_description import DataRow, RowDescription, data_rows
from passgate.codecs.postgres.session.expected import Copying, Execution, Expected, Own, Step
from passgate.codecs.postgres.session.items import (
    Answered,
    Ask,
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
from passgate.codecs.postgres.session.names import RESERVED, Names, Portal, Statement, unusable
from passgate.codecs.postgres.simple_query import (
    CommandComplete,
    EmptyQueryResponse,
    Query,
    ReadyForQuery,
    TransactionStatus,
)
from passgate.core.errors import LocalProtocolError, RemoteProtocolError

Work = TypeVar("Work")

_SYNC = Sync().encode()
_FLUSH = Flush().encode()
_CLOSED = CloseComplete().encode()
_POISON = Parse(statement="", text="passgate: a refused statement ends this batch").encode()
"""No word of SQL begins it, so every server version refuses it before looking at anything else."""

# The same few bytes come again and again; what they say never changes.
_parsed_execute = lru_cache(maxsize=1024)(Execute.parse)
_parsed_describe = lru_cache(maxsize=1024)(Describe.parse)
_parsed_complete = lru_cache(maxsize=1024)(CommandComplete.parse)
_parsed_ready = lru_cache(maxsize=4)(ReadyForQuery.parse)

_OWN_ROWS = 100  # the gate's own commands are answered by one each

_EXTENDED = frozenset({Step.PARSE, Step.BIND, Step.CLOSE, Step.DESCRIBE, Step.EXECUTE, Step.POISON})
_ENDS_ROUND = frozenset({Step.SYNC, Step.QUERY, Step.OWN})


class Conversation(Generic[Work]):
    """One session's state between client and server, without I/O. ``Work`` is what the caller keeps with each execution.

    Feed whole frames in; items come out, in the order in which they must be acted on. ``epoch`` is the caller's number of the
    meaning in force (catalog, search path): a description of another epoch is asked for anew.
    """

    def __init__(self) -> None:
        self.status = TransactionStatus.IDLE
        self.epoch = 0
        self.statements: Names[Statement] = Names()
        self.portals: Names[Portal] = Names()
        self._expected: deque[Expected[Work]] = deque()
        self._items: list[Item[Work]] = []
        self._pending: Ask | None = None
        self._skipping = False  # the client's messages up to its Sync are dropped
        self._copying_in: Execution[Work] | None = None
        self._round = 0
        self._open_rounds = 0  # ReadyForQuery messages still to come
        self._unsynced = False  # the server has had extended messages since the last Sync
        self._executes = 0  # of them, Executes
        self._block: bool | None = None  # transaction block by what was let through in this round; None: as before
        self._from_client: dict[int, Callable[[Frame], None]] = {
            Query.TYPE: self._query,
            Parse.TYPE: self._parse,
            Bind.TYPE: self._bind,
            Describe.TYPE: self._describe,
            Execute.TYPE: self._execute,
            Close.TYPE: self._close,
            Sync.TYPE: self._sync,
            Flush.TYPE: self._flush,
            CopyData.TYPE: self._copy_in,
            CopyDone.TYPE: self._copy_in_ends,
            CopyFail.TYPE: self._copy_in_ends,
            FunctionCall.TYPE: self._function_call,
            Terminate.TYPE: self._terminate,
        }
        self._from_server: dict[int, Callable[[Frame, Expected[Work] | None], None]] = {
            ParseComplete.TYPE: lambda frame, entry: self._done_with(frame, entry, Step.PARSE),
            BindComplete.TYPE: lambda frame, entry: self._done_with(frame, entry, Step.BIND),
            CloseComplete.TYPE: lambda frame, entry: self._done_with(frame, entry, Step.CLOSE),
            ParameterDescription.TYPE: self._parameter_description,
            RowDescription.TYPE: self._row_description,
            NoData.TYPE: self._no_data,
            DataRow.TYPE: self._data_row,
            CommandComplete.TYPE: self._command_complete,
            EmptyQueryResponse.TYPE: self._empty_query,
            PortalSuspended.TYPE: self._portal_suspended,
            CopyInResponse.TYPE: self._copy_in_response,
            CopyOutResponse.TYPE: self._copy_out_response,
            CopyBothResponse.TYPE: self._copy_both_response,
            CopyData.TYPE: self._copy_out,
            CopyDone.TYPE: self._copy_out_ends,
            ErrorResponse.TYPE: self._error_response,
            NoticeResponse.TYPE: self._notice_response,
            NotificationResponse.TYPE: self._notification,
            ParameterStatus.TYPE: self._parameter_status,
            ReadyForQuery.TYPE: self._ready_for_query,
        }

    # -- what the caller may ask of it ----------------------------------------------------------------------------

    @property
    def quiet(self) -> bool:
        """Whether no reply is awaited."""
        return not self._expected

    @property
    def skipping(self) -> bool:
        """Whether what the client says is dropped until its Sync."""
        return self._skipping

    @property
    def copying_in(self) -> bool:
        """Whether the client's turn is to send data."""
        return self._copying_in is not None

    @property
    def in_flight(self) -> int:
        return len(self._expected)

    @property
    def executes(self) -> int:
        """Executes let go in the round that is open."""
        return self._executes

    @property
    def unsynced(self) -> bool:
        """Whether the server has had messages of a round that no Sync has ended yet."""
        return self._unsynced

    @property
    def block(self) -> bool | None:
        """Whether the next statement runs in a transaction block; None while that cannot be known."""
        if self._block is not None:
            return self._block
        return None if self._open_rounds else self.status is not TransactionStatus.IDLE

    @property
    def at_round_end(self) -> bool:
        """Whether the next reply is the end of its round."""
        return bool(self._expected) and self._expected[0].step is Step.SYNC

    @property
    def running(self) -> Execution[Work] | None:
        """The execution whose answer is awaited now."""
        return next((entry.execution for entry in self._expected if entry.execution is not None), None)

    def executions(self) -> list[Execution[Work]]:
        """Everything let go and not answered, oldest first."""
        return [entry.execution for entry in self._expected if entry.execution is not None]

    # -- the client speaks ----------------------------------------------------------------------------------------

    def from_client(self, frame: Frame) -> list[Item[Work]]:
        """One message of the client (or a run of CopyData). Raises RemoteProtocolError."""
        if self._pending is not None:
            raise LocalProtocolError("the last ask is still open")
        handle = self._from_client.get(frame.kind)
        if handle is None:
            raise RemoteProtocolError(f"a client's message of type {frame.kind:#04x} is not known")
        if self._skipping and frame.kind not in (Sync.TYPE, Terminate.TYPE):
            return []
        handle(frame)
        return self._take()

    def _ask(self, ask: Ask) -> None:
        self._pending = ask
        self._items.append(ask)

    def _query(self, frame: Frame) -> None:
        self._no_copy("Query")
        self._ask(AskQuery(text=Query.parse(frame.payload).text, data=frame.data))

    def _parse(self, frame: Frame) -> None:
        self._no_copy("Parse")
        message = Parse.parse(frame.payload)
        if (fault := unusable("prepared statement", message.statement)) is not None:
            return self._rebuff(*fault)
        if message.statement and self.statements.get(message.statement) is not None:
            return self._rebuff("42P05", f'prepared statement "{message.statement}" already exists')
        if self.statements.full:
            return self._rebuff("54000", f"a session may keep {len(self.statements)} prepared statements")
        statement = Statement(name=message.statement, text=message.text, parameter_types=message.parameter_types)
        return self._ask(AskParse(statement=statement, data=frame.data))

    def _bind(self, frame: Frame) -> None:
        self._no_copy("Bind")
        message = Bind.parse(frame.payload)
        statement = self.statements.get(message.statement)
        if (fault := unusable("portal", message.portal)) is not None:
            return self._rebuff(*fault)
        if statement is None:
            return self._rebuff("26000", f'prepared statement "{message.statement}" does not exist')
        if self.portals.full:
            return self._rebuff("54000", f"a session may keep {len(self.portals)} portals")
        portal = Portal(name=message.portal, statement=statement, bind=message, data=frame.data, round=self._round)
        if statement.ask_at_bind:
            return self._ask(AskBind(portal=portal, data=frame.data))
        return self._send_bind(portal)

    def _send_bind(self, portal: Portal) -> None:
        if portal.name:
            self._items.append(NameTaken(kind="cursor", name=portal.name))
        self._send(portal.data, Expected(step=Step.BIND, undo=self.portals.set(portal.name, portal)))

    def _describe(self, frame: Frame) -> None:
        self._no_copy("Describe")
        message = _parsed_describe(frame.payload)
        if message.target is Target.STATEMENT:
            statement = self.statements.get(message.name)
            if statement is None:
                return self._rebuff("26000", f'prepared statement "{message.name}" does not exist')
        else:
            portal = self.portals.get(message.name)
            statement = portal.statement if portal is not None else None
        return self._send_describe(frame.data, statement, visible=True)

    def _send_describe(self, data: bytes, statement: Statement | None, *, visible: bool) -> None:
        """``statement`` None: a cursor that SQL declared, of which drivers ask what its columns are."""
        if statement is None:
            self._send(data, Expected(step=Step.DESCRIBE, visible=visible))
            return
        before = statement.epoch
        statement.epoch = self.epoch

        def undo() -> None:
            statement.epoch = before

        self._send(data, Expected(step=Step.DESCRIBE, visible=visible, statement=statement, undo=undo))

    def _execute(self, frame: Frame) -> None:
        self._no_copy("Execute")
        message = _parsed_execute(frame.payload)
        portal = self.portals.get(message.portal)
        if portal is None:
            return self._rebuff("34000", f'portal "{message.portal}" does not exist')
        return self._ask(AskExecute(portal=portal, max_rows=max(message.max_rows, 0), data=frame.data))

    def _close(self, frame: Frame) -> None:
        self._no_copy("Close")
        message = Close.parse(frame.payload)
        if message.name.startswith(RESERVED):
            return self._rebuff("42602", f"names that begin with {RESERVED} are the gate's own")
        table = self.statements if message.target is Target.STATEMENT else self.portals
        if message.name and table.get(message.name) is None:
            self._expected.append(Expected(step=Step.REPLY, reply=_CLOSED))
            return self._drain()
        return self._send(frame.data, Expected(step=Step.CLOSE, undo=table.remove(message.name)))

    def _sync(self, frame: Frame) -> None:
        if self._copying_in is not None:
            return  # rule 9: the server would ignore it
        self._skipping = False
        self._end_round(frame.data, Expected(step=Step.SYNC))

    def _flush(self, frame: Frame) -> None:
        if self._copying_in is None:
            self._items.append(ToServer(data=frame.data))

    def _copy_in(self, frame: Frame) -> None:
        if self._copying_in is not None:  # otherwise the server would ignore it: the copy has failed
            self._items.append(ToServer(data=frame.data))

    def _copy_in_ends(self, frame: Frame) -> None:
        if frame.kind == CopyFail.TYPE:
            CopyFail.parse(frame.payload)
        self._copy_in(frame)
        self._copying_in = None

    def _function_call(self, frame: Frame) -> None:
        self._no_copy("FunctionCall")
        FunctionCall.parse(frame.payload)
        self._rebuff("0A000", "functions cannot be called by number: say SELECT", round_ends=True)

    def _terminate(self, _frame: Frame) -> None:
        self._items.append(Terminated())

    def _no_copy(self, name: str) -> None:
        if self._copying_in is not None:
            raise RemoteProtocolError(f"{name} during COPY")

    # -- asks are answered ----------------------------------------------------------------------------------------

    def release(
        self,
        ask: Ask,
        work: Work | None = None,
        *,
        data: bytes | None = None,
        block: bool | None = None,
        guarded: bool = False,
        rebind: bool = False,
    ) -> list[Item[Work]]:
        """Let the pending ask go to the server.

        ``data`` stands in its message's place if given. ``block``: True where this opens a transaction block, False where it ends
        one. ``guarded``: the gate has put something around this one: a simple query's ReadyForQuery is the gate's own.
        ``rebind``: the portal was lost with the transaction it was bound in, and is bound again first.
        """
        extended = self._settle_ask(ask)
        if extended and self._skipping:
            if work is not None:
                self._items.append(Dropped(execution=Execution(work=work)))
            return self._take()
        if block is not None:
            self._block = block
        data = ask.data if data is None else data
        match ask:
            case AskQuery() if work is not None:
                self.statements.remove("")
                self.portals.remove("")
                execution = Execution(work=work)
                self._end_round(data, Expected(step=Step.QUERY, visible=not guarded, execution=execution))
            case AskParse(statement=statement):
                if statement.name:
                    self._items.append(NameTaken(kind="prepared", name=statement.name))
                self._send(data, Expected(step=Step.PARSE, undo=self.statements.set(statement.name, statement)))
            case AskBind(portal=portal):
                self._send_bind(portal)
            case AskExecute(portal=portal) if work is not None:
                self._send_execute(portal, data, work, rebind=rebind)
            case _:
                raise LocalProtocolError("what runs must be let go with something to know it by")
        return self._take()

    def _send_execute(self, portal: Portal, data: bytes, work: Work, *, rebind: bool) -> None:
        statement = portal.statement
        if rebind:
            self._send(portal.data, Expected(step=Step.BIND, visible=False))
        if statement.epoch != self.epoch:
            own = Describe(target=Target.PORTAL, name=portal.name).encode()
            self._send_describe(own, statement, visible=False)
        self._executes += 1
        self._send(data, Expected(step=Step.EXECUTE, execution=Execution(work=work, portal=portal)))

    def refuse(self, ask: Ask, error: bytes) -> list[Item[Work]]:
        """Answer the pending ask with an ErrorResponse message of the gate's own."""
        extended = self._settle_ask(ask)
        if not (extended and self._skipping):
            self._refusal(error, round_ends=not extended)
        return self._take()

    def _settle_ask(self, ask: Ask) -> bool:
        if ask is not self._pending:
            raise LocalProtocolError("this ask is not open")
        self._pending = None
        return not isinstance(ask, AskQuery)

    def _rebuff(self, sqlstate: str, reason: str, *, round_ends: bool = False) -> None:
        error = ErrorResponse(severity_localized="ERROR", severity="ERROR", sqlstate=sqlstate, message=reason)
        self._items.append(Rebuffed(sqlstate=sqlstate, reason=reason))
        self._refusal(error.encode(), round_ends=round_ends)

    def _refusal(self, error: bytes, *, round_ends: bool) -> None:
        if round_ends and not self._unsynced:
            self._expected.append(Expected(step=Step.REFUSED_QUERY, reply=error))
        else:
            if self._executes and self.block is not True:
                self._send(_POISON, Expected(step=Step.POISON, reply=error, undo=self.statements.remove("")))
            else:
                if self._expected:
                    self._items.append(ToServer(data=_FLUSH))
                self._expected.append(Expected(step=Step.REPLY, reply=error))
            if round_ends:
                self._end_round(_SYNC, Expected(step=Step.SYNC))
            else:
                self._skipping = True
        self._drain()

    # -- the gate speaks for itself -------------------------------------------------------------------------------

    def own(self, messages: bytes) -> tuple[Own, list[Item[Work]]]:
        """Send messages of the gate's own with a Sync behind them. Answered by ``Answered``. Only while the server is quiet."""
        if self._expected or self._unsynced:
            raise LocalProtocolError("the server is not quiet")
        exchange = Own()
        self._end_round(messages + _SYNC, Expected(step=Step.OWN, visible=False, own=exchange))
        return exchange, self._take()

    def own_sync(self) -> list[Item[Work]]:
        """End the open round early, so that everything sent is answered. Not where Executes ran outside a block."""
        if self._executes and self.block is not True:
            raise LocalProtocolError("this Sync would commit half a batch")
        self._end_round(_SYNC, Expected(step=Step.SYNC, visible=False))
        return self._take()

    def interject(self, error: bytes) -> list[Item[Work]]:
        """An error of the gate's own behind an Execute that the server has already answered. Only while the server is quiet."""
        if self._expected or self._unsynced:
            raise LocalProtocolError("the server is not quiet")
        self._skipping = True
        self._items.append(ToClient(data=error))
        return self._take()

    def ready(self) -> ToClient:
        """ReadyForQuery as it is now, for a guarded simple query."""
        return ToClient(data=ReadyForQuery(status=self.status).encode())

    def forget_statements(self, names: Iterable[str] | None) -> None:
        """These statements, or all: their names may come to mean something that was never asked here."""
        self.statements.forget(names)

    def forget_portals(self, names: Iterable[str] | None) -> None:
        """The same for portals."""
        self.portals.forget(names)

    # -- sending --------------------------------------------------------------------------------------------------

    def _send(self, data: bytes, entry: Expected[Work]) -> None:
        self._items.append(ToServer(data=data))
        self._expected.append(entry)
        self._unsynced = True

    def _end_round(self, data: bytes, entry: Expected[Work]) -> None:
        self._items.append(ToServer(data=data))
        entry.round = self._round
        self._expected.append(entry)
        self._round += 1
        self._open_rounds += 1
        self._unsynced = False
        self._executes = 0
        self._block = None

    def _take(self) -> list[Item[Work]]:
        items, self._items = self._items, []
        return items

    def _drain(self) -> None:
        """The gate's own replies whose turn has come."""
        while self._expected and self._expected[0].step in (Step.REPLY, Step.REFUSED_QUERY):
            entry = self._expected.popleft()
            self._items.append(ToClient(data=entry.reply))
            if entry.step is Step.REFUSED_QUERY:
                self._items.append(self.ready())

    # -- the server speaks ----------------------------------------------------------------------------------------

    def from_server(self, frame: Frame) -> list[Item[Work]]:
        """One message of the server (or a run of rows). Raises RemoteProtocolError."""
        handle = self._from_server.get(frame.kind)
        if handle is None:
            raise RemoteProtocolError(f"a server's message of type {frame.kind:#04x} is not expected after log-in")
        handle(frame, self._expected[0] if self._expected else None)
        if self._expected:
            self._drain()
        return self._take()

    def _unexpected(self, frame: Frame) -> RemoteProtocolError:
        return RemoteProtocolError(f"a server's message of type {chr(frame.kind)!r} out of turn")

    def _answer(self, frame: Frame, entry: Expected[Work] | None, step: Step) -> Expected[Work] | None:
        """The entry that this reply belongs to; None where it is part of the gate's own exchange."""
        if entry is not None and entry.step is step:
            return entry
        if entry is not None and entry.step is Step.OWN:
            return None
        raise self._unexpected(frame)

    def _executing(self, frame: Frame, entry: Expected[Work] | None) -> Execution[Work]:
        if entry is None or entry.execution is None:
            raise self._unexpected(frame)
        return entry.execution

    def _finish(self, frame: Frame, entry: Expected[Work]) -> None:
        self._expected.popleft()
        if entry.visible:
            self._items.append(ToClient(data=frame.data))

    def _done_with(self, frame: Frame, entry: Expected[Work] | None, step: Step) -> None:
        if (answered := self._answer(frame, entry, step)) is not None:
            self._finish(frame, answered)

    def _parameter_description(self, frame: Frame, entry: Expected[Work] | None) -> None:
        answered = self._answer(frame, entry, Step.DESCRIBE)
        if answered is not None and answered.statement is not None:
            answered.statement.parameter_types = ParameterDescription.parse(frame.payload).types
            if answered.visible:
                self._items.append(ToClient(data=frame.data))

    def _row_description(self, frame: Frame, entry: Expected[Work] | None) -> None:
        if entry is not None and entry.step is Step.QUERY and entry.execution is not None:
            self._items.append(Described(execution=entry.execution, data=frame.data))
        elif (answered := self._answer(frame, entry, Step.DESCRIBE)) is not None:
            if answered.statement is not None:
                answered.statement.description = frame.data
            self._finish(frame, answered)

    def _no_data(self, frame: Frame, entry: Expected[Work] | None) -> None:
        if (answered := self._answer(frame, entry, Step.DESCRIBE)) is not None:
            if answered.statement is not None:
                answered.statement.description = b""
            self._finish(frame, answered)

    def _data_row(self, frame: Frame, entry: Expected[Work] | None) -> None:
        if entry is not None and entry.own is not None:
            entry.own.rows.extend(row.values for row in data_rows(frame.data))
            if len(entry.own.rows) > _OWN_ROWS:
                raise RemoteProtocolError("more rows than the gate asked for")
        else:
            self._items.append(Rows(execution=self._executing(frame, entry), frame=frame))

    def _command_complete(self, frame: Frame, entry: Expected[Work] | None) -> None:
        self._done(frame, entry, _parsed_complete(frame.payload).tag)

    def _empty_query(self, frame: Frame, entry: Expected[Work] | None) -> None:
        self._done(frame, entry, "")

    def _done(self, frame: Frame, entry: Expected[Work] | None, tag: str) -> None:
        if entry is not None and entry.step is Step.OWN:
            return
        execution = self._executing(frame, entry)
        if execution is self._copying_in:
            self._copying_in = None
        execution.copying = Copying.NO
        if execution.portal is not None:
            self._expected.popleft()
        self._items.append(Completed(execution=execution, tag=tag, data=frame.data))
        execution.statement += 1

    def _portal_suspended(self, frame: Frame, entry: Expected[Work] | None) -> None:
        if entry is not None and entry.step is Step.OWN:
            return
        execution = self._executing(frame, entry)
        if execution.portal is None:
            raise self._unexpected(frame)
        self._expected.popleft()
        self._items.append(Suspended(execution=execution, data=frame.data))

    def _copy_in_response(self, frame: Frame, entry: Expected[Work] | None) -> None:
        CopyInResponse.parse(frame.payload)
        execution = self._executing(frame, entry)
        execution.copying = Copying.IN
        self._copying_in = execution
        if execution.portal is not None:
            while len(self._expected) > 1 and self._expected[1].step is Step.SYNC:
                del self._expected[1]
                self._open_rounds -= 1
                self._unsynced = True
                self._executes = 1
        self._items.append(CopyInStarted(execution=execution, data=frame.data))

    def _copy_out_response(self, frame: Frame, entry: Expected[Work] | None) -> None:
        execution = self._executing(frame, entry)
        execution.copying = Copying.OUT
        self._items.append(CopyOutStarted(execution=execution, data=frame.data))

    def _copy_both_response(self, frame: Frame, _entry: Expected[Work] | None) -> None:
        raise self._unexpected(frame)

    def _copy_out(self, frame: Frame, entry: Expected[Work] | None) -> None:
        execution = self._executing(frame, entry)
        if execution.copying is not Copying.OUT:
            raise self._unexpected(frame)
        self._items.append(CopyRows(execution=execution, frame=frame))

    def _copy_out_ends(self, frame: Frame, entry: Expected[Work] | None) -> None:
        execution = self._executing(frame, entry)
        if execution.copying is not Copying.OUT:
            raise self._unexpected(frame)
        execution.copying = Copying.NO
        self._items.append(CopyEnded(execution=execution, data=frame.data))

    def _error_response(self, frame: Frame, entry: Expected[Work] | None) -> None:
        report = ErrorResponse.parse(frame.payload)
        if entry is not None and entry.own is not None:
            entry.own.error = entry.own.error or report
            return
        if entry is not None and entry.step is Step.POISON:
            self._items.append(ToClient(data=entry.reply))
        else:
            self._items.append(Failed(execution=entry.execution if entry is not None else None, report=report))
        if entry is not None and entry.execution is not None:
            entry.execution.copying = Copying.NO
            if entry.execution is self._copying_in:
                self._copying_in = None
        if entry is not None and entry.step in _EXTENDED:
            self._skip_to_sync()

    def _skip_to_sync(self) -> None:
        """Rule 6. The entry at the head is the one that failed; a statement whose Parse failed is not there afterwards."""
        skipped: list[Expected[Work]] = []
        while self._expected and self._expected[0].step is not Step.SYNC:
            skipped.append(self._expected.popleft())
        for entry in reversed(skipped):
            if entry.undo is not None:
                entry.undo()
        if skipped[0].step in (Step.PARSE, Step.POISON):
            self.statements.remove("")  # the server forgets the unnamed one before it reads the new text
        for entry in skipped:
            if entry.step in _ENDS_ROUND:
                self._open_rounds -= 1
            if entry.execution is not None and entry is not skipped[0]:
                self._items.append(Dropped(execution=entry.execution))
        if not self._expected or not self._expected[0].visible:
            self._skipping = True

    def _notice_response(self, frame: Frame, entry: Expected[Work] | None) -> None:
        execution = entry.execution if entry is not None else None
        self._items.append(Noticed(execution=execution, report=NoticeResponse.parse(frame.payload)))

    def _notification(self, frame: Frame, _entry: Expected[Work] | None) -> None:
        self._items.append(Notified(notification=NotificationResponse.parse(frame.payload)))

    def _parameter_status(self, frame: Frame, _entry: Expected[Work] | None) -> None:
        self._items.append(ParameterChanged(parameter=ParameterStatus.parse(frame.payload), data=frame.data))

    def _ready_for_query(self, frame: Frame, entry: Expected[Work] | None) -> None:
        if entry is None or entry.step not in _ENDS_ROUND:
            raise self._unexpected(frame)
        before, self.status = self.status, _parsed_ready(frame.payload).status
        self._expected.popleft()
        self._open_rounds -= 1
        if self.status is TransactionStatus.IDLE:
            ended = entry.round
            self.portals.drop(lambda portal: portal.round <= ended)
        self._items.append(Ready(status=self.status, before=before, data=frame.data if entry.visible else b""))
        if entry.own is not None:
            entry.own.done = True
            self._items.append(Answered(own=entry.own))
