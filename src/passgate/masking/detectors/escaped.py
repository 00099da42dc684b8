r"""Reads a text that quotes JSON as whoever reads the JSON will: ``ada\u0040example.com`` is an address.

Some writers escape what need not be (``+``, ``/``, ``@``, ``<``), and a key or an address in what a tool gave back is then spelled
like nothing that a detector knows. Only ASCII is read back, and escaped escapes as well.
"""

import re
from array import array
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

_ESCAPE = re.compile(rb"(?<!\\)\\++(?:u00([2-7][0-9A-Fa-f])|/)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unescaped:
    """``text``: as it reads. ``reads``, ``stands``: where each stretch between two escapes begins in it, and where as written."""

    text: bytes
    reads: Sequence[int]
    stands: Sequence[int]

    def place(self, read: int) -> int:
        """Where in the text as it was written something begins, or ends, that does so at ``read``."""
        stretch = bisect_right(self.reads, read) - 1
        return self.stands[stretch] + read - self.reads[stretch]


def unescaped(text: bytes) -> Unescaped | None:
    """None where nothing is escaped."""
    read = (
        bytearray()
    )  # a list of pieces of a large text is freed in one go, and nobody else has the interpreter meanwhile
    reads, stands = array("Q", [0]), array("Q", [0])
    at = 0
    for found in _ESCAPE.finditer(text):
        read += text[at : found.start()]
        if stands[-1] != found.start():
            reads.append(len(read))
            stands.append(found.start())
        read += b"/" if found[1] is None else bytes.fromhex(found[1].decode())
        at = found.end()
        reads.append(len(read))
        stands.append(at)
    if not at:
        return None
    read += text[at:]
    return Unescaped(text=bytes(read), reads=reads, stands=stands)
