"""Tokens that count once, remembered until they would not count anyway."""

from datetime import datetime
from typing import Protocol


class SpentTokens(Protocol):
    def spend(self, digest: str, *, expires: datetime, now: datetime) -> bool:
        """Take note that this token was used; False if it was used before. Raises StoreError."""
