"""Values in the binary format, printed as the server prints them. Layouts: the ``recv`` functions of the types."""

import re
import struct
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from struct import Struct
from typing import Final

from passgate.codecs.postgres import types
from passgate.codecs.postgres.wire import Reader
from passgate.core.errors import RemoteProtocolError


class UndecodableError(Exception):
    """The bytes are not a value of the type, or not one that can be printed here."""


_INT2, _INT4, _INT8 = Struct("!h"), Struct("!i"), Struct("!q")
_UINT4, _UINT8 = Struct("!I"), Struct("!Q")
_FLOAT4, _FLOAT8 = Struct("!f"), Struct("!d")
_INTERVAL, _TIMETZ = Struct("!qii"), Struct("!qi")
_NUMERIC = Struct("!HhHH")


def from_binary(value: bytes, oid: int) -> str:
    """Raises UndecodableError for bytes that are not a value of the type, and for types that are not known here."""
    try:
        return _decoded(value, oid)
    except (UnicodeDecodeError, struct.error, OverflowError, RemoteProtocolError):
        raise UndecodableError from None


def _decoded(value: bytes, oid: int) -> str:
    decoder = _BINARY.get(oid)
    if decoder is not None:
        return decoder(value)
    element = types.ELEMENTS.get(oid)
    if element is None or element not in _BINARY:
        raise UndecodableError
    return _array(value, element)


def _number(layout: Struct) -> Callable[[bytes], str]:
    return lambda value: str(layout.unpack(value)[0])


def _bool(value: bytes) -> str:
    if len(value) != 1:
        raise UndecodableError
    return "f" if value == b"\0" else "t"


def _text(value: bytes) -> str:
    text = value.decode()
    if "\0" in text:
        raise UndecodableError
    return text


def _jsonb(value: bytes) -> str:
    if value[:1] != b"\x01":
        raise UndecodableError
    return _text(value[1:])


def _bytea(value: bytes) -> str:
    return "\\x" + value.hex()


def _uuid(value: bytes) -> str:
    if len(value) != 16:
        raise UndecodableError
    return str(uuid.UUID(bytes=value))


def _float(number: float, digits: str, largest_plain: int) -> str:
    """The server's own style: shortest digits, an exponent from ``largest_plain`` digits on."""
    if number != number:
        return "NaN"
    if number in (float("inf"), float("-inf")):
        return "Infinity" if number > 0 else "-Infinity"
    decimal = Decimal(digits).normalize()
    sign, figures, exponent = decimal.as_tuple()
    if not decimal:
        return "-0" if sign else "0"
    scale = int(exponent) + len(figures) - 1
    if -5 < scale < largest_plain:
        return format(decimal, "f")
    written = "".join(map(str, figures))
    mantissa = written[0] + ("." + written[1:] if len(written) > 1 else "")
    return f"{'-' if sign else ''}{mantissa}e{'-' if scale < 0 else '+'}{abs(scale):02d}"


def _float8(value: bytes) -> str:
    number: float = _FLOAT8.unpack(value)[0]
    return _float(number, repr(number), 15)


def _float4(value: bytes) -> str:
    number: float = _FLOAT4.unpack(value)[0]
    return _float(number, next(digits for digits in _candidates(number) if _is_float4(digits, value)), 6)


def _candidates(number: float) -> Iterator[str]:
    """Ever more digits of a number of 4 bytes, until 9 always tell it from its neighbours."""
    yield from (f"{number:.{digits}g}" for digits in range(1, 10))


def _is_float4(digits: str, value: bytes) -> bool:
    try:
        return _FLOAT4.pack(float(digits)) == value or digits == "nan"
    except OverflowError:  # rounded up beyond the largest
        return False


_SIGN_SPECIAL = {0xC000: "NaN", 0xD000: "Infinity", 0xF000: "-Infinity"}
_NEGATIVE = 0x4000
_BASE_DIGITS = 4
_MOST_PADDING = 1000  # digits that are not in the bytes: 8 bytes could ask for 131,072 zeros


def _numeric(value: bytes) -> str:
    count, weight, sign, scale = _NUMERIC.unpack_from(value)
    if sign in _SIGN_SPECIAL:
        return _SIGN_SPECIAL[sign]
    if (
        sign not in (0, _NEGATIVE)
        or len(value) != _NUMERIC.size + 2 * count
        or max(scale, 4 * weight) > 4 * count + _MOST_PADDING
    ):
        raise UndecodableError
    groups = Struct(f"!{count}H").unpack_from(value, _NUMERIC.size)
    if any(group > 9999 for group in groups):
        raise UndecodableError
    whole = "".join(f"{groups[i] if i < count else 0:04d}" for i in range(weight + 1)).lstrip("0") or "0"
    behind = range(weight + 1, weight + 1 + -(-scale // _BASE_DIGITS))
    fraction = "".join(f"{groups[i] if 0 <= i < count else 0:04d}" for i in behind)[:scale]
    text = whole + ("." + fraction if scale else "")
    return f"-{text}" if sign == _NEGATIVE and text.strip("0.") else text


_EPOCH_DATE = date(2000, 1, 1)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_DAY_MICROSECONDS = 86_400_000_000


def _infinite(number: int, bits: int) -> str | None:
    if number == (1 << (bits - 1)) - 1:
        return "infinity"
    return "-infinity" if number == -(1 << (bits - 1)) else None


def _date(value: bytes) -> str:
    days: int = _INT4.unpack(value)[0]
    return _infinite(days, 32) or (_EPOCH_DATE + timedelta(days=days)).isoformat()


def _clock(microseconds: int) -> str:
    seconds, fraction = divmod(microseconds, 1_000_000)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return text + (f".{fraction:06d}".rstrip("0") if fraction else "")


def _timestamp(value: bytes) -> str:
    microseconds: int = _INT8.unpack(value)[0]
    infinite = _infinite(microseconds, 64)
    if infinite:
        return infinite
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return f"{moment.date().isoformat()} {_clock(microseconds % _DAY_MICROSECONDS)}"


def _timestamptz(value: bytes) -> str:
    """In UTC, whatever the session's own zone."""
    text = _timestamp(value)
    return text if "infinity" in text else text + "+00"


def _time(value: bytes) -> str:
    microseconds: int = _INT8.unpack(value)[0]
    if not 0 <= microseconds <= _DAY_MICROSECONDS:
        raise UndecodableError
    return _clock(microseconds)


def _timetz(value: bytes) -> str:
    microseconds, west = _TIMETZ.unpack(value)
    if not 0 <= microseconds <= _DAY_MICROSECONDS or not -86_400 < west < 86_400:
        raise UndecodableError
    east = abs(west)
    zone = f"{'-' if west > 0 else '+'}{east // 3600:02d}"
    if east % 3600:
        zone += f":{east // 60 % 60:02d}"
    if east % 60:
        zone += f":{east % 60:02d}"
    return _clock(microseconds) + zone


def _interval(value: bytes) -> str:
    """``intervalstyle = postgres``, the default."""
    microseconds, days, months = _INTERVAL.unpack(value)
    years, months = int(months / 12), months - 12 * int(months / 12)
    parts: list[str] = []
    before_negative = False
    for number, unit in ((years, "year"), (months, "mon"), (days, "day")):
        if number:
            plus = "+" if before_negative and number > 0 else ""
            parts.append(f"{plus}{number} {unit}{'' if number == 1 else 's'}")
            before_negative = number < 0
    if microseconds or not parts:
        sign = "-" if microseconds < 0 else "+" if before_negative else ""
        parts.append(sign + _clock(abs(microseconds)))
    return " ".join(parts)


_MOST_DIMENSIONS = 6
_BARE = re.compile(r"[^\s{}\",\\]+")


def _array(value: bytes, element: int) -> str:
    reader = Reader(value, "array")
    dimensions, _, kind = reader.uint32(), reader.uint32(), reader.uint32()
    if dimensions > _MOST_DIMENSIONS or kind != element:
        raise UndecodableError
    sizes: list[int] = []
    for _ in range(dimensions):
        sizes.append(reader.uint32())
        if reader.int32() != 1:  # other lower bounds are printed in front; nobody binds them
            raise UndecodableError
    text = _dimension(reader, sizes, _BINARY[element]) if sizes and all(sizes) else "{}"
    reader.end()
    return text


def _dimension(reader: Reader, sizes: list[int], decoder: Callable[[bytes], str]) -> str:
    if sizes[0] * 4 > reader.left:
        raise UndecodableError
    if len(sizes) > 1:
        return "{" + ",".join(_dimension(reader, sizes[1:], decoder) for _ in range(sizes[0])) + "}"
    return "{" + ",".join(_element(reader.value(), decoder) for _ in range(sizes[0])) + "}"


def _element(value: bytes | None, decoder: Callable[[bytes], str]) -> str:
    if value is None:
        return "NULL"
    text = decoder(value)
    if _BARE.fullmatch(text) and text.upper() != "NULL":
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


_BINARY: Final[dict[int, Callable[[bytes], str]]] = {
    types.BOOL: _bool,
    types.BYTEA: _bytea,
    types.INT2: _number(_INT2),
    types.INT4: _number(_INT4),
    types.INT8: _number(_INT8),
    types.XID8: _number(_UINT8),
    types.FLOAT4: _float4,
    types.FLOAT8: _float8,
    types.NUMERIC: _numeric,
    types.JSON: _text,
    types.XML: _text,
    types.JSONB: _jsonb,
    types.UUID: _uuid,
    types.DATE: _date,
    types.TIME: _time,
    types.TIMETZ: _timetz,
    types.TIMESTAMP: _timestamp,
    types.TIMESTAMPTZ: _timestamptz,
    types.INTERVAL: _interval,
    **dict.fromkeys(types.TEXT_LIKE, _text),
    **dict.fromkeys(types.OID_LIKE, _number(_UINT4)),
}
