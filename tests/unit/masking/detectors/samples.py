"""Texts that a pattern matches, drawn at random from its parse tree, and numbers whose check digits cannot be hit by chance."""

import hashlib
import importlib
from random import Random
from typing import Any

PRINTABLE = bytes(range(0x20, 0x7F))
_CLASSES = {
    "CATEGORY_DIGIT": b"0123456789",
    "CATEGORY_SPACE": b" ",
    "CATEGORY_WORD": b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
}
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def draw(pattern: str, random: Random) -> bytes:
    """One text that ``pattern`` matches, as far as look-ahead free syntax goes."""
    parser = importlib.import_module("re._parser")
    return _sequence(parser.parse(pattern.encode("ascii")), random)


def _sequence(items: Any, random: Random) -> bytes:
    return b"".join(_one(str(op), value, random) for op, value in items)


def _one(op: str, value: Any, random: Random) -> bytes:
    match op:
        case "LITERAL":
            return bytes([value])
        case "NOT_LITERAL":
            return bytes([random.choice([c for c in PRINTABLE if c != value])])
        case "ANY":
            return bytes([random.choice(PRINTABLE)])
        case "IN":
            return bytes([random.choice(_choices(value))])
        case "MAX_REPEAT" | "MIN_REPEAT":
            low, high, inner = value
            count = random.randint(low, min(high, low + 14))
            return b"".join(_sequence(inner, random) for _ in range(count))
        case "SUBPATTERN":
            return _sequence(value[3], random)
        case "BRANCH":
            return _sequence(random.choice(value[1]), random)
        case "AT":
            return b""
        case _:
            raise AssertionError(op)


def _choices(items: Any) -> list[int]:
    negated = str(items[0][0]) == "NEGATE"
    allowed: set[int] = set()
    for op, value in items:
        match str(op):
            case "LITERAL":
                allowed.add(value)
            case "RANGE":
                allowed.update(range(value[0], value[1] + 1))
            case "CATEGORY":
                allowed.update(_CLASSES[str(value)])
    if negated:
        return [c for c in PRINTABLE if c not in allowed]
    return sorted(c for c in allowed if c < 0x80) or sorted(allowed)


def base58check(payload: bytes) -> bytes:
    """Base58Check of Bitcoin: payload and the first four bytes of its double SHA-256."""
    data = payload + hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, text = int.from_bytes(data, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        text = _BASE58[rest] + text
    return b"1" * (len(data) - len(data.lstrip(b"\x00"))) + text.encode()
