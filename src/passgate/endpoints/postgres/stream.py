"""One TCP connection: read piece by piece while somebody logs in, then handed to a receiver that is called with every chunk."""

import asyncio
import ssl
from collections import deque
from collections.abc import Sequence
from typing import Protocol, cast

HIGH_WATER = 256 * 1024
"""Bytes that may wait for a slow peer before the other side is no longer read: a few reads' worth."""

_LOGIN_BYTES = 64 * 1024
"""Unread bytes of somebody who is not logged in yet; the largest message of that phase fits."""

_JOIN_UNDER = 256 * 1024
"""Chunks are joined into one write up to this size; above it the copy costs more than a second system call."""


class Receiver(Protocol):
    """Who takes over after log-in. Called from the event loop; must not block."""

    def received(self, data: bytes) -> None: ...

    def lost(self) -> None: ...

    def full(self) -> None:
        """What was written is not being read by the peer."""

    def drained(self) -> None: ...


class Stream(asyncio.Protocol):
    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._receiver: Receiver | None = None
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._waiter: asyncio.Future[None] | None = None
        self._closing: asyncio.Future[None] | None = None
        self._lost = False
        self._reading = True
        self.encrypted = False
        self.peer = ""

    @property
    def transport(self) -> asyncio.Transport:
        if self._transport is None:
            raise ConnectionError("not connected")
        return self._transport

    @property
    def address(self) -> str:
        """The peer's address without port."""
        return self.peer.rpartition(":")[0]

    # -- asyncio's side ------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=HIGH_WATER)
        name = transport.get_extra_info("peername")
        self.peer = f"{name[0]}:{name[1]}" if isinstance(name, tuple) else "local"

    def data_received(self, data: bytes) -> None:
        if self._receiver is not None:
            self._receiver.received(data)
            return
        self._chunks.append(data)
        self._size += len(data)
        if self._size > _LOGIN_BYTES:
            self.pause()
        self._wake()

    def connection_lost(self, _exc: Exception | None) -> None:
        self._lost = True
        if self._receiver is not None:
            self._receiver.lost()
        if self._closing is not None and not self._closing.done():
            self._closing.set_result(None)
        self._wake()

    def pause_writing(self) -> None:
        if self._receiver is not None:
            self._receiver.full()

    def resume_writing(self) -> None:
        if self._receiver is not None:
            self._receiver.drained()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # -- while somebody logs in ----------------------------------------------------------------------------------

    @property
    def waiting(self) -> bool:
        """Whether bytes have come that nobody has read."""
        return bool(self._chunks)

    async def read(self) -> bytes:
        """The next chunk. Raises ConnectionError once the peer is gone."""
        while not self._chunks:
            if self._lost:
                raise ConnectionError("the peer closed the connection")
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None
        data = self._chunks.popleft()
        self._size -= len(data)
        if self._size <= _LOGIN_BYTES:
            self.resume()
        return data

    async def serve_tls(self, context: ssl.SSLContext, seconds: float) -> None:
        """Become the TLS server of this connection. Raises OSError (ssl.SSLError among it), ConnectionError."""
        await self._start_tls(context, seconds, server_side=True, hostname=None)

    async def ask_tls(self, context: ssl.SSLContext, hostname: str, seconds: float) -> None:
        """Become the TLS client of this connection. Raises OSError (ssl.SSLError among it), ConnectionError."""
        await self._start_tls(context, seconds, server_side=False, hostname=hostname)

    async def _start_tls(
        self, context: ssl.SSLContext, seconds: float, *, server_side: bool, hostname: str | None
    ) -> None:
        transport = await asyncio.get_running_loop().start_tls(
            self.transport,
            self,
            context,
            server_side=server_side,
            server_hostname=hostname,
            ssl_handshake_timeout=seconds,
        )
        if transport is None:
            raise ConnectionError("the peer closed the connection")
        self._transport = transport
        transport.set_write_buffer_limits(high=HIGH_WATER)
        self.encrypted = True

    def peer_certificate(self) -> bytes | None:
        """The certificate that the other side showed, DER; None without TLS."""
        tls = self.transport.get_extra_info("ssl_object")
        return tls.getpeercert(binary_form=True) if tls is not None else None

    def attach(self, receiver: Receiver) -> None:
        """Hand over for good. What was already read comes first."""
        self._receiver = receiver
        while self._chunks:
            receiver.received(self._chunks.popleft())
        self._size = 0
        self.resume()
        if self._lost:
            receiver.lost()

    # -- both phases ---------------------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        return self._lost or self.transport.is_closing()

    def write(self, data: bytes) -> None:
        if not self.closed:
            self.transport.write(data)

    def write_all(self, chunks: Sequence[bytes]) -> None:
        """One write for all."""
        if self.closed or not chunks:
            return
        if len(chunks) == 1:
            self.transport.write(chunks[0])
        elif sum(map(len, chunks)) < _JOIN_UNDER:
            self.transport.write(b"".join(chunks))
        else:
            self.transport.writelines(chunks)

    def pause(self) -> None:
        if self._reading and not self.closed:
            self._reading = False
            self.transport.pause_reading()

    def resume(self) -> None:
        if not self._reading and not self.closed:
            self._reading = True
            self.transport.resume_reading()

    def close(self) -> None:
        """Close once everything written has left."""
        if self._transport is not None:
            self._transport.close()

    async def gone(self, seconds: float) -> None:
        """Wait until the connection is closed, at most so long."""
        if not self._lost:
            self._closing = asyncio.get_running_loop().create_future()
            await asyncio.wait([self._closing], timeout=seconds)

    def abort(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()
