"""What a server may say at any time, and how a client says goodbye (manual, "Asynchronous Operations" and "Termination")."""

from dataclasses import dataclass, field
from typing import ClassVar, Self

from passgate.codecs.postgres.bodiless import Bodiless
from passgate.codecs.postgres.wire import Reader, framed, text, uint32


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterStatus:
    TYPE: ClassVar[int] = ord("S")

    name: str
    value: str

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, "ParameterStatus")
        message = cls(name=reader.text(), value=reader.text())
        reader.end()
        return message

    def encode(self) -> bytes:
        return framed(self.TYPE, text(self.name), text(self.value))


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationResponse:
    TYPE: ClassVar[int] = ord("A")

    process_id: int
    channel: str
    payload: str = field(repr=False)

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, "NotificationResponse")
        message = cls(process_id=reader.uint32(), channel=reader.text(), payload=reader.text())
        reader.end()
        return message

    def encode(self) -> bytes:
        return framed(self.TYPE, uint32(self.process_id), text(self.channel), text(self.payload))


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminate(Bodiless):
    TYPE: ClassVar[int] = ord("X")
