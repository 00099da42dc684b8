"""Seals single secrets: AES-256-GCM (NIST SP 800-38D) with random 96-bit nonces, far below 2^32 of them under one key.

    "PGS1" | id of the data key, 16 bytes | nonce, 12 bytes | ciphertext | tag, 16 bytes

The header and the secret's name are authenticated with it: a ciphertext opens in no other place than its own.
"""

import os
from hashlib import sha256
from struct import Struct

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from passgate.core.errors import MasterKeyError
from passgate.pipeline.sealing import MAGIC

KEY_BYTES = 32
_HEADER = Struct(">4s16s12s")
_NONCE_BYTES = 12
_COMMITMENT = b"passgate data key commitment v1\n"


class DataKey:
    """``id`` commits to the key, so a ciphertext cannot be made to open to two stories."""

    __slots__ = ("_aead", "_key", "id")

    def __init__(self, key: bytes) -> None:
        self._key = key
        self._aead = AESGCM(key)
        self.id = sha256(_COMMITMENT + key).hexdigest()[:32]

    @classmethod
    def new(cls) -> "DataKey":
        return cls(os.urandom(KEY_BYTES))

    def __repr__(self) -> str:
        return f"DataKey(id={self.id!r})"

    def reveal(self) -> bytes:
        """The key itself, for a master key to wrap."""
        return self._key

    def seal(self, plain: bytes, name: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        header = _HEADER.pack(MAGIC, bytes.fromhex(self.id), nonce)
        return header + self._aead.encrypt(nonce, plain, header + name.encode())

    def open(self, kept: bytes, name: str) -> bytes:
        """Raises MasterKeyError where this key did not seal it as ``name``."""
        header = kept[: _HEADER.size]
        try:
            return self._aead.decrypt(header[-_NONCE_BYTES:], kept[_HEADER.size :], header + name.encode())
        except InvalidTag:
            raise MasterKeyError(f"{name} does not open: it was changed, or belongs elsewhere") from None


def sealed_by(kept: bytes) -> str | None:
    """The id of the data key; None where nothing sealed it. Raises MasterKeyError where it is cut off."""
    if not kept.startswith(MAGIC):
        return None
    if len(kept) < _HEADER.size:
        raise MasterKeyError("a sealed secret is cut off")
    _, key_id, _ = _HEADER.unpack_from(kept)
    found: bytes = key_id
    return found.hex()
