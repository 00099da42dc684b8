"""Finds what is sensitive inside base 64: a model reads it as easily as plain text.

Only whole runs that decode to text are looked into, one level deep. A finding covers the run: there is no part of it to leave.
"""

import base64
import binascii
from collections.abc import Iterator

import re2

from passgate.core.finding import FindingClass, Span
from passgate.masking.detectors.detector import Detector

MAX_RUN = 64 * 1024
"""Bytes of a run that is looked into whatever it is; a longer one only if it begins like text, and not like media."""

_HEAD = 1024

_RUN = rb"(?:[A-Za-f][A-Za-z0-9+/_\-]{3}){6,}(?:[A-Za-f][A-Za-z0-9+/_\-]{1,2}={0,2})?"
"""Eighteen bytes at least, fewer than any key with its name has. Where each group of three begins with ASCII, the first of its four
characters is one of the first 32: a digest is not, and need not be decoded."""

_URL_SAFE = bytes.maketrans(b"-_", b"+/")
_CONTROLS = frozenset(range(0x20)) - frozenset(b"\t\r\n")


_OPTIONS = re2.Options()
_OPTIONS.encoding = re2.Options.Encoding.LATIN1
_RUNS = re2.compile(_RUN, _OPTIONS)


def encoded(text: bytes, detector: Detector) -> Iterator[Span]:
    """Runs of base 64 (RFC 4648, both alphabets) that hold something sensitive, in order. Raises DetectorError."""
    for found in _RUNS.finditer(text):
        start, end = found.span()
        if end - start > MAX_RUN and not _begins_like_text(text[start : start + _HEAD]):
            continue
        inside = _decoded(text[start:end])
        findings = detector.findings(inside) if inside is not None else ()
        if findings:
            worst = next((f for f in findings if f.class_ is FindingClass.SECRET), findings[0])
            yield Span(start=start, end=end, type=worst.type, class_=worst.class_)


def _begins_like_text(head: bytes) -> bool:
    """Pictures, sound and archives begin with control characters among others."""
    return _CONTROLS.isdisjoint(base64.b64decode(head.translate(_URL_SAFE)))


def _decoded(run: bytes) -> bytes | None:
    """None where it is not base 64 of a text."""
    bare = run.rstrip(b"=").translate(_URL_SAFE)
    try:
        data = base64.b64decode(bare + b"=" * (-len(bare) % 4))
        data.decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return None if _CONTROLS.intersection(data) else data
