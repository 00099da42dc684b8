"""One session's masker: whole columns by strategy, and whatever is found inside other values."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from passgate.core.decision import Strategy, StrategyKind
from passgate.core.finding import FindingClass
from passgate.core.session import Session
from passgate.masking.detectors.detector import Detector
from passgate.masking.detectors.spans import Finding
from passgate.masking.keys import MaskingKeys, derive_keys
from passgate.masking.replacement import Replacement
from passgate.masking.strategies import apply

HEX_PREFIX = b"\\x"
"""How bytes are shown as text by the databases that show them so."""

_UNNAMED = "COLUMN"
"""What a whole-column mask without a label is counted under."""


class SessionMasker:
    """The ``Masker`` of core. Not for two threads at once: it counts what it masked."""

    def __init__(self, *, detector: Detector, keys: MaskingKeys, found: Replacement) -> None:
        self._detector = detector
        self._keys = keys
        self._found = found
        self._counts: Counter[str] = Counter()

    def mask(self, values: Sequence[bytes], strategy: Strategy) -> Sequence[bytes | None]:
        masked = apply(values, strategy, self._keys)
        self._counts[strategy.label or _UNNAMED] += len(values)
        return masked

    def scan(self, values: Sequence[bytes]) -> Mapping[int, bytes]:
        found = self._detector.findings_batch(values)
        replaced = {index: self._replaced(values[index], findings) for index, findings in found.items()}
        for index, value in enumerate(values):
            if value[:2] == HEX_PREFIX and (masked := self._scan_hex(value)) is not None:
                replaced[index] = masked
        return replaced

    def scan_text(self, text: bytes) -> bytes:
        findings = self._detector.findings(text)
        return self._replaced(text, findings) if findings else text

    def counts(self) -> Mapping[str, int]:
        """How many values and findings of each type were masked so far: for the ledger, which never sees values."""
        return dict(self._counts)

    def _scan_hex(self, value: bytes) -> bytes | None:
        """Bytes shown as hex: what they say is scanned, and the answer is hex again. None if there is nothing to replace."""
        try:
            decoded = bytes.fromhex(value[2:].decode("ascii"))
        except ValueError:
            return None
        findings = self._detector.findings(decoded)
        return HEX_PREFIX + self._replaced(decoded, findings).hex().encode() if findings else None

    def _replaced(self, text: bytes, findings: Sequence[Finding]) -> bytes:
        self._counts.update(finding.type for finding in findings)
        return self._found.replace(text, findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionMaskerFactory:
    """``master_key``: at least 32 bytes, from the composition root. ``strategies``: by class of finding, redact where none is."""

    detector: Detector
    master_key: bytes = field(repr=False)
    strategies: Mapping[FindingClass, Strategy] = field(default_factory=dict)

    def open(self, session: Session) -> SessionMasker:
        """Raises ConfigError if the master key is too short."""
        keys = derive_keys(self.master_key, session.id)
        default = Strategy(kind=StrategyKind.REDACT)
        by_class = {class_: self.strategies.get(class_, default) for class_ in FindingClass}
        return SessionMasker(detector=self.detector, keys=keys, found=Replacement(by_class=by_class, keys=keys))
