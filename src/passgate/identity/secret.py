"""A pass's secret, and what is kept in its place."""

import hashlib
import hmac
import secrets
from typing import NoReturn

from passgate.pipeline.protocols import ScramVerifier

PREFIX = "pgs_"
"""Lets secret scanners find a leaked one."""

ITERATIONS = 4096
"""The least RFC 7677 allows. More would only slow log-ins down: a secret of 256 random bits cannot be guessed however fast."""

_SECRET_BYTES = 32
_SALT_BYTES = 16


class PassSecret:
    """Shown once, to whoever issued the pass. Nothing but ``reveal`` gives it away: not ``repr``, not a format, not a pickle."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def random(cls) -> "PassSecret":
        """256 bits, URL-safe, so that it needs no quoting in a DSN or a password file."""
        return cls(PREFIX + secrets.token_urlsafe(_SECRET_BYTES))

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "PassSecret(hidden)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not pickled")


def make_verifier(secret: PassSecret, *, iterations: int = ITERATIONS) -> ScramVerifier:
    """SCRAM-SHA-256 server keys (RFC 5802 section 3, RFC 7677), fresh salt. SASLprep changes nothing: the secret is ASCII."""
    salt = secrets.token_bytes(_SALT_BYTES)
    salted = hashlib.pbkdf2_hmac("sha256", secret.reveal().encode("ascii"), salt, iterations)
    client_key = _mac(salted, b"Client Key")
    return ScramVerifier(
        salt=salt,
        iterations=iterations,
        stored_key=hashlib.sha256(client_key).digest(),
        server_key=_mac(salted, b"Server Key"),
    )


def decoy_verifier(key: bytes, pass_id: str, *, iterations: int = ITERATIONS) -> ScramVerifier:
    """What an unknown id is answered with: the same every time, so that asking twice tells nothing; no secret fits it."""
    name = pass_id.encode("utf-8", "surrogatepass")
    return ScramVerifier(
        salt=_mac(key, b"salt\0" + name)[:_SALT_BYTES],
        iterations=iterations,
        stored_key=_mac(key, b"stored key\0" + name),
        server_key=_mac(key, b"server key\0" + name),
    )


def _mac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")
