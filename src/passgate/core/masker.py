"""What a codec asks of masking, without knowing it: values in batches, never one call per cell."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from passgate.core.decision import Strategy


class Masker(Protocol):
    """Works on UTF-8 text. One instance serves one session (tokens are scoped to it)."""

    def mask(self, values: Sequence[bytes], strategy: Strategy) -> Sequence[bytes | None]:
        """Mask whole values of one column. ``None`` in the answer means NULL. Raises DetectorError."""

    def scan(self, values: Sequence[bytes]) -> Mapping[int, bytes]:
        """Look for sensitive text inside values; answers only the values to replace, by index. Raises DetectorError."""

    def scan_text(self, text: bytes) -> bytes:
        """The same for one running text (an error message, a plan): returns it with every finding masked."""
