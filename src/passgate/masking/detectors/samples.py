"""Texts that a pattern matches, drawn from its parse tree."""

import importlib
from collections.abc import Sequence
from random import Random  # noqa: TID251 - of samples nothing depends on chance
from typing import Any, Final

from passgate.core.errors import DetectorError

_PRINTABLE: Final = bytes(range(0x20, 0x7F))
_WORD: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"
_DIGITS: Final = b"0123456789"
_SPACES: Final = b" "
_CATEGORIES: Final = {
    "CATEGORY_DIGIT": _DIGITS,
    "CATEGORY_NOT_DIGIT": bytes(set(_PRINTABLE) - set(_DIGITS)),
    "CATEGORY_SPACE": _SPACES,
    "CATEGORY_NOT_SPACE": bytes(set(_PRINTABLE) - set(_SPACES)),
    "CATEGORY_WORD": _WORD,
    "CATEGORY_NOT_WORD": bytes(set(_PRINTABLE) - set(_WORD)),
}
_MORE: Final = 14
"""Repeats beyond the least that are drawn at most."""


# Parsed patterns are lists of (operation, arguments), as the standard library's parser makes them; it has no types to show.
_Node = tuple[Any, Any]


def draw(pattern: str, random: Random) -> bytes:
    """One text that ``pattern`` matches where what stands around it allows. Raises DetectorError where that cannot be drawn."""
    parser = importlib.import_module("re._parser")
    return _sequence(parser.parse(pattern.encode("ascii")), random)


def _sequence(nodes: Sequence[_Node], random: Random) -> bytes:
    return b"".join(_one(node, random) for node in nodes)


def _one(node: _Node, random: Random) -> bytes:
    op, value = str(node[0]), node[1]
    match op:
        case "LITERAL":
            return bytes([value])
        case "NOT_LITERAL":
            return bytes([random.choice([c for c in _PRINTABLE if c != value])])
        case "ANY":
            return bytes([random.choice(_PRINTABLE)])
        case "IN":
            return bytes([random.choice(_choices(value))])
        case "MAX_REPEAT" | "MIN_REPEAT":
            low, high, inner = value
            count = random.randint(low, min(high, low + _MORE))
            return b"".join(_sequence(inner, random) for _ in range(count))
        case "SUBPATTERN":
            return _sequence(value[3], random)
        case "BRANCH":
            return _sequence(random.choice(value[1]), random)
        case "AT":
            return b""
        case _:
            raise DetectorError(f"a pattern holds {op}, of which no sample can be drawn")


def _choices(items: Sequence[_Node]) -> list[int]:
    negated = str(items[0][0]) == "NEGATE"
    allowed: set[int] = set()
    for op, value in items:
        match str(op):
            case "LITERAL":
                allowed.add(value)
            case "RANGE":
                allowed.update(range(value[0], value[1] + 1))
            case "CATEGORY":
                allowed.update(_CATEGORIES[str(value)])
    if negated:
        return [c for c in _PRINTABLE if c not in allowed] or [c for c in range(256) if c not in allowed]
    return sorted(c for c in allowed if c < 0x80) or sorted(allowed)
