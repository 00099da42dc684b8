"""What was found in texts seen before: callers send the whole conversation again with each turn."""

import hashlib
import os

from passgate.core.finding import Span

MAX_TEXTS = 4096
"""Remembered per generation: twice as many at most, a few hundred bytes each at most times."""

_DIGEST_BYTES = 16


class SpanMemo:
    """Keyed by a digest under a random key, so that it holds no text and nothing that a text could be tried against.

    Two generations: what was not asked for during a whole generation is forgotten.
    """

    def __init__(self, max_texts: int = MAX_TEXTS) -> None:
        self._max = max_texts
        self._key = os.urandom(32)
        self._young: dict[bytes, tuple[Span, ...]] = {}
        self._old: dict[bytes, tuple[Span, ...]] = {}

    def digest(self, context: bytes, value: bytes) -> bytes:
        whole = len(context).to_bytes(4, "big") + context + value if context else b"\0\0\0\0" + value
        return hashlib.blake2b(whole, key=self._key, digest_size=_DIGEST_BYTES).digest()

    def get(self, digest: bytes) -> tuple[Span, ...] | None:
        spans = self._young.get(digest)
        if spans is None and (spans := self._old.get(digest)) is not None:
            self.put(digest, spans)
        return spans

    def put(self, digest: bytes, spans: tuple[Span, ...]) -> None:
        if len(self._young) >= self._max:
            self._old = self._young
            self._young = {}
        self._young[digest] = spans
