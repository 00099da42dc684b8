"""Messages that say all they have to say by their type byte."""

from typing import ClassVar, Self

from passgate.codecs.postgres.wire import Reader, framed


class Bodiless:
    """A message that is its type byte and nothing else."""

    __slots__ = ()
    TYPE: ClassVar[int]

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        Reader(payload, cls.__name__).end()
        return cls()

    def encode(self) -> bytes:
        return framed(self.TYPE)
