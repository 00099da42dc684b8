"""How a connection opens (PostgreSQL manual, "Start-up" and "SSL/GSSAPI Session Encryption").

These packets have no type byte: a length word, then a code that is either a protocol version or one of three requests.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Self

from passgate.codecs.postgres.cancellation import CancelRequest
from passgate.codecs.postgres.wire import Reader, framed, text, uint32
from passgate.core.errors import RemoteProtocolError

MAJOR = 3
NEWEST_MINOR = 2  # 3.1 was never given out; a client that asks for it speaks 3.0

_OFF = frozenset({"off", "false", "no", "0"})


@dataclass(frozen=True, slots=True, kw_only=True)
class SSLRequest:
    CODE: ClassVar[int] = 80877103

    def encode(self) -> bytes:
        return _packet(uint32(self.CODE))


@dataclass(frozen=True, slots=True, kw_only=True)
class GSSENCRequest:
    CODE: ClassVar[int] = 80877104

    def encode(self) -> bytes:
        return _packet(uint32(self.CODE))


@dataclass(frozen=True, slots=True, kw_only=True)
class NegotiateProtocolVersion:
    """The newest version the server speaks, as ``major << 16 | minor``, and the ``_pq_.`` options it does not know."""

    TYPE: ClassVar[int] = ord("v")

    newest: int
    unknown_options: tuple[str, ...] = ()

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, "NegotiateProtocolVersion")
        newest, count = reader.uint32(), reader.uint32()
        if count > reader.left:
            raise reader.error("more options announced than sent")
        message = cls(newest=newest, unknown_options=tuple(reader.text() for _ in range(count)))
        reader.end()
        return message

    def encode(self) -> bytes:
        options = self.unknown_options
        return framed(self.TYPE, uint32(self.newest), uint32(len(options)), *map(text, options))


@dataclass(frozen=True, slots=True, kw_only=True)
class StartupMessage:
    """``parameters`` as name and value, in the client's order, names unique. ``user`` is always among them."""

    parameters: tuple[tuple[str, str], ...] = field(default=())
    minor: int = 0

    def get(self, name: str, default: str = "") -> str:
        return next((value for key, value in self.parameters if key == name), default)

    @property
    def user(self) -> str:
        return self.get("user")

    @property
    def database(self) -> str:
        """Defaults to the user's name, as the server's own rule is."""
        return self.get("database") or self.user

    @property
    def protocol_options(self) -> tuple[tuple[str, str], ...]:
        """Options of the protocol itself, which a server that does not know them must say so about."""
        return tuple(pair for pair in self.parameters if pair[0].startswith("_pq_."))

    @property
    def replication(self) -> bool:
        """Whether a walsender is asked for. Anything that is not plainly off counts."""
        return any(key == "replication" and value.lower() not in _OFF for key, value in self.parameters)

    def negotiation(self) -> NegotiateProtocolVersion | None:
        """What to answer first when the client asks for more than 3.2 or for protocol options; None when all is known."""
        unknown = tuple(name for name, _ in self.protocol_options)
        if self.minor <= NEWEST_MINOR and not unknown:
            return None
        return NegotiateProtocolVersion(newest=MAJOR << 16 | min(self.minor, NEWEST_MINOR), unknown_options=unknown)

    @classmethod
    def read(cls, reader: Reader, minor: int) -> Self:
        names: set[str] = set()
        parameters: list[tuple[str, str]] = []
        while name := reader.text():
            if name in names:
                raise reader.error("a parameter is given twice")
            names.add(name)
            parameters.append((name, reader.text()))
        reader.end()
        if not any(name == "user" and value for name, value in parameters):
            raise reader.error("no user name")
        return cls(parameters=tuple(parameters), minor=minor)

    def encode(self) -> bytes:
        pairs = b"".join(text(name) + text(value) for name, value in self.parameters)
        return _packet(uint32(MAJOR << 16 | self.minor), pairs, b"\0")


StartupPacket = StartupMessage | SSLRequest | GSSENCRequest | CancelRequest


def parse_startup(packet: bytes) -> StartupPacket:
    """Read one whole packet, length word included. Raises RemoteProtocolError."""
    reader = Reader(packet, "StartupMessage")
    if reader.uint32() != len(packet):
        raise reader.error("its length is not what it says")
    code = reader.uint32()
    if code == SSLRequest.CODE:
        reader.end()
        return SSLRequest()
    if code == GSSENCRequest.CODE:
        reader.end()
        return GSSENCRequest()
    if code == CancelRequest.CODE:
        return CancelRequest.parse(reader.rest())
    if code >> 16 != MAJOR:
        raise RemoteProtocolError(f"protocol {code >> 16}.{code & 0xFFFF} is not spoken here")
    return StartupMessage.read(reader, code & 0xFFFF)


def _packet(*body: bytes) -> bytes:
    joined = b"".join(body)
    return uint32(len(joined) + 4) + joined
