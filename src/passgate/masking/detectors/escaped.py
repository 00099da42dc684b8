r"""Reads a text as whoever reads it will: ``ada\u0040example.com``, ``ada%40example.com``, ``ada&#64;example.com`` are an address.

Escapes of JSON, of programming languages, URLs, HTML, Markdown and mail are read back, several times over where they were written
several times; so are letters and digits in other forms (full width, mathematical, of other scripts), blanks and hyphens of
typography, and what cannot be seen at all, which is taken out. Only ASCII is read back: detectors know little else.
"""

import re
import unicodedata
from array import array
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from heapq import merge
from html import unescape
from operator import itemgetter
from typing import Final

import re2

from passgate.core.abandoning import go_on

_ASCII: Final = r"[2-7][0-9A-Fa-f]"
_NAMES: Final = (
    "amp|lt|gt|quot|apos|nbsp|commat|period|colon|sol|bsol|equals|lowbar|hyphen|dash|ndash|plus|num|dollar|percnt|excl|quest|lpar|rpar|"
    "semi|comma|ast|lsqb|rsqb|lbrack|rbrack|lcub|rcub|lbrace|rbrace|verbar|Hat|grave|ensp|emsp|thinsp|shy|zwj|zwnj"
)
_ESCAPES: Final = re.compile(  # each begins with a sign of its own, so that what begins with none is passed over at once
    rf"\\(?<!\\\\)\\*+(?:u00({_ASCII})|u\{{0{{0,4}}({_ASCII})\}}|x({_ASCII})|(0[4-7][0-7]|1[0-7][0-7])|([!-/:-@\[\]^_`{{|}}~])"
    rf"|([nrt])|\r?\n[ \t]{{0,40}})"
    rf"|%(?:25){{0,3}}({_ASCII})"
    rf"|&(?:amp;){{0,3}}(?:#0{{0,5}}([0-9]{{2,3}});?|#[xX]0{{0,5}}({_ASCII});?|({_NAMES});)"
    r"|=(?:(3[Dd])|\r?\n)"  # of mail (RFC 2045); other codes of it look like any number
    r"|\"\s{0,40}\+\s{0,40}\"|'\s{0,40}\+\s{0,40}'"  # a string that is put together
    r"|(\+)(?<=[0-9A-Za-z]{2}[0-9]\+)(?=[0-9]{3})".encode()  # the blank of a form
)
_MAYBE: Final = (
    rf"\\+(?:u00{_ASCII}|u\{{0{{0,4}}{_ASCII}\}}|x{_ASCII}|0[4-7][0-7]|1[0-7][0-7]|[!-/:-@\[\]^_`{{|}}~nrt]|\r?\n)"
    rf"|%(?:25){{0,3}}{_ASCII}|&(?:amp;){{0,3}}(?:#|(?:{_NAMES});)|=(?:3[Dd]|\r?\n)"
    r"|\"[\t-\r ]{0,40}\+[\t-\r ]{0,40}\"|'[\t-\r ]{0,40}\+[\t-\r ]{0,40}'|\+[0-9]{3}".encode()
)
"""Where one of them may begin, for an engine that passes a page over in a tenth of the time but does not look back."""

_OCTAL, _PLAIN, _WHITE, _DECIMAL, _NAMED, _FORM = 4, 5, 6, 8, 10, 12
"""Groups that are not two digits of base 16."""

_BLANKS, _HYPHENS = "\u2028\u2029\u2800", "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\uff0d"
_UNSEEN = (
    *(0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x3164, 0xFEFF, 0xFFA0),
    *(*range(0x180B, 0x1810), *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)),
    *(*range(0xFE00, 0xFE10), *range(0xE0000, 0xE0020), *range(0xE007F, 0xE01F0)),
)
"""What Unicode says to ignore where it cannot be shown."""

_SENTENCE: Final = frozenset("\uff0c\uff01\uff1f\uff1b")
"""Ends of sentences in some scripts: they are on every line, and in nothing that is looked for."""

_SPOKEN_TAGS: Final = 4
"""So many of Unicode's tags in a row say in letters nobody sees what ASCII says; fewer are noise."""

_TAG: Final = r"\xf3\xa0(?:\x80[\xa0-\xbf]|\x81[\x80-\xbe])"


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
    for start, end, said in _said(text):
        go_on()
        read += text[at:start]
        if stands[-1] != start:
            reads.append(len(read))
            stands.append(start)
        if isinstance(said, bytes):
            read += said
        else:
            place = start
            for size, letter in said:
                read += letter
                place += size
                reads.append(len(read))
                stands.append(place)
        at = end
        if stands[-1] != at:
            reads.append(len(read))
            stands.append(at)
    if not at:
        return None
    read += text[at:]
    return Unescaped(text=bytes(read), reads=reads, stands=stands)


_Said = tuple[int, int, bytes | list[tuple[int, bytes]]]
"""Where an escape begins and ends, and what it says; of a run of characters, the bytes of each and what it says."""


def _said(text: bytes) -> Iterator[_Said]:
    return _escapes(text) if text.isascii() else merge(_escapes(text), _runs(text), key=itemgetter(0))


def _escapes(text: bytes) -> Iterator[_Said]:
    at = 0
    for candidate in _maybe().finditer(text):
        start = candidate.start()
        if start < at or (found := _ESCAPES.match(text, start)) is None:
            continue
        at = found.end()
        group = found.lastindex
        said = b"" if group is None else _letter(group, found[group])
        if said is not None:
            yield start, at, said


def _runs(text: bytes) -> Iterator[_Said]:
    known = _others()
    for found in _beyond_ascii().finditer(text):
        start, end = found.span()
        signs = found[0].decode()
        if found.lastindex == 1:
            yield start, end, [(len(sign), known[sign]) for sign in map(str.encode, signs)]
        else:
            spoken = len(signs) >= _SPOKEN_TAGS
            yield start, end, [(4, bytes([ord(tag) - 0xE0000]) if spoken else b"") for tag in signs]


def _letter(group: int, code: bytes) -> bytes | None:
    if group == _PLAIN:
        return code
    if group in (_WHITE, _FORM):
        return b"\n" if code in b"nr" else b" "
    if group == _NAMED:
        return _others().get((sign := unescape(f"&{code.decode()};").encode()), sign)
    number = int(code, 8 if group == _OCTAL else 10 if group == _DECIMAL else 16)
    return bytes([number]) if 0x20 <= number < 0x7F else None


@cache
def _others() -> Mapping[bytes, bytes]:
    """Characters beyond ASCII, and what of ASCII each is taken for."""
    known = {chr(code): "" for code in _UNSEEN} | dict.fromkeys(_BLANKS, " ") | dict.fromkeys(_HYPHENS, "-")
    for code in range(0x80, 0x20000):
        sign = chr(code)
        if sign in known or sign in _SENTENCE:
            continue
        kind = unicodedata.category(sign)
        if kind == "Nd":
            known[sign] = str(unicodedata.decimal(sign))
        elif kind not in ("No", "Cn", "Cs", "Co"):
            plain = unicodedata.normalize("NFKC", sign)
            if len(plain) == 1 and plain.isascii():
                known[sign] = plain
    return {sign.encode(): plain.encode() for sign, plain in known.items()}


@cache
def _beyond_ascii() -> "re2._Regexp[bytes]":
    by_head: dict[bytes, set[int]] = {}
    for sign in _others():
        by_head.setdefault(sign[:-1], set()).add(sign[-1])
    by_ends: dict[str, list[str]] = {}
    for head, ends in by_head.items():
        by_ends.setdefault(_any(ends), []).append(_bytes(head))
    others = "|".join(f"(?:{'|'.join(sorted(heads))}){ends}" for ends, heads in by_ends.items())
    return re2.compile(f"((?:{others})+)|((?:{_TAG})+)".encode(), _bytewise())


@cache
def _maybe() -> "re2._Regexp[bytes]":
    return re2.compile(_MAYBE, _bytewise())


def _bytewise() -> re2.Options:
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    return options


def _bytes(data: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in data)


def _any(ends: set[int]) -> str:
    return f"[{_bytes(bytes(sorted(ends)))}]"
