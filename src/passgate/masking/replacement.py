"""Puts masks in the place of findings."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Final

from passgate.core.decision import Strategy
from passgate.core.finding import FindingClass
from passgate.masking.detectors.spans import Finding
from passgate.masking.keys import MaskingKeys
from passgate.masking.strategies import apply


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """One strategy per class; the type of the finding is the label."""

    by_class: Mapping[FindingClass, Strategy]
    keys: MaskingKeys = field(repr=False)

    def replace(self, text: bytes, findings: Sequence[Finding]) -> bytes:
        """``text`` with every finding masked. A bare number of a JSON text becomes a string, so that the text stays JSON."""
        pieces: list[bytes] = []
        position = 0
        json = is_json(text)
        for finding in findings:
            start, end = finding.start, finding.end
            pieces.append(text[position:start])
            mask = self.mask(finding, text[start:end])
            pieces.append(b'"' + mask + b'"' if json and is_bare_number(text, start, end) else mask)
            position = end
        pieces.append(text[position:])
        return b"".join(pieces)

    def mask(self, finding: Finding, value: bytes) -> bytes:
        return mask_one(value, finding.type, self.by_class[finding.class_], self.keys)


MASKED_BYTES = 1000
"""Of a longer finding only this many bytes decide what stands for it, so that a stream need not wait for the rest."""


def mask_one(value: bytes, type_: str, strategy: Strategy, keys: MaskingKeys) -> bytes:
    """What stands for one finding; a null inside a text is nothing at all."""
    return apply([value[:MASKED_BYTES]], _labelled(strategy, type_), keys)[0] or b""


@lru_cache(maxsize=1024)
def _labelled(strategy: Strategy, type_: str) -> Strategy:
    return replace(strategy, label=type_)


def is_json(text: bytes) -> bool:
    """Whether a text, by its first byte, is meant as a JSON object or array."""
    return text[:1] in (b"{", b"[")


def is_bare_number(text: bytes, start: int, end: int) -> bool:
    """Whether a JSON number stands there whole: after a colon or in an array, and before what ends a member."""
    return end - start <= _LONGEST_NUMBER and _follows_colon(text, start, end) and _AFTER.match(text, end) is not None


def may_end_bare_number(text: bytes, end: int) -> bool:
    """Whether one may end there, by what is known of what follows."""
    return text[end - 1 : end].isdigit() and _BLANKS.fullmatch(text, end) is not None


def _follows_colon(text: bytes, start: int, end: int) -> bool:
    return (
        _NUMBER.fullmatch(text, start, end) is not None and _BEFORE.search(text, max(0, start - 9), start) is not None
    )


_LONGEST_NUMBER: Final = 64
_NUMBER: Final = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?")
_BEFORE: Final = re.compile(rb"[:,\[]\s{0,8}\Z")
_AFTER: Final = re.compile(rb"\s{0,64}[,}\]]")
_BLANKS: Final = re.compile(rb"\s{0,64}")
