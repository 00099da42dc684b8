"""Bound parameters as the text that the server would print, so that a decision is taken on what will run.

What cannot be decoded for certain is opaque, and that is the reader's to refuse. Binary layouts: the types' ``*recv`` functions.
"""

import re
import struct
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from struct import Struct
from typing import Final

from passgate.codecs.postgres import types
from passgate.codecs.postgres.wire import BINARY_FORMAT, Reader
from passgate.core.errors import RemoteProtocolError


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterValue:
    """``text`` None is NULL, or not known where ``opaque``. ``type``: the type's name (``int8``, ``text[]``), empty if not
    built in."""

    text: str | None = field(repr=False)
    type: str = ""
    opaque: bool = False


NAMES: Final[dict[int, str]] = {
    types.BOOL: "bool",
    types.BYTEA: "bytea",
    types.CHAR: "char",
    types.NAME: "name",
    types.INT8: "int8",
    types.INT2: "int2",
    types.INT4: "int4",
    types.REGPROC: "regproc",
    types.TEXT: "text",
    types.OID: "oid",
    types.XID: "xid",
    types.CID: "cid",
    types.JSON: "json",
    types.XML: "xml",
    types.FLOAT4: "float4",
    types.FLOAT8: "float8",
    types.UNKNOWN: "unknown",
    types.MONEY: "money",
    types.BPCHAR: "bpchar",
    types.VARCHAR: "varchar",
    types.DATE: "date",
    types.TIME: "time",
    types.TIMESTAMP: "timestamp",
    types.TIMESTAMPTZ: "timestamptz",
    types.INTERVAL: "interval",
    types.TIMETZ: "timetz",
    types.NUMERIC: "numeric",
    types.REFCURSOR: "refcursor",
    types.REGPROCEDURE: "regprocedure",
    types.REGOPER: "regoper",
    types.REGOPERATOR: "regoperator",
    types.REGCLASS: "regclass",
    types.REGTYPE: "regtype",
    types.CSTRING: "cstring",
    types.UUID: "uuid",
    types.REGCONFIG: "regconfig",
    types.REGDICTIONARY: "regdictionary",
    types.JSONB: "jsonb",
    types.REGNAMESPACE: "regnamespace",
    types.REGROLE: "regrole",
    types.REGCOLLATION: "regcollation",
    types.XID8: "xid8",
}


class _UndecodableError(Exception):
    """The bytes are not a value of the type, or not one that can be printed here."""


_INT2, _INT4, _INT8 = Struct("!h"), Struct("!i"), Struct("!q")
_UINT4, _UINT8 = Struct("!I"), Struct("!Q")
_FLOAT4, _FLOAT8 = Struct("!f"), Struct("!d")
_INTERVAL, _TIMETZ = Struct("!qii"), Struct("!qi")
_NUMERIC = Struct("!HhHH")


def type_name(oid: int) -> str:
    """Empty for a type that is not built in."""
    element = types.ELEMENTS.get(oid)
    name = NAMES.get(oid if element is None else element, "")
    return f"{name}[]" if name and element is not None else name


def decode_parameter(value: bytes | None, oid: int, form: int) -> ParameterValue:
    """``oid`` 0 is a type that the server was left to find; ``form`` is 0 (text) or 1 (binary). Never raises."""
    name = type_name(oid)
    if value is None:
        return ParameterValue(text=None, type=name)
    try:
        text = _from_binary(value, oid) if form == BINARY_FORMAT else _from_text(value, oid)
    except (_UndecodableError, UnicodeDecodeError, struct.error, OverflowError, RemoteProtocolError):
        return ParameterValue(text=None, type=name, opaque=True)
    return ParameterValue(text=text, type=name)


# Text as a client writes it is not always what the server prints (' 042' is 42): where rules compare, it is brought into one form.
_DECIMAL_INTEGER = re.compile(r"[ \t\n\r\f\v]*([+-]?[0-9]+)[ \t\n\r\f\v]*")
_INTEGERS = frozenset({types.INT2, types.INT4, types.INT8})
_TRUE = frozenset({"t", "tr", "tru", "true", "y", "ye", "yes", "on", "1"})
_FALSE = frozenset({"f", "fa", "fal", "fals", "false", "n", "no", "of", "off", "0"})
_MOST_DIGITS = 20  # of an integer that fits in 8 bytes; longer ones (leading zeros) are not worth reading


def _from_text(value: bytes, oid: int) -> str:
    text = value.decode()
    if "\0" in text:
        raise _UndecodableError
    if oid in _INTEGERS:
        match = _DECIMAL_INTEGER.fullmatch(text)
        if match is None or len(match[1]) > _MOST_DIGITS:
            raise _UndecodableError
        return str(int(match[1]))
    if oid == types.BOOL:
        word = text.strip(" \t\n\r\f\v").lower()
        if word not in _TRUE | _FALSE:
            raise _UndecodableError
        return "t" if word in _TRUE else "f"
    if oid == types.UUID:
        return _uuid_from_text(text)
    return text


def _uuid_from_text(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise _UndecodableError from None


def _from_binary(value: bytes, oid: int) -> str:
    decoder = _BINARY.get(oid)
    if decoder is not None:
        return decoder(value)
    element = types.ELEMENTS.get(oid)
    if element is None or element not in _BINARY:
        raise _UndecodableError
    return _array(value, element)


def _number(layout: Struct) -> Callable[[bytes], str]:
    return lambda value: str(layout.unpack(value)[0])


def _bool(value: bytes) -> str:
    if len(value) != 1:
        raise _UndecodableError
    return "f" if value == b"\0" else "t"


def _text(value: bytes) -> str:
    text = value.decode()
    if "\0" in text:
        raise _UndecodableError
    return text


def _jsonb(value: bytes) -> str:
    if value[:1] != b"\x01":
        raise _UndecodableError
    return _text(value[1:])


def _bytea(value: bytes) -> str:
    return "\\x" + value.hex()


def _uuid(value: bytes) -> str:
    if len(value) != 16:
        raise _UndecodableError
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
        raise _UndecodableError
    groups = Struct(f"!{count}H").unpack_from(value, _NUMERIC.size)
    if any(group > 9999 for group in groups):
        raise _UndecodableError
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
        raise _UndecodableError
    return _clock(microseconds)


def _timetz(value: bytes) -> str:
    microseconds, west = _TIMETZ.unpack(value)
    if not 0 <= microseconds <= _DAY_MICROSECONDS or not -86_400 < west < 86_400:
        raise _UndecodableError
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
        raise _UndecodableError
    sizes: list[int] = []
    for _ in range(dimensions):
        sizes.append(reader.uint32())
        if reader.int32() != 1:  # other lower bounds are printed in front; nobody binds them
            raise _UndecodableError
    text = _dimension(reader, sizes, _BINARY[element]) if sizes and all(sizes) else "{}"
    reader.end()
    return text


def _dimension(reader: Reader, sizes: list[int], decoder: Callable[[bytes], str]) -> str:
    if sizes[0] * 4 > reader.left:
        raise _UndecodableError
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
