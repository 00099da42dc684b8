r"""Text in which the last letter of an escape stands before a value as if it belonged to it: ``\nAKIA...``, ``%3Dghp_...``.

JSON quoted in a log, a query of a URL, the colours of a terminal: whoever reads them reads a line's end, a sign or nothing, and a
detector that asks for the beginning of a word reads ``nAKIA``. Only that one letter is read as what it stands for, so places stay
where they are; and what stands there depends on what comes before it alone, so a stream may be read as far as it is known.
"""

import re
from collections.abc import Collection, Iterable
from typing import Final

from passgate.masking.detectors.spans import Match

_ESCAPE: Final = re.compile(
    rb"(?P<control>\x1b|\\(?:u001[bB]|x1[bB]|033|e))(?:\[[0-9;:?]{0,16}(?P<colour>[A-Za-z]))?"
    rb"|(?:\\u00|\\x|%)(?P<code>[2-7][0-9A-Fa-f]|0[9AaDd])"
    rb"|\\(?P<letter>[nrt])"
)
_LONGEST: Final = 10
"""Letters, digits and signs of an address that an escape ends with at most."""

_LETTERS: Final = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")


def loosened(data: bytes) -> bytes | None:
    """``data`` with such letters read as what they stand for, byte for byte; None where there are none."""
    if b"\\" not in data and b"%" not in data and b"\x1b" not in data:
        return None
    read: bytearray | None = None
    for found in _ESCAPE.finditer(data):
        sign = 0x20
        if (code := found["code"]) is not None:
            sign = int(code, 16)
            if sign in _LETTERS:
                continue
        if read is None:
            read = bytearray(data)
        if found["control"] is not None:
            read[found.end("control") - 1] = sign
        if found["control"] is None or found["colour"] is not None:
            read[found.end() - 1] = sign
    return None if read is None else bytes(read)


def parted(found: Iterable[Match], loose: Collection[Match]) -> list[Match]:
    """Both together, less those that only take the end of an escape for their own beginning."""
    known = {(match.rule, match.end): match.start for match in loose}
    own = [match for match in found if not 0 < known.get((match.rule, match.end), 0) - match.start <= _LONGEST]
    own.extend(loose)
    return own
