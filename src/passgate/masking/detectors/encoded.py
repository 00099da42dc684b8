"""Finds what is sensitive inside base 64 and base 16: a model reads them as easily as plain text.

Only whole runs that decode to text are looked into, one encoding inside the other included. A finding covers the run: there is no
part of it to leave.
"""

import base64
import binascii
from collections.abc import Iterator

import re2

from passgate.core.abandoning import go_on
from passgate.core.finding import FindingClass, Span
from passgate.masking.detectors.detector import Detector
from passgate.masking.detectors.escaped import unescaped

MAX_RUN = 64 * 1024
"""Bytes of a run that is looked into whatever it is; a longer one only if it begins like text, and not like media."""

MAX_DEPTH = 3
"""Encodings one inside the other. What a run holds is three quarters of it at most, so all of them cost four runs at most."""

_HEAD = 1024

_RUN = rb"(?:[A-Za-f][A-Za-z0-9+/_\-]{3}){6,}(?:[A-Za-f][A-Za-z0-9+/_\-]{1,2}={0,2})?"
"""Eighteen bytes at least, fewer than any key with its name has. Where each group of three begins with ASCII, the first of its four
characters is one of the first 32: a digest is not, and need not be decoded."""

_WRAPPED = rb"(?:[A-Za-z0-9+/]{60,76}(?:\r?\n|(?:\\{1,2}r)?\\{1,2}n)[ \t]{0,16})+[A-Za-z0-9+/]{0,76}={0,2}"
"""In lines, as mail (RFC 2045) and PEM have it."""

_HEX = rb"(?:(?:0x|\\{1,2}x)?(?:[2-7][0-9A-Fa-f]|0[9AaDd])(?:[ :,]{0,2}|\r?\n)){11,}(?:0x|\\{1,2}x)?[2-7][0-9A-Fa-f]"
"""Twelve bytes at least, each with what may stand between two of them in a dump. Of a digest's sixteen hardly ever twelve in a row
are ASCII."""

_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_CONTROLS = frozenset(range(0x20)) - frozenset(b"\t\r\n")


_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_RUNS = re2.compile(b"(" + _WRAPPED + b")|(" + _RUN + b")|(" + _HEX + b")", _OPTIONS)
_IN_LINES, _HEXADECIMAL = 1, 3
_NO_HEX = re2.compile(rb"0x|\\{1,2}x|[ :,\r\n]+", _OPTIONS)
_NO_BASE64 = re2.compile(rb"\\+[rn]|\s+", _OPTIONS)


def encoded(text: bytes, detector: Detector, depth: int = MAX_DEPTH) -> Iterator[Span]:
    """Runs of base 64 (RFC 4648, both alphabets) and base 16 that hold something sensitive, in order. Raises DetectorError."""
    for found in _RUNS.finditer(text):
        go_on()
        start, end = found.span()
        run = found[0]
        if found.lastindex == _HEXADECIMAL:
            inside = _as_text(bytes.fromhex(_NO_HEX.sub(b"", run).decode()))
        elif end - start > MAX_RUN and not _begins_like_text(run[:_HEAD]):
            continue
        else:
            inside = _decoded(_NO_BASE64.sub(b"", run) if found.lastindex == _IN_LINES else run)
        worst = _worst(inside, detector, depth) if inside is not None else None
        if worst is not None:
            yield Span(start=start, end=end, type=worst[0], class_=worst[1])


def _worst(inside: bytes, detector: Detector, depth: int) -> tuple[str, FindingClass] | None:
    """Type and class of the worst that is in there, however it is said."""
    texts = [inside]
    if (read := unescaped(inside)) is not None:
        texts.append(read.text)
    found = [(one.type, one.class_) for text in texts for one in detector.findings(text)]
    if not found and depth > 1:
        found = [(one.type, one.class_) for text in texts for one in encoded(text, detector, depth - 1)]
    return next((one for one in found if one[1] is FindingClass.SECRET), found[0] if found else None)


def _begins_like_text(head: bytes) -> bool:
    """Pictures, sound and archives begin with control characters among others."""
    bare = _NO_BASE64.sub(b"", head).translate(_URL_SAFE)
    return _as_text(base64.b64decode(bare[: len(bare) // 4 * 4]), cut=True) is not None


def _decoded(run: bytes) -> bytes | None:
    """None where it is not base 64 of a text."""
    bare = run.rstrip(b"=").translate(_URL_SAFE)
    try:
        return _as_text(base64.b64decode(bare + b"=" * (-len(bare) % 4)))
    except binascii.Error:
        return None


def _as_text(data: bytes, *, cut: bool = False) -> bytes | None:
    """As UTF-8. Text of two bytes a letter (UTF-16, what PowerShell is given) has a zero in every other place. ``cut``: only the
    beginning is known, maybe not to the end of a letter."""
    for first in (0, 1):
        if len(data) > 1 and not any(data[first::2]):
            data = data[1 - first :: 2]
            break
    if not cut:
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            return None
    return None if _CONTROLS.intersection(data) else data
