"""Where one message ends and the next begins, and how large each may be in each phase of a connection.

``splitter = frontend_splitter(PRE_AUTHENTICATION)``; after authentication ``splitter.limit(FrontendLimits().table())``. Feed
what was read, then pull frames until None. ``backend_splitter`` joins rows (DataRow, CopyData) into runs, and
``splitter.stream(ROWS)`` lets rows that nobody looks into go through in pieces.
"""

from dataclasses import dataclass
from struct import Struct

from passgate.codecs.postgres.hot._framing import LARGEST, UNKNOWN, Frame, Splitter
from passgate.codecs.postgres.messages import BACKEND, FRONTEND
from passgate.core.errors import RemoteProtocolError

__all__ = [
    "AUTHENTICATION_ANSWER",
    "LARGEST",
    "PRE_AUTHENTICATION",
    "ROWS",
    "SMALL",
    "STARTUP_PACKET",
    "UNKNOWN",
    "UPSTREAM_STARTUP",
    "BackendLimits",
    "Frame",
    "FrontendLimits",
    "Splitter",
    "StartupSplitter",
    "backend_splitter",
    "frontend_splitter",
]

# The server's own bounds, so that nothing it would take is refused and nothing it would refuse is held.
STARTUP_PACKET = 10_000  # MAX_STARTUP_PACKET_LENGTH
SMALL = 10_000  # PQ_SMALL_MESSAGE_LIMIT: messages that hold names and numbers only
AUTHENTICATION_ANSWER = 65_535  # PG_MAX_AUTH_TOKEN_LENGTH

ROWS = b"Dd"  # DataRow and CopyData, from a server
_COPY = b"d"

Limits = list[int]


def _limits(**sizes: int) -> Limits:
    table = [UNKNOWN] * 256
    for kind, size in sizes.items():
        table[ord(kind)] = size
    return table


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontendLimits:
    """Largest bodies from an authenticated client, in bytes.

    ``text``: a Query or Parse. All of it is parsed before a byte leaves, so it is far below the server's 1 GB; larger values
    belong in parameters. For comparison: hoop drops its judgement beyond 8 MiB, MySQL's packet is 64 MiB.
    ``data``: a Bind, CopyData or FunctionCall, where large values travel. They are held whole while they are judged.
    """

    text: int = 4 * 1024 * 1024
    data: int = 64 * 1024 * 1024

    def table(self) -> Limits:
        table = _limits(**{chr(kind): SMALL for kind in FRONTEND})
        for kind in b"QP":
            table[kind] = self.text
        for kind in b"BdF":
            table[kind] = self.data
        return table


# Before a client is known it may send answers to authentication requests and nothing else.
PRE_AUTHENTICATION: Limits = _limits(p=AUTHENTICATION_ANSWER)


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendLimits:
    """Largest bodies from a server, in bytes.

    ``row``: a DataRow, CopyData or FunctionCallResponse that must be held to be rewritten; rows that are streamed have no such
    bound.
    ``report``: everything else. libpq takes 30,000 for most; a RowDescription of 1,664 columns or a ParameterDescription of 65,535
    types needs about 256 KiB, an error quotes the statement that failed.
    """

    row: int = 64 * 1024 * 1024
    report: int = 8 * 1024 * 1024

    def table(self) -> Limits:
        table = _limits(**{chr(kind): self.report for kind in BACKEND})
        for kind in b"DdV":
            table[kind] = self.row
        return table


# Until the server says ReadyForQuery. libpq takes 2,000 bytes of an authentication request and 30,000 of an error.
UPSTREAM_STARTUP: Limits = _limits(**dict.fromkeys("RSKZENv", 30_000))


def frontend_splitter(limits: Limits) -> Splitter:
    """What a client sends, after its start-up packet."""
    return Splitter(limits, _COPY, RemoteProtocolError)


def backend_splitter(limits: Limits) -> Splitter:
    """What a server sends."""
    return Splitter(limits, ROWS, RemoteProtocolError)


_LENGTH = Struct("!I")
_SHORTEST = 8  # length word and code


class StartupSplitter:
    """Packets without a type byte, which come before everything else. ``rest`` is what came behind the packets taken so far: it
    belongs to the next phase, and must be empty before TLS begins (CVE-2021-23214)."""

    __slots__ = ("_buffer",)

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def next(self) -> bytes | None:
        """The next whole packet, length word included; None if more is needed. Raises RemoteProtocolError."""
        if len(self._buffer) < _LENGTH.size:
            return None
        length: int = _LENGTH.unpack_from(self._buffer)[0]
        if not _SHORTEST <= length <= STARTUP_PACKET:
            raise RemoteProtocolError(f"a start-up packet of {length} bytes")
        if len(self._buffer) < length:
            return None
        packet = bytes(self._buffer[:length])
        del self._buffer[:length]
        return packet

    @property
    def rest(self) -> bytes:
        return bytes(self._buffer)
