"""Strict JSON whose scalars know where they stand, so that some can be replaced and every other byte stays (RFC 8259).

orjson judges the text and makes the tree. Where its scalars stand is looked for only where one is to be replaced, in a text
that is already known to be JSON. A name that stands twice in one object leaves less in the tree than in the text: the
quotation marks tell.
"""

import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from passgate.core.errors import RemoteProtocolError

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

MAX_DEPTH = 64
MAX_SCALARS = 350_000
"""Names included. The largest legal input of token numbers has 300,000."""

MAX_ANSWER_SCALARS = 4_000_000
"""Of an answer, which may say of each of its tokens what else might have stood there: some 200 values a token."""

_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[^"\s,:\[\]{}]++', re.DOTALL)
_WRITTEN_QUOTE = b"\\u0022"


class Places:
    """Where the scalars of a text stand, found when somebody first asks."""

    __slots__ = ("_spans", "_text")

    def __init__(self, text: bytes) -> None:
        self._text = text
        self._spans: array[int] | None = None

    def span(self, number: int) -> tuple[int, int]:
        """Start and end of the scalar of a number, counted from 0, names included, quotes included."""
        if self._spans is None:
            self._spans = _spans(self._text)
        return self._spans[2 * number], self._spans[2 * number + 1]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Document:
    """``tree``: what the text says. ``scalars``: how many names, strings, numbers and literals are in it."""

    text: bytes
    tree: Json
    scalars: int
    places: Places


def parse(text: bytes, *, most: int = MAX_SCALARS) -> Document:
    """Raises RemoteProtocolError for what is not strict JSON: bad UTF-8, a byte order mark, half of a surrogate pair, NaN, a
    number too great for a double, anything after the value, a name that stands twice, more than MAX_DEPTH levels or
    ``most`` scalars."""
    try:
        tree: Json = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RemoteProtocolError(f"not JSON: {error.msg} at byte {_byte(text, error.pos)}") from None
    strings: list[str] = []
    scalars = _others(tree, MAX_DEPTH, strings)
    scalars += len(strings)
    if scalars > most:
        raise RemoteProtocolError(f"not usable JSON: more than {most} values")
    marks = 2 * len(strings) + "".join(strings).count('"')
    if (marks != text.count(b'"') or _WRITTEN_QUOTE in text) and len(_spans(text)) != 2 * scalars:
        raise RemoteProtocolError("not usable JSON: a name stands twice in one object")
    return Document(text=text, tree=tree, scalars=scalars, places=Places(text))


def splice(text: bytes, edits: Sequence[tuple[int, int, bytes]]) -> bytes:
    """The text with tokens replaced: ``(start, end, token)``, in order, not overlapping. Without edits it is the same object."""
    if not edits:
        return text
    parts: list[bytes] = []
    at = 0
    for start, end, token in edits:
        parts += (text[at:start], token)
        at = end
    parts.append(text[at:])
    return b"".join(parts)


def quoted(text: bytes) -> bytes:
    """A JSON string that says ``text`` (UTF-8)."""
    return orjson.dumps(text.decode())


def _byte(text: bytes, position: int) -> int:
    """Where a character position is in bytes, roughly: what stands before it is read as UTF-8."""
    return len(text.decode(errors="replace")[:position].encode(errors="replace"))


def _others(tree: Json, levels: int, strings: list[str]) -> int:
    """How many scalars are no strings; the strings, names included, are added to the list."""
    if isinstance(tree, dict):
        strings.extend(tree)
        inside: Sequence[Json] = tuple(tree.values())
    elif isinstance(tree, list):
        inside = tree
    else:
        return _other(tree, strings)
    if not levels:
        raise RemoteProtocolError(f"not usable JSON: more than {MAX_DEPTH} levels")
    others = 0
    for value in inside:
        if isinstance(value, str):
            strings.append(value)
        elif isinstance(value, (dict, list)):
            others += _others(value, levels - 1, strings)
        else:
            others += 1
    return others


def _other(value: Json, strings: list[str]) -> int:
    if isinstance(value, str):
        strings.append(value)
        return 0
    return 1


def _spans(text: bytes) -> "array[int]":
    """Where each begins and ends, one behind the other: there may be millions."""
    spans = array("q")
    for found in _TOKEN.finditer(text):
        spans.extend(found.span())
    return spans
