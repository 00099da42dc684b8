"""Where a value ends that nothing bounds but its own signs: ``token=AAA&page=2`` holds two, and a sentence ends with a dot.

Only the value itself and what stands right before it are looked at, so a stream may be read as far as it is known.
"""

import re
from typing import Final

_NEXT_PARAMETER: Final = re.compile(rb"&(?:amp;)?[A-Za-z_][A-Za-z0-9_.\-]{0,40}=")
_STOPS: Final = b".,;:\\"
_QUOTES: Final = b"\"'`"

LONGEST: Final = 300
"""Bytes of a value of which a sentence's end is taken off: a longer one may go on beyond what its pattern matches."""


def own_end(data: bytes, start: int, end: int) -> int:
    """``end``, or where the value that begins at ``start`` ends before it. What stands in quotes ends with them."""
    before = data[start - 1] if start else 0x20
    if before in _QUOTES:
        escaped = start > 1 and data[start - 2] == 0x5C
        while escaped and end > start + 1 and data[end - 1] == 0x5C:  # of the quote that follows
            end -= 1
        return end
    if before == 0x3D and (following := _NEXT_PARAMETER.search(data, start + 1, end)) is not None:
        return following.start()
    if end - start > LONGEST:
        return end
    last = end
    while last > start + 1 and data[last - 1] in _STOPS:
        last -= 1
    return last
