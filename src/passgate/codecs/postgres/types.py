"""What a value of a built-in type can hold, and how its cell carries text (``pg_type.dat``; the OIDs never change between
versions).

An OID that is not here (a user's enum, a composite, an extension's type) is STRUCTURED: no mask is known to fit in it.
"""

from enum import StrEnum

from passgate.codecs.postgres.wire import BINARY_FORMAT
from passgate.core.shape import ValueKind

BOOL, BYTEA, CHAR, NAME, INT8, INT2, INT4 = 16, 17, 18, 19, 20, 21, 23
REGPROC, TEXT, OID, XID, CID = 24, 25, 26, 28, 29
JSON, XML, POINT, FLOAT4, FLOAT8, UNKNOWN = 114, 142, 600, 700, 701, 705
MONEY, BPCHAR, VARCHAR, DATE, TIME, TIMESTAMP, TIMESTAMPTZ = 790, 1042, 1043, 1082, 1083, 1114, 1184
INTERVAL, TIMETZ, NUMERIC, REFCURSOR = 1186, 1266, 1700, 1790
REGPROCEDURE, REGOPER, REGOPERATOR, REGCLASS, REGTYPE = 2202, 2203, 2204, 2205, 2206
CSTRING, VOID, UUID, REGCONFIG, REGDICTIONARY, JSONB = 2275, 2278, 2950, 3734, 3769, 3802
REGNAMESPACE, REGROLE, REGCOLLATION, XID8 = 4089, 4096, 4191, 5069

TEXT_LIKE = frozenset({NAME, TEXT, UNKNOWN, BPCHAR, VARCHAR, REFCURSOR, CSTRING})
NUMBERS = frozenset({INT8, INT2, INT4, OID, XID, CID, XID8, FLOAT4, FLOAT8, MONEY, NUMERIC})
OID_LIKE = frozenset(
    {OID, REGPROC, REGPROCEDURE, REGOPER, REGOPERATOR, REGCLASS, REGTYPE, REGCONFIG, REGDICTIONARY}
    | {REGNAMESPACE, REGROLE, REGCOLLATION, XID, CID}
)

# Element types of the built-in arrays, array:element.
_ARRAYS = """
    143:142 199:114 271:5069 629:628 651:650 719:718 775:774 791:790 1000:16 1001:17 1002:18 1003:19 1005:21
    1007:23 1008:24 1009:25 1010:27 1011:28 1012:29 1014:1042 1015:1043 1016:20 1017:600 1018:601 1019:602
    1020:603 1021:700 1022:701 1027:604 1028:26 1034:1033 1040:829 1041:869 1115:1114 1182:1082 1183:1083
    1185:1184 1187:1186 1231:1700 1263:2275 1270:1266 1561:1560 1563:1562 2201:1790 2207:2202 2208:2203 2209:2204
    2210:2205 2211:2206 2949:2970 2951:2950 3221:3220 3643:3614 3645:3615 3735:3734 3770:3769 3807:3802 3905:3904
    3907:3906 3909:3908 3911:3910 3913:3912 3927:3926 4073:4072 4090:4089 4097:4096 4192:4191 5039:5038 6150:4451
    6151:4532 6152:4533 6153:4534 6155:4535 6157:4536
"""
ELEMENTS: dict[int, int] = {
    int(array): int(element) for array, _, element in (pair.partition(":") for pair in _ARRAYS.split())
}

# Truth values, times, geometry, addresses, bit strings, ranges of numbers and times: nothing of them is running text.
_TEXTLESS = (
    NUMBERS
    | OID_LIKE
    | {BOOL, CHAR, DATE, TIME, TIMESTAMP, TIMESTAMPTZ, INTERVAL, TIMETZ, UUID, VOID}
    | {27, POINT, 601, 602, 603, 604, 628, 718, 650, 869, 774, 829, 1560, 1562, 2970, 5038, 3220}
    | {3904, 3906, 3908, 3910, 3912, 3926, 4451, 4532, 4533, 4534, 4535, 4536}
)
_RANGES = frozenset({3904, 3906, 3908, 3910, 3912, 3926, 4451, 4532, 4533, 4534, 4535, 4536})
_OTHER = (_TEXTLESS - NUMBERS) - _RANGES


class Carrier(StrEnum):
    """How the bytes of a cell carry text."""

    PLAIN = "plain"  # they are the text
    JSON = "json"  # a JSON document
    JSONB = "jsonb"  # a version byte, then a JSON document
    BYTES = "bytes"  # bytes that may be text
    HEX = "hex"  # the same, printed as the server prints bytea
    TEXT_ARRAY = "text array"  # binary array of plain elements
    INERT = "inert"  # numbers, times: no text in it
    OPAQUE = "opaque"  # a binary form that is not known


def value_kind(oid: int, text_like: frozenset[int] = frozenset()) -> ValueKind:
    """``text_like``: OIDs beyond the built-in ones that are known to behave as text (citext, enums), from a catalog."""
    if oid in TEXT_LIKE or oid in text_like:
        return ValueKind.TEXT
    if oid in NUMBERS:
        return ValueKind.NUMBER
    if oid == BYTEA:
        return ValueKind.BYTES
    return ValueKind.OTHER if oid in _OTHER else ValueKind.STRUCTURED


def carrier(oid: int, form: int, text_like: frozenset[int] = frozenset()) -> Carrier:
    """How a cell of this type carries text in format ``form`` (0 text, 1 binary)."""
    binary = form == BINARY_FORMAT
    element = ELEMENTS.get(oid)
    if oid in TEXT_LIKE or oid in text_like:
        found = Carrier.PLAIN
    elif oid in _TEXTLESS or (element in _TEXTLESS and element != CHAR):  # an array of characters spells a text
        found = Carrier.INERT
    elif oid in (JSON, JSONB):
        found = Carrier.JSONB if binary and oid == JSONB else Carrier.JSON
    elif oid == BYTEA:
        found = Carrier.BYTES if binary else Carrier.HEX
    elif element in TEXT_LIKE and binary:
        found = Carrier.TEXT_ARRAY
    elif oid == XML and binary:
        found = Carrier.PLAIN
    else:
        found = Carrier.OPAQUE if binary else Carrier.PLAIN
    return found
