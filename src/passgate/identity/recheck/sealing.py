"""Refresh tokens as they are kept: encrypted (AES-256-GCM), each bound to whom it is of."""

import hashlib
import secrets
import uuid
from dataclasses import replace
from datetime import datetime, timedelta

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from passgate.core.errors import TokenRefusedError
from passgate.pipeline.vouching import Recheck

_NONCE_BYTES = 12
"""NIST SP 800-38D, section 8.2: random ones do for 2^32 messages under one key."""


class Sealing:
    """``key``: 32 bytes. ``every``: how often the provider is asked."""

    def __init__(self, key: bytes, *, provider: str, every: timedelta) -> None:
        self._cipher = AESGCM(key)
        self._provider = provider
        self._every = every

    def first(self, token: str, *, sub: str, now: datetime) -> Recheck:
        """Of a token that has just come."""
        digest = hashlib.sha256(f"{self._provider}\0{sub}\0{token}".encode("utf-8", "surrogatepass")).hexdigest()
        empty = Recheck(
            id=str(uuid.uuid4()),
            provider=self._provider,
            sub=sub,
            digest=digest,
            sealed=b"",
            confirmed=now,
            due=now + self._every,
        )
        return self.sealed(empty, token)

    def sealed(self, recheck: Recheck, token: str) -> Recheck:
        """With this token, the one to use next."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        text = token.encode("utf-8", "surrogatepass")
        return replace(recheck, sealed=nonce + self._cipher.encrypt(nonce, text, _bound_to(recheck)))

    def opened(self, recheck: Recheck) -> str:
        """Raises TokenRefusedError where it was not sealed here, or is somebody else's."""
        nonce, sealed = recheck.sealed[:_NONCE_BYTES], recheck.sealed[_NONCE_BYTES:]
        try:
            return self._cipher.decrypt(nonce, sealed, _bound_to(recheck)).decode("utf-8", "surrogatepass")
        except (InvalidTag, ValueError) as error:
            raise TokenRefusedError("the refresh token that is kept cannot be read") from error


def _bound_to(recheck: Recheck) -> bytes:
    return f"{recheck.id}\0{recheck.provider}\0{recheck.sub}".encode("utf-8", "surrogatepass")
