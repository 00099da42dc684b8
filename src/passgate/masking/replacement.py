"""Puts masks in the place of findings."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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

    def replace(self, text: bytes, findings: Sequence[Finding], offset: int = 0) -> bytes:
        """``text`` with every finding masked; ``offset`` is where ``text`` starts in what the findings count from.

        A bare number of a JSON text becomes a string, so that the text stays JSON.
        """
        pieces: list[bytes] = []
        position = 0
        for finding in findings:
            start, end = finding.start - offset, finding.end - offset
            pieces.append(text[position:start])
            mask = self.mask(finding, text[start:end])
            pieces.append(b'"' + mask + b'"' if _bare_number(text, start, end) else mask)
            position = end
        pieces.append(text[position:])
        return b"".join(pieces)

    def mask(self, finding: Finding, value: bytes) -> bytes:
        """What stands for one finding; a null inside a text is nothing at all."""
        strategy = replace(self.by_class[finding.class_], label=finding.type)
        return apply([value], strategy, self.keys)[0] or b""


def _bare_number(text: bytes, start: int, end: int) -> bool:
    """Whether a JSON number stands there whole: after a colon or in an array, in a text that is an object or an array."""
    if text[:1] not in (b"{", b"[") or _NUMBER.fullmatch(text, start, end) is None:
        return False
    return _BEFORE.search(text, max(0, start - 8), start) is not None and _AFTER.match(text, end) is not None


_NUMBER: Final = re.compile(rb"-?[0-9]+(?:\.[0-9]+)?")
_BEFORE: Final = re.compile(rb"[:,\[]\s*\Z")
_AFTER: Final = re.compile(rb"\s*[,}\]]")
