"""Masking of whole values, many at a time: what is done per cell of a result. Compiled where a C compiler is."""

from collections.abc import Sequence
from typing import Final

_MAX_STARS: Final = 64
"""Stars beyond this many say nothing but how long the value is."""

_STARS: Final[list[bytes]] = [b"*" * count for count in range(_MAX_STARS + 1)]


def constant(values: Sequence[bytes], text: bytes) -> list[bytes]:
    """The same text for each."""
    return [text] * len(values)


def partial(values: Sequence[bytes], first: int, last: int) -> list[bytes]:
    """Keep ``first`` and ``last`` characters, a star for each one between; of a short value never more than half is kept.

    Characters are UTF-8 code points; bytes that are not UTF-8 are never cut inside a sequence of continuation bytes.
    """
    out: list[bytes] = []
    for value in values:
        size = len(value)
        if value.isascii():
            head, tail = _shares(size, first, last)
            hidden = size - head - tail
            stars = _STARS[hidden] if hidden < _MAX_STARS else _STARS[_MAX_STARS]
            shown = stars + value[size - tail :] if tail else stars
            out.append(value[:head] + shown if head else shown)
            continue
        starts = [place for place in range(size) if value[place] & 0xC0 != 0x80]
        count = len(starts)
        head, tail = _shares(count, first, last)
        hidden = count - head - tail
        stars = b"*" * min(hidden, _MAX_STARS)
        begin = value[: starts[head]] if head else b""
        end = value[starts[count - tail] :] if tail else b""
        out.append(begin + stars + end)
    return out


def partial_email(values: Sequence[bytes], first: int, last: int) -> list[bytes]:
    """Keep characters of the mailbox's name by the same rule, three stars for the rest, and of the domain its last label."""
    out: list[bytes] = []
    for value in values:
        at = value.rfind(b"@")
        dot = value.rfind(b".")
        if at < 0:
            out.extend(partial([value], first, last))
            continue
        name = value[:at]
        if name.isascii():
            head, tail = _shares(at, first, last)
            shown = name[:head] + b"***" + name[at - tail :]
        else:
            kept = partial([name], first, last)[0]
            shown = kept[: kept.find(b"*")] + b"***" + kept[kept.rfind(b"*") + 1 :] if b"*" in kept else b"***"
        top = value[dot:] if dot > at and len(value) - dot <= 25 else b""
        out.append(shown + b"@***" + top)
    return out


def _shares(count: int, first: int, last: int) -> tuple[int, int]:
    """How many to keep in front and behind: as asked, or shares of half the value if that is less."""
    if first < 0:
        first = 0
    if last < 0:
        last = 0
    asked = first + last
    most = count // 2
    if asked <= most:
        return first, last
    behind = last * most // asked
    ahead = first * most // asked
    if (
        last > 0 and ahead + behind < most
    ):  # what rounding lost goes to the end: the last four digits are the ones people know
        behind += 1
    return ahead, behind
