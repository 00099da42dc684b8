"""Encryption of what requests hold: statements and parameters are on disk, and readable only with a key that is not beside them."""

import secrets
from typing import Final, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from passgate.core.errors import StoreError

KEY_BYTES = 32

_NONCE = 12
"""Bytes (NIST SP 800-38D, section 8.2.2: random, 96 bits)."""


@final
class Sealer:
    """AES-256-GCM. ``context`` ties a ciphertext to its place, so that nobody can put one request's words into another."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        """``key``: 32 random bytes."""
        self._cipher: Final = AESGCM(key)

    def seal(self, data: bytes, context: str) -> bytes:
        nonce = secrets.token_bytes(_NONCE)
        return nonce + self._cipher.encrypt(nonce, data, context.encode())

    def open(self, sealed: bytes, context: str) -> bytes:
        """Raises StoreError."""
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], context.encode())
        except (InvalidTag, ValueError):
            raise StoreError(f"What is stored of {context} was not sealed with this key: is it another file?") from None
