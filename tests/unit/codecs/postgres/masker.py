"""A masker whose answers are easy to tell, and which remembers what it was asked."""

from collections.abc import Mapping, Sequence

from passgate.core.decision import Strategy

SECRET = b"ann@example.com"
FOUND = b"<EMAIL>"


class PlainMasker:
    """``mask`` puts ``*`` in front of a value, or NULL for the value ``null``; ``scan`` finds SECRET."""

    def __init__(self) -> None:
        self.masked: list[list[bytes]] = []
        self.scanned: list[list[bytes]] = []

    def mask(self, values: Sequence[bytes], strategy: Strategy) -> Sequence[bytes | None]:
        self.masked.append(list(values))
        return [None if value == b"null" else b"*" + value for value in values]

    def scan(self, values: Sequence[bytes]) -> Mapping[int, bytes]:
        self.scanned.append(list(values))
        return {at: value.replace(SECRET, FOUND) for at, value in enumerate(values) if SECRET in value}

    def scan_text(self, text: bytes) -> bytes:
        return text.replace(SECRET, FOUND)


class ShortMasker(PlainMasker):
    """Loses a value."""

    def mask(self, values: Sequence[bytes], strategy: Strategy) -> Sequence[bytes | None]:
        return list(super().mask(values, strategy))[1:]


class StrayMasker(PlainMasker):
    """Finds something in a value it was never given."""

    def scan(self, values: Sequence[bytes]) -> Mapping[int, bytes]:
        return {len(values): b""}
