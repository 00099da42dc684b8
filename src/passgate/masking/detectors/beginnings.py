"""How much of a known text may be the beginning of a match, so that a stream waits for that much and no more.

The beginnings of everything a pattern matches are a regular language too. Its mirror image is built here from the parsed pattern,
in linear size: of ``x y`` it is the mirrored beginnings of ``x``, or those of ``y`` followed by the mirror image of ``x``. Run over
the mirrored end of a text, anchored, its longest match ends where the earliest beginning stands. Repeats of more than ``COUNTED``
times are taken for any number of times, which only ever names too much.

Patterns are compiled a few at a time, alike ones together: RE2 makes the states of its automata as texts ask for them, and those of
one automaton for all would be combinations without number.
"""

import importlib
import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any, Final

import re2

from passgate.core.errors import DetectorError
from passgate.masking.detectors.rule import MAX_WIDTH, Found

COUNTED = 24
"""Up to this many repeats are counted: more of them make an automaton larger than what they are worth."""

COUNTED_ANY_SCRIPT = 64
"""The same where letters beyond ASCII are repeated: a text in such letters has few other bounds."""

MAX_MEMORY = 4 * 1024 * 1024
"""Of one automaton; few ever need a tenth of it. One that has used it up starts anew."""

_NARROW = 70
"""Bytes in the alphabet of a pattern that is at home in a word or a number, not in any text."""

_TOGETHER_NARROW, _TOGETHER_WIDE = 10, 3

_WORD: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-")
_MAX_WORD = 64


class Beginnings:
    """Of all ``patterns`` together. Safe to share between threads. Raises DetectorError if an automaton does not fit."""

    def __init__(self, patterns: Iterable[bytes]) -> None:
        alphabets: dict[str, tuple[int, list[int]]] = {}
        word = 0
        for pattern in dict.fromkeys(patterns):
            nodes, any_case, width = _parsed(pattern)
            alphabet = _alphabet(nodes, any_case)
            if width <= _MAX_WORD and alphabet <= _WORD and _begins_at_edge(nodes):
                word = max(word, width)  # whatever it begins with is the beginning of a word
            else:
                alphabets[mirrored_beginnings(pattern)] = len(alphabet), sorted(alphabet)
        if word:
            alphabets[f"[A-Za-z0-9_\\-]{{1,{word}}}\\b"] = len(_WORD), sorted(_WORD)
        ordered = sorted(alphabets, key=lambda mirrored: alphabets[mirrored])
        narrow = [mirrored for mirrored in ordered if alphabets[mirrored][0] <= _NARROW]
        wide = ordered[len(narrow) :]
        groups = [*_groups(narrow, _TOGETHER_NARROW), *_groups(wide, _TOGETHER_WIDE)]
        self._matches = [_compiled(group) for group in groups]

    def held(self, text: bytes) -> int:
        """How many bytes at the end of ``text`` may be the beginning of a match; MAX_WIDTH at most."""
        mirrored = text[: -MAX_WIDTH - 1 : -1]
        held = 0
        for match in self._matches:
            found = match(mirrored)
            if found is not None and (end := found.span()[1]) > held:
                held = end
        return held


def _groups(patterns: Sequence[str], size: int) -> list[Sequence[str]]:
    return [patterns[first : first + size] for first in range(0, len(patterns), size)]


def _compiled(patterns: Sequence[str]) -> Callable[[bytes], Found | None]:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.longest_match = True
    options.never_capture = True
    options.log_errors = False
    options.max_mem = MAX_MEMORY
    try:
        match: Callable[[bytes], Found | None] = re2.compile("|".join(patterns).encode("ascii"), options).match
    except re2.error as error:
        raise DetectorError(f"the beginnings of rules cannot be compiled: {error}") from error
    return match


def mirrored_beginnings(pattern: bytes) -> str:
    """In RE2's syntax, what matches the mirror image of every non-empty beginning of what ``pattern`` matches (and may match more).

    ``pattern`` is on the common ground of RE2 and ``re`` and knows no place but ``\\b`` and ``\\B``.
    """
    nodes, any_case, _ = _parsed(pattern)
    beginnings = _beginnings(nodes)
    assert beginnings is not None  # noqa: S101 - a rule that can match nothing is refused at load
    return f"(?i:{beginnings})" if any_case else f"(?:{beginnings})"


# Parsed patterns are lists of (operation, arguments), as the standard library's parser makes them; it has no types to show.
_Node = tuple[Any, Any]


def _parsed(pattern: bytes) -> tuple[Sequence[_Node], bool, int]:
    """The nodes, whether case does not matter, and how many bytes a match has at most."""
    parsed = importlib.import_module("re._parser").parse(pattern)
    return list(parsed), bool(parsed.state.flags & re.IGNORECASE), parsed.getwidth()[1]


def _beginnings(nodes: Sequence[_Node]) -> str | None:
    """None where nothing is consumed."""
    longer: str | None = None
    for node in reversed(list(nodes)):
        own = _beginnings_of(node)
        if longer is None:
            longer = own
        elif own is None:
            longer = longer + _mirrored_node(node)
        else:
            longer = f"(?:{own}|{longer}{_mirrored_node(node)})"
    return longer


def _beginnings_of(node: _Node) -> str | None:
    operation, arguments = str(node[0]), node[1]
    match operation:
        case "AT":
            return None
        case "MAX_REPEAT" | "MIN_REPEAT":
            _, most, inner = arguments
            own = _beginnings(inner)
            if own is None or most == 0:
                return None
            return own if most == 1 else own + _repeated(inner, 0, most if _is_many(inner, most) else most - 1)
        case "SUBPATTERN":
            _, added, removed, inner = arguments
            own = _beginnings(inner)
            return None if own is None else _flagged(own, added, removed)
        case "BRANCH":
            branches = [own for branch in arguments[1] if (own := _beginnings(branch)) is not None]
            return f"(?:{'|'.join(branches)})" if branches else None
        case _:
            return _mirrored_node(node)


def _mirrored(nodes: Sequence[_Node]) -> str:
    return "".join(_mirrored_node(node) for node in reversed(list(nodes)))


def _mirrored_node(node: _Node) -> str:
    operation, arguments = str(node[0]), node[1]
    match operation:
        case "LITERAL":
            return _byte(arguments)
        case "NOT_LITERAL":
            return f"[^{_byte(arguments)}]"
        case "IN":
            return f"[{''.join(map(_member, arguments))}]"
        case "ANY":
            return "."
        case "AT":
            return _PLACES[str(arguments)]
        case "MAX_REPEAT" | "MIN_REPEAT":
            least, most, inner = arguments
            return _repeated(inner, least, most)
        case "SUBPATTERN":
            _, added, removed, inner = arguments
            return _flagged(_mirrored(inner), added, removed)
        case "BRANCH":
            return f"(?:{'|'.join(map(_mirrored, arguments[1]))})"
        case _:
            raise DetectorError(f"a pattern holds {operation}, which has no mirror image here")


def _repeated(inner: Sequence[_Node], least: int, most: int) -> str:
    if most == 0:
        return ""
    if _is_many(inner, most):
        return f"(?:{_mirrored(inner)}){'+' if least else '*'}"
    return f"(?:{_mirrored(inner)}){{{least},{most}}}"


def _is_many(inner: Sequence[_Node], most: int) -> bool:
    if most <= COUNTED:
        return False
    return most > COUNTED_ANY_SCRIPT or not _takes_any_script(inner)


def _takes_any_script(inner: Sequence[_Node]) -> bool:
    """Whether it is one class of bytes, letters beyond ASCII among them."""
    if len(inner) != 1 or str(inner[0][0]) != "IN":
        return False
    return any(str(kind) == "RANGE" and value[1] > 0x7F for kind, value in inner[0][1])


def _begins_at_edge(nodes: Sequence[_Node]) -> bool:
    """Whether a match begins at a ``\\b``."""
    if not nodes:
        return False
    operation, arguments = str(nodes[0][0]), nodes[0][1]
    if operation == "SUBPATTERN":
        return _begins_at_edge(arguments[3])
    return operation == "AT" and str(arguments) == "AT_BOUNDARY"


def _alphabet(nodes: Sequence[_Node], any_case: bool) -> frozenset[int]:
    """The bytes that matches consist of."""
    found: set[int] = set()
    for operation, arguments in nodes:
        match str(operation):
            case "MAX_REPEAT" | "MIN_REPEAT":
                found |= _alphabet(arguments[2], any_case)
            case "SUBPATTERN":
                found |= _alphabet(arguments[3], any_case or bool(arguments[1] & re.IGNORECASE))
            case "BRANCH":
                for branch in arguments[1]:
                    found |= _alphabet(branch, any_case)
            case "AT":
                pass
            case _:
                found |= _members(_mirrored_node((operation, arguments)), any_case)
    return frozenset(found)


@cache
def _members(class_: str, any_case: bool) -> frozenset[int]:
    one = re.compile(class_.encode("ascii"), re.DOTALL | (re.IGNORECASE if any_case else 0))
    return frozenset(byte for byte in range(256) if one.match(bytes([byte])))


def _flagged(pattern: str, added: int, removed: int) -> str:
    if added & re.IGNORECASE:
        return f"(?i:{pattern})"
    return f"(?-i:{pattern})" if removed & re.IGNORECASE else f"(?:{pattern})"


def _member(member: _Node) -> str:
    kind, value = str(member[0]), member[1]
    match kind:
        case "NEGATE":
            return "^"
        case "LITERAL":
            return _byte(value)
        case "RANGE":
            return f"{_byte(value[0])}-{_byte(value[1])}"
        case _:
            return _CATEGORIES[str(value)]


def _byte(value: int) -> str:
    return f"\\x{value:02x}"


_PLACES: Final = {"AT_BOUNDARY": r"\b", "AT_NON_BOUNDARY": r"\B"}
_CATEGORIES: Final = {
    "CATEGORY_DIGIT": r"\d",
    "CATEGORY_NOT_DIGIT": r"\D",
    "CATEGORY_SPACE": r"\s",
    "CATEGORY_NOT_SPACE": r"\S",
    "CATEGORY_WORD": r"\w",
    "CATEGORY_NOT_WORD": r"\W",
}
