"""Clients of PostgreSQL come in here: accept, admit, reach the target, relay, clean up."""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Mapping
from typing import cast

from ulid import ULID

from passgate.codecs.postgres.asynchronous import ParameterStatus
from passgate.codecs.postgres.cancellation import CancelRequest
from passgate.codecs.postgres.simple_query import ReadyForQuery, TransactionStatus
from passgate.codecs.postgres.sqlstate import (
    CONNECTION_FAILURE,
    INVALID_AUTHORIZATION,
    IO_ERROR,
    TOO_MANY_CONNECTIONS,
)
from passgate.codecs.postgres.startup import StartupMessage
from passgate.core.errors import (
    LedgerUnavailableError,
    PassgateError,
    RemoteProtocolError,
    SecretUnavailableError,
    TargetUnavailableError,
)
from passgate.core.event import Event, EventType, Json
from passgate.core.session import Session
from passgate.endpoints.attempts import LoginLimits
from passgate.endpoints.doorway import Doorway, Knock, Standing
from passgate.endpoints.postgres import floor, upstream
from passgate.endpoints.postgres.admission import (
    Admission,
    Admitted,
    CrowdedError,
    TurnedAwayError,
    opening,
    turned_away_for,
)
from passgate.endpoints.postgres.cancellation import CancelKeys
from passgate.endpoints.postgres.ending import LastCancel
from passgate.endpoints.postgres.preview import Previews
from passgate.endpoints.postgres.relay import Relay
from passgate.endpoints.postgres.settings import Minting, PostgresSettings, Target, Upstream
from passgate.endpoints.postgres.stream import Stream
from passgate.pipeline.gate import Steps
from passgate.pipeline.live import LiveSessions
from passgate.pipeline.protocols import Passes
from passgate.pipeline.receipt import looked_at
from passgate.pipeline.statements import StatementSession

_WHO = (
    "SELECT pg_catalog.current_database(), current_user,"
    " pg_catalog.array_to_string(pg_catalog.current_schemas(true), ' ', '')"
)


_DOORWAY = 100
"""Clients beyond the limit who are still heard, so that a CancelRequest gets through and the others are told why not."""

_CROWDED_SECONDS = 2.0
"""What a client has to say that it is there, if only to be told that it must go."""

_PREVIEWS = 4
"""Previews that run at the same time: each takes a connection at its target."""

CancelElsewhere = Callable[[int, bytes], Awaitable[object]]
"""Process id and key of a CancelRequest."""


class PostgresEndpoint:
    """One listener, in front of ``resources`` by name."""

    def __init__(
        self,
        *,
        settings: PostgresSettings,
        steps: Steps,
        passes: Passes,
        logins: LoginLimits,
        resources: Mapping[str, Target],
        live: LiveSessions,
        tls: ssl.SSLContext | None,
        siblings: CancelElsewhere | None = None,
    ) -> None:
        """``siblings``: takes the cancel requests whose keys this process did not give out, where others share its port."""
        self._siblings = siblings
        self._settings = settings
        self._steps = steps
        self._resources = resources
        self._live = live
        self._tls = tls
        self._admission = Admission(settings=settings, steps=steps, passes=passes, logins=logins, resources=resources)
        self._keys = CancelKeys()
        self._previewing = asyncio.Semaphore(_PREVIEWS)
        limits = settings.limits
        self._door = Doorway(places=limits.connections, share=limits.login_share, note=self._crowd)
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.Task[None]] = set()
        self._entering: set[asyncio.Task[None]] = set()  # of them, those who are not in yet
        self._unminting: set[asyncio.Task[None]] = set()
        self._cancelling: set[asyncio.Task[None]] = set()

    @property
    def port(self) -> int:
        """Where it listens, once started."""
        if self._server is None:
            raise ConnectionError("not started")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self, host: str, port: int, *, reuse_port: bool = False) -> None:
        """Raises OSError if the address cannot be had."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Accepted(self), host, port, reuse_port=reuse_port or None, backlog=1024
        )

    async def close(self) -> None:
        """Stop listening, end every session, wait until all of them are recorded."""
        if self._server is not None:
            self._server.close()
        for task in tuple(self._entering):
            task.cancel()
        self._live.shutdown()
        for tasks in (self._clients, self._unminting, self._cancelling):
            if tasks:
                await asyncio.wait(tuple(tasks))

    async def cancel(self, process_id: int, key: bytes) -> bool:
        """A cancel request that reached another process; False if the key is none of this one's."""
        return await self._keys.use(CancelRequest(process_id=process_id, key=key))

    # -- one client -----------------------------------------------------------------------------------------------

    def accepted(self, stream: Stream) -> None:
        """Every client has a task of its own, so that one who says nothing keeps nobody waiting."""
        if len(self._clients) >= self._settings.limits.connections + _DOORWAY:
            stream.abort()
            return
        knock = self._door.knock(stream.address, taken=len(self._clients))
        if knock.standing is Standing.OUT:
            stream.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(stream, knock))
        self._clients.add(task)
        self._entering.add(task)
        task.add_done_callback(lambda _task: knock.leave())
        task.add_done_callback(self._clients.discard)
        task.add_done_callback(self._entering.discard)

    def _crowd(self, detail: Mapping[str, Json]) -> None:
        with contextlib.suppress(LedgerUnavailableError):  # turned away is turned away
            self._steps.recorder.append(Event(type=EventType.BOUND_HIT, detail=detail)).durable.add_done_callback(
                looked_at
            )

    async def _serve(self, stream: Stream, knock: Knock) -> None:
        try:
            relay = await self._enter(stream, knock)
        except BaseException:
            stream.abort()
            raise
        if relay is None:
            stream.close()
            return
        self._entering.discard(cast("asyncio.Task[None]", asyncio.current_task()))
        await relay.finished

    async def _enter(self, stream: Stream, knock: Knock) -> Relay | None:
        """Let a client in; None if it was not, or only wanted to cancel something."""
        limits = self._settings.limits
        startup: StartupMessage | None = None
        try:
            crowded = knock.standing is Standing.CROWDED
            async with asyncio.timeout(min(limits.login, _CROWDED_SECONDS) if crowded else limits.login):
                message = await opening(stream, self._settings, self._tls)
                if isinstance(message, CancelRequest):
                    if not await self._keys.use(message) and self._siblings is not None:
                        await self._siblings(message.process_id, message.key)
                    return None
                startup = message
                if crowded:
                    raise CrowdedError
                if len(self._clients) > limits.connections:
                    raise TurnedAwayError(TOO_MANY_CONNECTIONS, f"this gate serves {limits.connections} connections")
                admitted = await self._admission.prove(stream, startup)
            knock.leave()
            return await self._open(stream, admitted)
        except (PassgateError, OSError) as error:
            turned_away = turned_away_for(error)
            if turned_away is not None:
                stream.write(turned_away.encode())
                if knock.standing is Standing.CROWDED:
                    return None  # written down by the door, for all of them
                if startup is None and isinstance(error, TimeoutError):
                    self._door.silent(stream.address, limits.login)
                    return None
                self._record_refusal(stream, startup, turned_away, error)
            return None

    def _record_refusal(
        self, stream: Stream, startup: StartupMessage | None, turned_away: TurnedAwayError, error: Exception
    ) -> None:
        type_ = EventType.PROTOCOL_ERROR if isinstance(error, RemoteProtocolError) else EventType.SESSION_REFUSED
        event = Event(
            type=type_,
            actor=startup.user[:63] if startup is not None else "",
            detail={
                "peer": stream.peer,
                "resource": startup.database[:63] if startup is not None else "",
                "sqlstate": turned_away.sqlstate,
                "reason": turned_away.why,
            },
        )
        with contextlib.suppress(LedgerUnavailableError):  # turned away is turned away
            self._steps.recorder.append(event).durable.add_done_callback(looked_at)

    async def _open(self, stream: Stream, admitted: Admitted) -> Relay:
        target = self._resources[admitted.resource]
        session = Session(
            id=str(ULID()),
            pass_=admitted.pass_,
            resource=target.resource,
            opened=self._steps.now(),
            peer=stream.peer,
        )
        locked = self._steps.locked(session.pass_, admitted.resource)
        if locked is not None:
            raise TurnedAwayError(INVALID_AUTHORIZATION, locked)
        if admitted.claimed_name:
            session.tag(f"application:{admitted.claimed_name}")
        upstream_, connection = await self._reach(target, session, admitted)
        try:
            gated = StatementSession(session=session, language=target.source.language, steps=self._steps)
            await _opened(gated, minted=upstream_.user if target.minter is not None else "")
        except BaseException as error:
            connection.stream.abort()
            self._unmint(target, session, upstream_.user)
            if isinstance(error, LedgerUnavailableError):
                raise TurnedAwayError(
                    IO_ERROR, "the ledger cannot record, so nobody can be let in", why=str(error)
                ) from error
            raise
        relay = Relay(
            client=stream,
            splitter=admitted.splitter,
            server=connection,
            target=upstream_,
            gated=gated,
            limits=self._settings.limits,
            previews=Previews(
                login=upstream_, parameters=_parameters(session, admitted), gated=gated, turn=self._previewing
            ),
        )
        relay.finished.add_done_callback(lambda _future: self._unmint(target, session, upstream_.user))
        self._begin(stream, admitted, relay, connection)
        return relay

    async def _cancelled(self, cancel: "asyncio.Task[LastCancel]", session: Session) -> None:
        """Write down whether the server was told to cancel what the session ran: that may be known only after its end."""
        told = await cancel
        detail: dict[str, Json] = {
            "session": session.id,
            "resource": session.resource.name,
            "delivered": told.delivered,
            "tries": told.tries,
        }
        with contextlib.suppress(LedgerUnavailableError):
            event = Event(type=EventType.SESSION_CANCELLED, detail=detail)
            self._steps.recorder.append(event).durable.add_done_callback(looked_at)

    def _unmint(self, target: Target, session: Session, user: str) -> None:
        """Take a session's own login away, in the background: its client is not kept waiting for that."""
        if target.minter is None:
            return
        task = asyncio.get_running_loop().create_task(self._drop(target.minter, session, user))
        self._unminting.add(task)
        task.add_done_callback(self._unminting.discard)

    async def _drop(self, minter: Minting, session: Session, user: str) -> None:
        try:
            await minter.drop(user)
        except TargetUnavailableError as error:  # it opens nothing any more once the pass has ended, and is swept then
            detail: dict[str, Json] = {"role": user, "left": str(error)}
        else:
            detail = {"role": user}
        with contextlib.suppress(LedgerUnavailableError):
            event = Event(type=EventType.CREDENTIAL_DROPPED, session=session, detail=detail)
            self._steps.recorder.append(event).durable.add_done_callback(looked_at)

    async def _reach(
        self, target: Target, session: Session, admitted: Admitted
    ) -> tuple[Upstream, upstream.Connection]:
        seconds = self._settings.limits.connect
        login = target.upstream
        connection: upstream.Connection | None = None
        try:
            if target.minter is not None:
                login = await target.minter.mint(session)
            connection = await upstream.connect(
                login,
                application_name=f"passgate:{session.id}",
                parameters=_parameters(session, admitted),
                seconds=seconds,
            )
            async with asyncio.timeout(seconds):
                ((database, user, path),) = await upstream.ask(connection, _WHO)
        except BaseException as error:
            if connection is not None:
                connection.stream.abort()
            if login is not target.upstream:
                self._unmint(target, session, login.user)
            if not isinstance(error, TargetUnavailableError | SecretUnavailableError | TimeoutError):
                raise
            raise TurnedAwayError(
                CONNECTION_FAILURE,
                f'resource "{target.resource.name}" cannot be reached',
                why=str(error) or type(error).__name__,
                hint="Try again later; its operator finds the cause in the ledger.",
            ) from error
        session.database, session.user = database or "", user or ""
        session.search_path = tuple((path or "").split(" "))
        return login, connection

    def _begin(self, stream: Stream, admitted: Admitted, relay: Relay, connection: upstream.Connection) -> None:
        session = relay.gated.session
        key = self._keys.issue(admitted.startup.minor, relay.cancel_by_client)

        def gone(_future: "asyncio.Future[None]") -> None:
            self._keys.withdraw(key.process_id)
            self._live.unregister(session)
            if relay.last_cancel is not None:
                task = asyncio.get_running_loop().create_task(self._cancelled(relay.last_cancel, session))
                self._cancelling.add(task)
                task.add_done_callback(self._cancelling.discard)

        relay.finished.add_done_callback(gone)
        told = {**dict(connection.parameters), "application_name": admitted.claimed_name}
        told.pop("session_authorization", None)
        stream.write(
            b"".join(ParameterStatus(name=name, value=value).encode() for name, value in told.items())
            + key.encode()
            + ReadyForQuery(status=TransactionStatus.IDLE).encode()
        )
        self._live.register(session, relay)
        relay.start()


async def _opened(gated: StatementSession, *, minted: str) -> None:
    """Its start is durable. ``minted``: the role made for it, if any. Raises LedgerUnavailableError; then it is closed."""
    try:
        await gated.opened.durable
        if minted:
            gated.note(EventType.CREDENTIAL_MINTED, {"role": minted})
    except BaseException:
        gated.close("it could not be recorded")
        raise


def _parameters(session: Session, admitted: Admitted) -> tuple[tuple[str, str], ...]:
    """What the session's connection starts with."""
    return (*admitted.settings, floor.PARAMETER) if floor.Floor(session).stands else tuple(admitted.settings)


class _Accepted(Stream):
    """A client's connection: reports to the endpoint as soon as it is there."""

    def __init__(self, endpoint: PostgresEndpoint) -> None:
        super().__init__()
        self._endpoint = endpoint

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._endpoint.accepted(self)
