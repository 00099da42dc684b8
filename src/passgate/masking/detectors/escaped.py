r"""Reads a text that quotes JSON as whoever reads the JSON will: ``ada\u0040example.com`` is an address.

Some writers escape what need not be (``+``, ``/``, ``@``, ``<``), and a key or an address in what a tool gave back is then spelled
like nothing that a detector knows. Only ASCII is read back, and escaped escapes as well.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass

_ESCAPE = re.compile(rb"(?<!\\)\\++(?:u00([2-7][0-9A-Fa-f])|/)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unescaped:
    """``text``: as it reads. ``reads``, ``stands``: where each stretch between two escapes begins in it, and where as written."""

    text: bytes
    reads: tuple[int, ...]
    stands: tuple[int, ...]

    def place(self, read: int) -> int:
        """Where in the text as it was written something begins, or ends, that does so at ``read``."""
        stretch = bisect_right(self.reads, read) - 1
        return self.stands[stretch] + read - self.reads[stretch]


def unescaped(text: bytes) -> Unescaped | None:
    """None where nothing is escaped."""
    pieces: list[bytes] = []
    reads, stands = [0], [0]
    at = size = 0
    for found in _ESCAPE.finditer(text):
        piece = text[at : found.start()]
        size += len(piece)
        if stands[-1] != found.start():
            reads.append(size)
            stands.append(found.start())
        pieces += (piece, b"/" if found[1] is None else bytes.fromhex(found[1].decode()))
        at = found.end()
        size += 1
        reads.append(size)
        stands.append(at)
    if not at:
        return None
    pieces.append(text[at:])
    return Unescaped(text=b"".join(pieces), reads=tuple(reads), stands=tuple(stands))
