"""Puts masks in the place of findings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from passgate.core.decision import Strategy
from passgate.masking.detectors.rule import RuleClass
from passgate.masking.detectors.spans import Finding
from passgate.masking.keys import MaskingKeys
from passgate.masking.strategies import apply


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """One strategy per class; the type of the finding is the label."""

    by_class: Mapping[RuleClass, Strategy]
    keys: MaskingKeys = field(repr=False)

    def replace(self, text: bytes, findings: Sequence[Finding], offset: int = 0) -> bytes:
        """``text`` with every finding masked; ``offset`` is where ``text`` starts in what the findings count from."""
        pieces: list[bytes] = []
        position = 0
        for finding in findings:
            start, end = finding.start - offset, finding.end - offset
            pieces.append(text[position:start])
            pieces.append(self.mask(finding, text[start:end]))
            position = end
        pieces.append(text[position:])
        return b"".join(pieces)

    def mask(self, finding: Finding, value: bytes) -> bytes:
        """What stands for one finding; a null inside a text is nothing at all."""
        strategy = replace(self.by_class[finding.class_], label=finding.type)
        return apply([value], strategy, self.keys)[0] or b""
