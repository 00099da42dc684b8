"""Who are you: the server's requests and the client's answers (PostgreSQL manual, "Start-up" and "SASL Authentication").

Every request is type ``R`` with a number; every answer is type ``p``, and only the request before it tells which kind it is.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Self

from passgate.codecs.postgres.wire import Reader, framed, text, uint32, value
from passgate.core.errors import LocalProtocolError, RemoteProtocolError

REQUEST = ord("R")
ANSWER = ord("p")


class _Request:
    """A request that is its number alone."""

    __slots__ = ()
    TYPE: ClassVar[int] = REQUEST
    CODE: ClassVar[int]

    @classmethod
    def read(cls, reader: Reader) -> Self:
        reader.end()
        return cls()

    def encode(self) -> bytes:
        return framed(REQUEST, uint32(self.CODE))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationOk(_Request):
    CODE: ClassVar[int] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationKerberosV5(_Request):
    CODE: ClassVar[int] = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationCleartextPassword(_Request):
    CODE: ClassVar[int] = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationMD5Password:
    """``salt`` is 4 bytes."""

    TYPE: ClassVar[int] = REQUEST
    CODE: ClassVar[int] = 5

    salt: bytes

    @classmethod
    def read(cls, reader: Reader) -> Self:
        message = cls(salt=reader.take(4))
        reader.end()
        return message

    def encode(self) -> bytes:
        if len(self.salt) != 4:
            raise LocalProtocolError("an md5 salt has 4 bytes")
        return framed(REQUEST, uint32(self.CODE), self.salt)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationGSS(_Request):
    CODE: ClassVar[int] = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationSSPI(_Request):
    CODE: ClassVar[int] = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationSASL:
    """``mechanisms`` in the server's order of preference."""

    TYPE: ClassVar[int] = REQUEST
    CODE: ClassVar[int] = 10

    mechanisms: tuple[str, ...]

    @classmethod
    def read(cls, reader: Reader) -> Self:
        mechanisms: list[str] = []
        while name := reader.text():
            mechanisms.append(name)
        reader.end()
        return cls(mechanisms=tuple(mechanisms))

    def encode(self) -> bytes:
        return framed(REQUEST, uint32(self.CODE), *map(text, self.mechanisms), b"\0")


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationGSSContinue:
    TYPE: ClassVar[int] = REQUEST
    CODE: ClassVar[int] = 8

    data: bytes = field(repr=False)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(data=reader.rest())

    def encode(self) -> bytes:
        return framed(REQUEST, uint32(self.CODE), self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationSASLContinue:
    TYPE: ClassVar[int] = REQUEST
    CODE: ClassVar[int] = 11

    data: bytes = field(repr=False)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(data=reader.rest())

    def encode(self) -> bytes:
        return framed(REQUEST, uint32(self.CODE), self.data)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthenticationSASLFinal:
    TYPE: ClassVar[int] = REQUEST
    CODE: ClassVar[int] = 12

    data: bytes = field(repr=False)

    @classmethod
    def read(cls, reader: Reader) -> Self:
        return cls(data=reader.rest())

    def encode(self) -> bytes:
        return framed(REQUEST, uint32(self.CODE), self.data)


Authentication = (
    AuthenticationOk
    | AuthenticationKerberosV5
    | AuthenticationCleartextPassword
    | AuthenticationMD5Password
    | AuthenticationGSS
    | AuthenticationGSSContinue
    | AuthenticationSSPI
    | AuthenticationSASL
    | AuthenticationSASLContinue
    | AuthenticationSASLFinal
)

_KINDS: dict[int, type[Authentication]] = {
    kind.CODE: kind
    for kind in (
        AuthenticationOk,
        AuthenticationKerberosV5,
        AuthenticationCleartextPassword,
        AuthenticationMD5Password,
        AuthenticationGSS,
        AuthenticationGSSContinue,
        AuthenticationSSPI,
        AuthenticationSASL,
        AuthenticationSASLContinue,
        AuthenticationSASLFinal,
    )
}


def parse_authentication(payload: bytes) -> Authentication:
    """Read the body of an ``R`` message. Raises RemoteProtocolError for a kind that is not known."""
    reader = Reader(payload, "Authentication")
    code = reader.uint32()
    kind = _KINDS.get(code)
    if kind is None:
        raise RemoteProtocolError(f"authentication request {code} is not known")
    return kind.read(reader)


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordMessage:
    """A clear password, or ``md5`` and its hash."""

    TYPE: ClassVar[int] = ANSWER

    password: str = field(repr=False)

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, "PasswordMessage")
        message = cls(password=reader.text())
        reader.end()
        return message

    def encode(self) -> bytes:
        return framed(ANSWER, text(self.password))


@dataclass(frozen=True, slots=True, kw_only=True)
class SASLInitialResponse:
    TYPE: ClassVar[int] = ANSWER

    mechanism: str
    data: bytes | None = field(repr=False)

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, "SASLInitialResponse")
        message = cls(mechanism=reader.text(), data=reader.value())
        reader.end()
        return message

    def encode(self) -> bytes:
        return framed(ANSWER, text(self.mechanism), value(self.data))


@dataclass(frozen=True, slots=True, kw_only=True)
class SASLResponse:
    TYPE: ClassVar[int] = ANSWER

    data: bytes = field(repr=False)

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        return cls(data=payload)

    def encode(self) -> bytes:
        return framed(ANSWER, self.data)
