"""Bind: values for a prepared statement (PostgreSQL manual, "Message Formats"). A plain class, since every execution brings one."""

from typing import ClassVar, Final, Self, final

from passgate.codecs.postgres.wire import TEXT_FORMAT, Reader, formats, framed, text, uint16, value


@final
class Bind:
    """``parameters``: None is NULL. Format lists are empty (all text), of one (for all) or one for each."""

    TYPE: ClassVar[int] = ord("B")

    def __init__(
        self,
        *,
        portal: str,
        statement: str,
        parameter_formats: tuple[int, ...] = (),
        parameters: tuple[bytes | None, ...] = (),
        result_formats: tuple[int, ...] = (),
    ) -> None:
        self.portal: Final = portal
        self.statement: Final = statement
        self.parameter_formats: Final = parameter_formats
        self.parameters: Final = parameters
        self.result_formats: Final = result_formats

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Bind) and self.encode() == other.encode()

    def __hash__(self) -> int:
        return hash(self.encode())

    def __repr__(self) -> str:
        return f"Bind(portal={self.portal!r}, statement={self.statement!r}, {len(self.parameters)} parameters)"

    def parameter_format(self, index: int) -> int:
        return format_at(self.parameter_formats, index)

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        reader = Reader(payload, "Bind")
        portal, statement = reader.text(), reader.text()
        parameter_formats = reader.formats()
        count = reader.uint16()
        parameters = tuple([reader.value() for _ in range(count)])
        if len(parameter_formats) not in (0, 1, count):
            raise reader.error(f"{len(parameter_formats)} format codes for {count} parameters")
        result_formats = reader.formats()
        reader.end()
        return cls(
            portal=portal,
            statement=statement,
            parameter_formats=parameter_formats,
            parameters=parameters,
            result_formats=result_formats,
        )

    def encode(self) -> bytes:
        return framed(
            self.TYPE,
            text(self.portal),
            text(self.statement),
            formats(self.parameter_formats),
            uint16(len(self.parameters)),
            *map(value, self.parameters),
            formats(self.result_formats),
        )


def format_at(codes: tuple[int, ...], index: int) -> int:
    """The format of one value by the rule of Bind's lists: none is text, one is for all."""
    if not codes:
        return TEXT_FORMAT
    return codes[0] if len(codes) == 1 else codes[index]
