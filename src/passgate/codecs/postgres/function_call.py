"""The fast path: a function called by its OID, no SQL (PostgreSQL manual, "Function Call")."""

from dataclasses import dataclass, field
from typing import ClassVar, Self

from passgate.codecs.postgres.wire import Reader, formats, framed, int16, uint16, uint32, value


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCall:
    TYPE: ClassVar[int] = ord("F")

    function: int
    argument_formats: tuple[int, ...] = ()
    arguments: tuple[bytes | None, ...] = field(default=(), repr=False)
    result_format: int = 0

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, "FunctionCall")
        function, argument_formats = reader.uint32(), reader.formats()
        arguments = tuple(reader.value() for _ in range(reader.uint16()))
        if len(argument_formats) not in (0, 1, len(arguments)):
            raise reader.error(f"{len(argument_formats)} format codes for {len(arguments)} arguments")
        result_format = reader.format()
        reader.end()
        return cls(
            function=function,
            argument_formats=argument_formats,
            arguments=arguments,
            result_format=result_format,
        )

    def encode(self) -> bytes:
        return framed(
            self.TYPE,
            uint32(self.function),
            formats(self.argument_formats),
            uint16(len(self.arguments)),
            *map(value, self.arguments),
            int16(self.result_format),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FunctionCallResponse:
    TYPE: ClassVar[int] = ord("V")

    result: bytes | None = field(repr=False)

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, "FunctionCallResponse")
        message = cls(result=reader.value())
        reader.end()
        return message

    def encode(self) -> bytes:
        return framed(self.TYPE, value(self.result))
