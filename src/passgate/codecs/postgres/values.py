"""Bound parameters as the text that the server would print, so that a decision is taken on what will run.

What cannot be decoded for certain is opaque, and that is the reader's to refuse.
"""

import re
import uuid
from dataclasses import dataclass, field
from typing import Final

from passgate.codecs.postgres import types
from passgate.codecs.postgres.binary_values import UndecodableError, from_binary
from passgate.codecs.postgres.wire import BINARY_FORMAT


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
        text = from_binary(value, oid) if form == BINARY_FORMAT else _from_text(value, oid)
    except (UndecodableError, UnicodeDecodeError):
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
        raise UndecodableError
    if oid in _INTEGERS:
        match = _DECIMAL_INTEGER.fullmatch(text)
        if match is None or len(match[1]) > _MOST_DIGITS:
            raise UndecodableError
        return str(int(match[1]))
    if oid == types.BOOL:
        word = text.strip(" \t\n\r\f\v").lower()
        if word not in _TRUE | _FALSE:
            raise UndecodableError
        return "t" if word in _TRUE else "f"
    if oid == types.UUID:
        return _uuid_from_text(text)
    return text


def _uuid_from_text(text: str) -> str:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        raise UndecodableError from None
