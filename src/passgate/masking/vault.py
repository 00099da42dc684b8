"""What tokens of one session stand for: sealed, in memory only, bounded, and gone when the session is."""

import hmac
import os
import threading
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from passgate.core.errors import DetectorError
from passgate.masking.strategies import normalise

MAX_ENTRIES = 20_000
MAX_BYTES = 4 * 1024 * 1024
"""Of sealed values, of one session. What does not fit any more can not be restored, and that is all."""

_IDENTITY_BYTES = 16


class _Sealed(NamedTuple):
    """``identity``: a keyed digest of the normalised value; two values that share a token differ in it."""

    nonce: bytes
    text: bytes
    identity: bytes


class TokenVault:
    """ChaCha20-Poly1305 (RFC 8439) under a key of this object alone: HKDF of the master key with a random salt that is never
    stored, so that a copy of the memory's content is of no use to who has the master key only."""

    def __init__(
        self, *, master: bytes, scope: str, max_entries: int = MAX_ENTRIES, max_bytes: int = MAX_BYTES
    ) -> None:
        info = f"passgate masking v1 vault {scope}".encode()
        derived = HKDF(algorithm=hashes.SHA256(), length=64, salt=os.urandom(32), info=info).derive(master)
        self._cipher: ChaCha20Poly1305 | None = ChaCha20Poly1305(derived[:32])
        self._identities = derived[32:]
        self._scope = scope.encode()
        self._max_entries = max_entries
        self._max_bytes = max_bytes
        self._sealed: dict[bytes, _Sealed | None] = {}  # None: two values share this token, so it means neither
        self._bytes = 0
        self._number = 0
        self._changing = threading.Lock()

    def __repr__(self) -> str:
        return f"TokenVault(entries={len(self._sealed)}, bytes={self._bytes})"

    def keep(self, token: bytes, value: bytes, type_: str) -> None:
        """Of values that mean the same (``Bob@x.org``, ``bob@x.org``) the first is what the token turns back into."""
        with self._changing:  # a nonce that two values had would give both away
            self._keep(token, value, type_)

    def _keep(self, token: bytes, value: bytes, type_: str) -> None:
        if self._cipher is None:
            return
        identity = hmac.digest(self._identities, normalise(value, type_), "sha256")[:_IDENTITY_BYTES]
        if token in self._sealed:
            known = self._sealed[token]
            if known is not None and known.identity != identity:
                self._sealed[token] = None
                self._bytes -= len(known.text)
            return
        if len(self._sealed) >= self._max_entries or self._bytes + len(value) > self._max_bytes:
            return
        self._number += 1
        nonce = self._number.to_bytes(12, "big")
        text = self._cipher.encrypt(nonce, value, self._associated(type_))
        self._sealed[token] = _Sealed(nonce, text, identity)
        self._bytes += len(text)

    def open(self, token: bytes, type_: str) -> bytes | None:
        """None where this token was not given out here. Raises DetectorError if what is kept was changed."""
        sealed, cipher = self._sealed.get(token), self._cipher
        if sealed is None or cipher is None:
            return None
        try:
            return cipher.decrypt(sealed.nonce, sealed.text, self._associated(type_))
        except InvalidTag:
            raise DetectorError("a kept value does not open") from None

    def close(self) -> None:
        """Forget everything; tokens stay tokens from now on."""
        with self._changing:
            self._cipher = None
            self._identities = b""
            self._sealed.clear()
            self._bytes = 0

    def _associated(self, type_: str) -> bytes:
        return type_.encode() + b"|" + self._scope
