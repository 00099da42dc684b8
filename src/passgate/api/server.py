"""The gate's end of the admin socket."""

import asyncio
import logging
import os
import socket
from pathlib import Path

from passgate.api.access_messages import AskAccess, ListAccess, TakeAccess, VoteAccess
from passgate.api.control import Control
from passgate.api.messages import (
    MAX_REQUEST_BYTES,
    Answer,
    ApprovalsListed,
    CancelStatement,
    CastVote,
    Failed,
    GetStatus,
    KillSession,
    ListApprovals,
    ListSessions,
    LocksChanged,
    PassesRevoked,
    RefreshCatalog,
    ReloadPolicy,
    Request,
    SessionInfo,
    SessionKilled,
    SessionsEnded,
    SessionsListed,
    StatementCancelled,
    VoteCounted,
    decode_request,
    encode,
)
from passgate.api.peer import Peer, peer_of
from passgate.core.errors import ConfigError, PassgateError, RemoteProtocolError

_LOG = logging.getLogger(__name__)

MAX_CONNECTIONS = 32
"""Operators and their scripts. More is a mistake, and must not cost the clients of the gate anything."""

IDLE_SECONDS = 30.0

_MAX_PATH_BYTES = 107
"""``sun_path`` in unix(7), less its closing zero."""


APPROVALS = frozenset({"approvals.list", "approvals.vote", "access.ask", "access.list", "access.vote", "access.take"})
"""What the people's socket takes."""


class AdminServer:
    """Serves until closed. ``allowed``: the user ids that may connect besides root; the gate's own by default.

    ``operations``: what may be asked here, everything if None. ``mode``: the socket's permissions; whoever connects is known by the
    kernel's word, so the people's socket can be open to every user of the machine.
    """

    def __init__(
        self,
        *,
        path: Path,
        control: Control,
        allowed: frozenset[int] | None = None,
        operations: frozenset[str] | None = None,
        mode: int = 0o600,
        idle_seconds: float = IDLE_SECONDS,
    ) -> None:
        self._operations = operations
        self._mode = mode
        self.path = path
        self._control = control
        self._allowed = (frozenset({os.geteuid()}) if allowed is None else allowed) | {0}
        self._idle_seconds = idle_seconds
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        """Raises ConfigError: the path cannot be used, or another gate answers there."""
        listening = _bind(self.path, self._mode)
        self._server = await asyncio.start_unix_server(self._serve, sock=listening, limit=MAX_REQUEST_BYTES)

    async def close(self) -> None:
        if self._server is None:
            return
        self._server.close()
        for writer in tuple(self._connections):
            writer.close()
        await self._server.wait_closed()
        self._server = None
        self.path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections.add(writer)
        try:
            peer = peer_of(writer.get_extra_info("socket"))
            if peer.uid not in self._allowed:
                _LOG.warning("the admin socket was tried by user id %d (process %d)", peer.uid, peer.pid)
            elif len(self._connections) > MAX_CONNECTIONS:
                _LOG.warning("the admin socket has %d connections: one more was closed", MAX_CONNECTIONS)
            else:
                await self._converse(peer, reader, writer)
        except (ConnectionError, TimeoutError):
            _LOG.debug("an admin connection ended early")
        finally:
            self._connections.discard(writer)
            writer.close()

    async def _converse(self, peer: Peer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                async with asyncio.timeout(self._idle_seconds):
                    line = await reader.readline()
            except ValueError:
                line = b""
                writer.write(encode(Failed(error=f"a request is at most {MAX_REQUEST_BYTES} bytes")))
            if not line.endswith(b"\n"):
                break
            writer.write(encode(await self._answer(peer, line)))
            async with asyncio.timeout(self._idle_seconds):
                await writer.drain()
        async with asyncio.timeout(self._idle_seconds):
            await writer.drain()

    async def _answer(self, peer: Peer, line: bytes) -> Answer:
        try:
            request = decode_request(line)
        except RemoteProtocolError as error:
            return Failed(error=str(error))
        if self._operations is not None and request.op not in self._operations:
            return Failed(error=f"this socket takes {', '.join(sorted(self._operations))} only")
        _LOG.info("admin request %s by %s", request.op, peer.name)
        try:
            return await self._do(peer, request)
        except PassgateError as error:
            return Failed(error=str(error))

    async def _do(self, peer: Peer, request: Request) -> Answer:
        match request:
            case ListSessions():
                return SessionsListed(sessions=tuple(SessionInfo.of(s) for s in self._control.sessions()))
            case KillSession():
                return SessionKilled(found=await self._control.kill(request.session, actor=peer.name))
            case CancelStatement():
                found = await self._control.cancel(request.process_id, bytes.fromhex(request.key))
                return StatementCancelled(found=found)
            case PassesRevoked():
                return SessionsEnded(sessions=await self._control.revoked(frozenset(request.passes)))
            case LocksChanged():
                return SessionsEnded(sessions=await self._control.locked())
            case ReloadPolicy():
                return await self._control.reload_policy(actor=peer.name)
            case GetStatus():
                return self._control.status()
            case RefreshCatalog():
                return await self._control.refresh_catalog(request.resource, actor=peer.name)
            case ListApprovals():
                return ApprovalsListed(requests=self._control.approvals(actor=peer.name))
            case CastVote():
                counted = await self._control.vote(
                    request.request, approves=request.approves, note=request.note, actor=peer.name
                )
                return VoteCounted(request=counted)
            case AskAccess() | ListAccess() | VoteAccess() | TakeAccess():
                return await self._control.access(request, actor=peer.name)


def _bind(path: Path, mode: int) -> socket.socket:
    if len(os.fsencode(path)) > _MAX_PATH_BYTES:
        raise ConfigError(f"The admin socket {path} has too long a path for the system: choose a shorter state folder")
    if _answers(path):
        raise ConfigError(f"Another gate answers at {path}: give this one another node name or state folder")
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        path.unlink(missing_ok=True)  # left behind by a gate that was killed
        listening.bind(str(path))
        path.chmod(mode)  # before it listens: nobody can have connected yet
        listening.listen(MAX_CONNECTIONS)
        listening.setblocking(False)
    except OSError as error:
        listening.close()
        raise ConfigError(f"The admin socket {path} cannot be made: {error.strerror}") from error
    return listening


def _answers(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as trial:
        trial.setblocking(False)
        try:
            trial.connect(str(path))
        except (ConnectionRefusedError, FileNotFoundError, NotADirectoryError):
            return False
        except OSError:
            return True  # somebody holds it, and is too busy to accept (EAGAIN) or not ours to judge
    return True
