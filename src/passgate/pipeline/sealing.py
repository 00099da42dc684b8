"""How secrets are kept at rest: what every service that keeps one goes through, whoever encrypts."""

from typing import Protocol

from passgate.core.errors import MasterKeyError

MAGIC = b"PGS1"
"""What everything sealed begins with."""


class Sealing(Protocol):
    """``name`` says what it is and where it belongs, as in ``tls/server.key``: it opens under no other."""

    def seal(self, plain: bytes, name: str) -> bytes:
        """Raises MasterKeyError."""

    def open(self, kept: bytes, name: str) -> bytes:
        """Raises MasterKeyError where it does not open as ``name``."""


class Unsealed:
    """Without a master key: secrets are kept as they are, and their files' modes are all that protects them."""

    def seal(self, plain: bytes, name: str) -> bytes:  # noqa: ARG002 - the Protocol's
        return plain

    def open(self, kept: bytes, name: str) -> bytes:
        """Raises MasterKeyError where it is encrypted."""
        if kept.startswith(MAGIC):
            raise MasterKeyError(f"{name} is encrypted: `master_key` must say where its master key is")
        return kept


UNSEALED = Unsealed()
