"""Cancelling a running statement from another connection (PostgreSQL manual, "Canceling Requests in Progress").

Protocol 3.0 has a key of 4 bytes; 3.2 lets the server choose up to 256.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Self

from passgate.codecs.postgres.wire import Reader, framed, uint32
from passgate.core.errors import LocalProtocolError

MIN_KEY = 4
MAX_KEY = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class BackendKeyData:
    TYPE: ClassVar[int] = ord("K")

    process_id: int
    key: bytes = field(repr=False)

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        process_id, key = _read(Reader(payload, "BackendKeyData"))
        return cls(process_id=process_id, key=key)

    def encode(self) -> bytes:
        return framed(self.TYPE, _written(self.process_id, self.key))


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest:
    """A start-up packet, without a type byte. ``parse`` reads what follows the code."""

    CODE: ClassVar[int] = 80877102

    process_id: int
    key: bytes = field(repr=False)

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        process_id, key = _read(Reader(payload, "CancelRequest"))
        return cls(process_id=process_id, key=key)

    def encode(self) -> bytes:
        body = _written(self.process_id, self.key)
        return uint32(len(body) + 8) + uint32(self.CODE) + body


def _read(reader: Reader) -> tuple[int, bytes]:
    process_id, key = reader.uint32(), reader.rest()
    if not MIN_KEY <= len(key) <= MAX_KEY:
        raise reader.error(f"a key of {len(key)} bytes")
    return process_id, key


def _written(process_id: int, key: bytes) -> bytes:
    if not MIN_KEY <= len(key) <= MAX_KEY:
        raise LocalProtocolError(f"a cancel key has {MIN_KEY} to {MAX_KEY} bytes, not {len(key)}")
    return uint32(process_id) + key
