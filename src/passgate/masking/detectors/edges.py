"""What may stand next to a match. RE2 has no look-around, so the neighbours are judged here, for candidates only.

Each check is given the data, the match's first byte, its end, and the bounds of the cell it stands in.
"""

import re
from collections.abc import Callable, Mapping
from typing import Final

Edge = Callable[[bytes, int, int, int, int], bool]

_WORD: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
_DIGITS: Final = frozenset(b"0123456789")
_JOINS: Final = frozenset(b".,-/:+")
_PATH: Final = _WORD | frozenset(b"-+/")
_TOKEN: Final = _PATH | frozenset(b"=")
_LOCAL: Final = _WORD | frozenset(b".%+-")
_LABEL_REACH: Final = 24
_OTHER_NUMBER: Final = re.compile(
    rb"(?i)(?:^|[^a-z])(?:order|invoice|inv|ticket|tracking|shipment|parcel|consignment|sku|serial|part|item|batch|lot|build|version|"
    rb"commit|revision|transaction|txn|request|trace|span|correlation|job|task|issue|bug|isbn|issn|ean|upc|asin|gtin|barcode|"
    rb"purchase|po|quote|receipt|ref|reference|case|claim|booking|reservation|product|model|article|doc|document|record|row|"
    rb"line|page|section|uuid|guid|hash|checksum|offset|timestamp|epoch|ts|port|pid|release|firmware|kernel|oid)s?"
    rb"(?:[\s_\-]?(?:id|no|nr|num|number|code|key|ref))?[\s.:=#\"'(_\-]*(?:is|was|of)?[\s:=#\"'(]*$"
)
_HEX: Final = frozenset(b"0123456789abcdefABCDEF")
_GROUP: Final = 6
_GROUP_BEFORE: Final = re.compile(rb"(?:^|[^0-9A-Za-z])(?=[0-9A-F]{0,3}[A-F])(?=[A-F]{0,3}[0-9])[0-9A-F]{4} $")
_GROUP_AFTER: Final = re.compile(rb" (?=[0-9A-F]{4}(?:[^0-9A-Za-z]|$))(?=[0-9A-F]{0,3}[A-F])(?=[A-F]{0,3}[0-9])")
_URL_REACH: Final = 90
_TOKEN_SIZE: Final = 30
_USER_INFORMATION: Final = re.compile(rb"://[^\s/?#\"'<>]{0,60}:[^\s/?#@\"'<>]{0,60}$")
_FIELD_REACH: Final = 60
_DESCRIBED: Final = re.compile(rb":(?:param|keyword|arg|type|raises|ivar|var)\s+[\w ]{1,40}:\s*$")
_DIGEST: Final = re.compile(rb"(?i)(?:sha-?[0-9]{1,3}|md5|hash|digest|checksum|integrity|etag|crc32c?)=$")


def _word(data: bytes, start: int, end: int, low: int, high: int) -> bool:
    """No letter, digit or underscore on either side."""
    return (start <= low or data[start - 1] not in _WORD) and (end >= high or data[end] not in _WORD)


def _number(data: bytes, start: int, end: int, low: int, high: int) -> bool:
    """Not part of a longer number, identifier, version, date or sum: ``1.2.3`` is not looked at piece by piece."""
    if start > low:
        before = data[start - 1]
        if before in _WORD or before in (0x24, 0x2B):  # $ and +
            return False
        if start - 1 > low and data[start - 2] in (_WORD if before in b".-/" else _DIGITS if before in b",:" else b""):
            return False
    if end < high:
        after = data[end]
        if after in _WORD or after == 0x25:  # %
            return False
        if after in _JOINS and end + 1 < high and data[end + 1] in _DIGITS:
            return False
    return True


def _unlabelled(data: bytes, start: int, end: int, low: int, high: int) -> bool:
    """A whole number by the rule above that no word just before it calls an order, a ticket, a version or the like."""
    return _number(data, start, end, low, high) and not _named_otherwise(data, start, low)


def _grouped(data: bytes, start: int, end: int, low: int, high: int) -> bool:
    """A whole number by the rule above, and no more groups of digits before or after it."""
    if start - 1 > low and data[start - 1] in b" -" and data[start - 2] in _DIGITS:
        return False
    if end + 1 < high and data[end] in b" -" and data[end + 1] in _DIGITS:
        return False
    return _card(data, start, end, low, high)


def _unlabelled_group(data: bytes, start: int, end: int, low: int, high: int) -> bool:
    """Both of the rules above: not a stretch of a table or a dump of bytes."""
    return _grouped(data, start, end, low, high) and not _named_otherwise(data, start, low)


def _card(data: bytes, start: int, end: int, low: int, high: int) -> bool:
    """A whole number by the rule above, and no row of a table of numbers to the base 16 in groups of four."""
    before, after = data[max(low, start - _GROUP) : start], data[end : min(high, end + _GROUP)]
    if _GROUP_BEFORE.search(before) is not None or _GROUP_AFTER.match(after) is not None:
        return False
    return _number(data, start, end, low, high)


def _named_otherwise(data: bytes, start: int, low: int) -> bool:
    return _OTHER_NUMBER.search(data[max(low, start - _LABEL_REACH) : start]) is not None


def _token(data: bytes, start: int, end: int, low: int, high: int) -> bool:
    """Not a slice of a longer run of base64, a path or a UUID."""
    return (start <= low or data[start - 1] not in _PATH) and (end >= high or data[end] not in _TOKEN)


def _setting(data: bytes, start: int, end: int, low: int, high: int) -> bool:
    """Not an argument of a call: there a name stands, not the secret. Nor a name that a template fills in."""
    if start > low and data[start - 1] == 0x7B and end < high and data[end] == 0x7D and data[start:end].isalpha():
        return False
    return end >= high or data[end] not in b",(["


def _value(data: bytes, start: int, end: int, low: int, high: int) -> bool:
    """Not the name of something that is called or looked into, and no text about a parameter (``:param password: the ...``)."""
    if _DESCRIBED.search(data[max(low, start - _FIELD_REACH) : start]) is not None:
        return False
    return end >= high or data[end] not in b"(["


def _cookie(data: bytes, start: int, _end: int, low: int, _high: int) -> bool:
    """Not a digest that its name says it is."""
    return _DIGEST.search(data[max(low, start - _LABEL_REACH) : start]) is None


def _mailbox(data: bytes, start: int, end: int, low: int, high: int) -> bool:
    """The whole name before the sign, and the whole top level after it. Scripts of three bytes a letter write no blanks between
    words: what stands before the name in one of them is no part of it."""
    if data[start] & 0xC0 == 0x80 or (end < high and data[end] in _WORD):
        return False
    if start > low and _USER_INFORMATION.search(data[max(low, start - _URL_REACH) : start]) is not None:
        return False  # the password of a URL, and its host: the host may stay
    if data[max(low, start - 3) : start] == b"://" and data.find(b"@", start, end) >= start + _TOKEN_SIZE:
        return False  # a token in place of the user
    if start <= low or data[start - 1] in _LOCAL:
        return start <= low
    return data[start - 1] < 0x80 or start - 1 <= low or not 0xC2 <= data[start - 2] <= 0xDF


def _address(data: bytes, start: int, end: int, low: int, high: int) -> bool:
    """Not part of a longer dotted, colon-separated or hex run (versions, OIDs, timestamps)."""
    if start > low:
        before = data[start - 1]
        if before in _WORD or before in b":-":
            return False
        if before == 0x2E and start - 1 > low and data[start - 2] in _HEX:
            return False
    if end < high:
        after = data[end]
        if after in _WORD:
            return False
        if after in b".:-" and end + 1 < high and data[end + 1] in _HEX:
            return (
                after == 0x3A and data[end + 1] in _DIGITS and b":" not in data[start:end]
            )  # an IPv4 address with a port
    return not _named_otherwise(data, start, low)


EDGES: Final[Mapping[str, Edge]] = {
    "word": _word,
    "number": _number,
    "grouped": _grouped,
    "card": _card,
    "unlabelled": _unlabelled,
    "unlabelled_group": _unlabelled_group,
    "token": _token,
    "setting": _setting,
    "value": _value,
    "cookie": _cookie,
    "mailbox": _mailbox,
    "address": _address,
}

REACH: Final[Mapping[str, int]] = {
    "word": 1,
    "number": 2,
    "grouped": 6,
    "card": 6,
    "unlabelled": 2,
    "unlabelled_group": 6,
    "token": 1,
    "setting": 1,
    "value": 1,
    "cookie": 0,
    "mailbox": 1,
    "address": 2,
}
"""How many bytes after a match each check looks at."""
