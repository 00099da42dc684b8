"""Keys of one session, derived from the master key that the composition root holds."""

from dataclasses import dataclass, field

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from passgate.core.errors import ConfigError

MASTER_KEY_BYTES = 32
"""A master key shorter than the hash's output would be the weakest part of every token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskingKeys:
    """``hashing`` and ``tokens``: 32 bytes each, of one scope and of no use for the other purpose."""

    hashing: bytes = field(repr=False)
    tokens: bytes = field(repr=False)


def derive_keys(master: bytes, scope: str) -> MaskingKeys:
    """HKDF-SHA-256 (RFC 5869) with purpose and scope as info. Raises ConfigError if the master key is too short."""
    if len(master) < MASTER_KEY_BYTES:
        raise ConfigError(f"the masking master key needs at least {MASTER_KEY_BYTES} bytes")
    return MaskingKeys(hashing=_derive(master, "hash", scope), tokens=_derive(master, "token", scope))


def _derive(master: bytes, purpose: str, scope: str) -> bytes:
    info = f"passgate masking v1 {purpose} {scope}".encode()
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=info).derive(master)
