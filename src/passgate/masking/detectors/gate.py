"""The gate: which rules are worth a closer look in this text. It may name too many, never too few."""

from collections.abc import Sequence
from typing import Protocol


class Gate(Protocol):
    def fired(self, data: bytes) -> Sequence[int]:
        """Indexes, in rising order, of the rules that can match somewhere in ``data``. Raises DetectorError."""
