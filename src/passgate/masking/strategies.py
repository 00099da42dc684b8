"""How a value is masked: redact, partial, hash, token, null."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

from passgate.core.decision import Strategy, StrategyKind
from passgate.masking.hot import _strategies as _hot
from passgate.masking.keys import MaskingKeys

TOKEN_CHARACTERS = 12
"""Sixty bits. Fixed, not lengthened on a collision, so that a value's token never depends on what came before it; among a million
values of a session two share a token with probability 4e-7."""

HASH_BYTES = 16
"""128 bits: no two values of a column are taken for one."""

_STRICTNESS = {
    StrategyKind.PARTIAL: 0,
    StrategyKind.TOKEN: 1,
    StrategyKind.HASH: 2,
    StrategyKind.REDACT: 3,
    StrategyKind.NULL: 4,
}


def stricter(one: Strategy, other: Strategy) -> Strategy:
    """The one that shows less: null, redact, hash, token, partial. Of two partials, what both would keep."""
    if one.kind is StrategyKind.PARTIAL and other.kind is StrategyKind.PARTIAL:
        return Strategy(
            kind=StrategyKind.PARTIAL,
            keep_first=min(one.keep_first, other.keep_first),
            keep_last=min(one.keep_last, other.keep_last),
            label=one.label if one.label == other.label else "",
        )
    return one if _STRICTNESS[one.kind] >= _STRICTNESS[other.kind] else other


def apply(values: Sequence[bytes], strategy: Strategy, keys: MaskingKeys) -> Sequence[bytes | None]:
    """Mask whole values. ``None`` in the answer is NULL."""
    match strategy.kind:
        case StrategyKind.REDACT:
            return _hot.constant(values, redaction(strategy.label))
        case StrategyKind.PARTIAL:
            act = _hot.partial_email if strategy.label == "EMAIL" else _hot.partial
            return act(values, strategy.keep_first, strategy.keep_last)
        case StrategyKind.HASH:
            return [_digest(value, keys.hashing) for value in values]
        case StrategyKind.TOKEN:
            return [token(value, strategy.label, keys.tokens) for value in values]
        case StrategyKind.NULL:
            return [None] * len(values)


def redaction(label: str) -> bytes:
    return f"[REDACTED:{label}]".encode() if label else b"[REDACTED]"


def token(value: bytes, label: str, key: bytes) -> bytes:
    """``<<EMAIL:k7q2m9xa...>>``: equal values of one type in one scope give equal tokens; without the key it tells nothing."""
    kind = (label or "VALUE").encode()
    code = hmac.digest(key, kind + b"\x00" + normalise(value, label), "sha256")
    return b"<<" + kind + b":" + base64.b32encode(code[:8])[:TOKEN_CHARACTERS].lower() + b">>"


def normalise(value: bytes, label: str) -> bytes:
    """What is written differently and means the same gives one token: case of e-mails, separators of cards and phones."""
    match label:
        case "EMAIL":
            return value.strip().lower()
        case "CARD" | "PHONE" | "SSN":
            digits = bytes(byte for byte in value if 0x30 <= byte <= 0x39)
            return digits or value
        case "IBAN":
            return value.replace(b" ", b"").upper()
        case _:
            return value


def _digest(value: bytes, key: bytes) -> bytes:
    return hashlib.blake2b(value, key=key, digest_size=HASH_BYTES).hexdigest().encode()
