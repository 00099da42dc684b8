"""Strict JSON whose scalars know where they stand, so that some can be replaced and every other byte stays (RFC 8259).

orjson judges the text and makes the tree. The places come from a second look at a text that is already known to be JSON: each
scalar of the tree, in order, must be the next token, and no token may be left at the end, which only a name that stands twice
can cause.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from json.encoder import encode_basestring_ascii

import orjson

from passgate.core.errors import RemoteProtocolError

Json = None | bool | int | float | str | list["Json"] | dict[str, "Json"]

MAX_DEPTH = 64
MAX_SCALARS = 350_000
"""Names included. The largest legal input of token numbers has 300,000."""

_BETWEEN = re.compile(rb"[\s,:\[\]{}]*+")
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_OTHER = re.compile(rb'[^"\s,:\[\]{}]++')


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Document:
    """``tree``: what the text says. ``starts`` and ``ends``: of each scalar and each name in it, quotes included, in order."""

    text: bytes
    tree: Json
    starts: Sequence[int]
    ends: Sequence[int]


def parse(text: bytes) -> Document:
    """Raises RemoteProtocolError for what is not strict JSON: bad UTF-8, a byte order mark, half of a surrogate pair, NaN, a
    number too great for a double, anything after the value, a name that stands twice, more than MAX_DEPTH levels or
    MAX_SCALARS scalars."""
    try:
        tree: Json = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise RemoteProtocolError(f"not JSON: {error.msg} at byte {_byte(text, error.pos)}") from None
    values: list[Json] = []
    _flatten(tree, MAX_DEPTH, values)
    if len(values) > MAX_SCALARS:
        raise RemoteProtocolError(f"not usable JSON: more than {MAX_SCALARS} values")
    starts, ends = _places(text, values)
    return Document(text=text, tree=tree, starts=starts, ends=ends)


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


def _flatten(tree: Json, levels: int, values: list[Json]) -> None:
    """Every name and every scalar, in order."""
    if isinstance(tree, dict):
        if not levels:
            raise RemoteProtocolError(f"not usable JSON: more than {MAX_DEPTH} levels")
        for name, value in tree.items():
            values.append(name)
            if isinstance(value, (dict, list)):
                _flatten(value, levels - 1, values)
            else:
                values.append(value)
    elif isinstance(tree, list):
        if not levels:
            raise RemoteProtocolError(f"not usable JSON: more than {MAX_DEPTH} levels")
        for value in tree:
            if isinstance(value, (dict, list)):
                _flatten(value, levels - 1, values)
            else:
                values.append(value)
    else:
        values.append(tree)


def _places(text: bytes, values: Sequence[Json]) -> tuple[list[int], list[int]]:
    starts: list[int] = []
    ends: list[int] = []
    between, starts_with, written = _BETWEEN.match, text.startswith, orjson.dumps
    at = 0
    for value in values:
        skipped = between(text, at)
        start = skipped.end() if skipped else at
        if isinstance(value, str) and starts_with(token := written(value), start):
            at = start + len(token)  # written as most writers do: nothing to search for
        elif isinstance(value, str) and starts_with(token := encode_basestring_ascii(value).encode(), start):
            at = start + len(token)
        else:
            found = (_STRING if isinstance(value, str) else _OTHER).match(text, start)
            if found is None:
                raise _twice()
            at = found.end()
        starts.append(start)
        ends.append(at)
    skipped = between(text, at)
    if skipped is None or skipped.end() != len(text):
        raise _twice()
    return starts, ends


def _twice() -> RemoteProtocolError:
    return RemoteProtocolError("not usable JSON: a name stands twice in one object")
