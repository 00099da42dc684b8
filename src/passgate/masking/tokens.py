"""Our tokens in running text: ``<<EMAIL:k7q2m9xapb3d>>``, and the few other ways in which models write the same token.

Accepted by a strict grammar, never by likeness: the type or the code in the other case, one space after the colon, underscores
escaped as Markdown wants it, and the angle brackets escaped as Markdown (``\\<\\<``) or HTML (``&lt;&lt;``) want it.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import cache
from typing import Final, NamedTuple

from passgate.masking.detectors.beginnings import Beginnings
from passgate.masking.detectors.spans import Finding

MAX_TYPE = 48
"""Characters of a type that can stand in a token."""

_INSIDE: Final = rb"[A-Z](?:\\?_|[A-Z0-9]){0,47}: ?[A-Z2-7]{12}"
PATTERN: Final = (
    rb"(?i)(?:<<" + _INSIDE + rb">>|\\<\\<" + _INSIDE + rb"(?:>>|\\>\\>)|&lt;&lt;" + _INSIDE + rb"&gt;&gt;)"
)
"""The whole grammar, on the common ground of RE2 and ``re``."""

_UNFINISHED: Final = (
    rb"(?i)(?:<<" + _INSIDE + rb">|\\<\\<" + _INSIDE + rb"(?:>|\\>\\)|&lt;&lt;" + _INSIDE + rb"&gt;&gt)"
)
"""The same without its last byte: what begins like this is not a token yet."""

_TOKEN: Final = re.compile(PATTERN)
_PARTS: Final = re.compile(rb"(?i)([A-Z](?:\\?_|[A-Z0-9])*): ?([A-Z2-7]{12})(?:>|\\>|&gt;)")


_OPENING: Final = re.compile(rb"[<\\&]")
_LONGEST: Final = 2 * MAX_TYPE + 32


class Token(NamedTuple):
    """``canonical``: as ``strategies.token`` writes it, however it stands between ``start`` and ``end``."""

    start: int
    end: int
    type: str
    canonical: bytes


@cache
def _beginnings() -> Beginnings:
    return Beginnings([_UNFINISHED])


class TokenReader:
    """Knows a token by its form and by its type, one of ``types``: whatever else looks like one is text like any other."""

    def __init__(self, types: Collection[str]) -> None:
        self._types = frozenset(types)
        self._beginnings = _beginnings()

    def held(self, text: bytes) -> int:
        """How many bytes at the end of ``text`` may be the beginning of a token."""
        return self._beginnings.held(text) if _OPENING.search(text[-_LONGEST:]) is not None else 0

    def tokens(self, text: bytes, position: int = 0) -> Sequence[Token]:
        """All from ``position`` on, in order."""
        if b"<" not in text and b"&" not in text:
            return ()
        found: list[Token] = []
        for match in _TOKEN.finditer(text, position):
            parts = _PARTS.search(match[0])
            assert parts is not None  # noqa: S101 - the one pattern holds the other
            type_ = parts[1].replace(b"\\", b"").upper().decode("ascii")
            if type_ in self._types:
                canonical = b"<<" + type_.encode() + b":" + parts[2].lower() + b">>"
                found.append(Token(match.start(), match.end(), type_, canonical))
        return found


def outside(findings: Iterable[Finding], tokens: Sequence[Token]) -> tuple[Finding, ...]:
    """What is left of findings where tokens are taken out of them: a token is never looked into, and never part of a mask."""
    if not tokens:
        return tuple(findings)
    left: list[Finding] = []
    for finding in findings:
        start = finding.start
        for token in tokens:
            if token.end <= start or token.start >= finding.end:
                continue
            if token.start > start:
                left.append(replace(finding, start=start, end=token.start))
            start = token.end
        if start < finding.end:
            left.append(finding if start == finding.start else replace(finding, start=start))
    return tuple(left)
