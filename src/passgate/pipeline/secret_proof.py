"""Whether a pass's secret is the right one, where a client sends the secret itself instead of proving that it has it."""

import hashlib
import hmac

from passgate.pipeline.protocols import ScramVerifier


def proves(secret: str, verifier: ScramVerifier) -> bool:
    """Whether the secret is the one that the verifier was made of (RFC 5802, section 3), in constant time."""
    salted = hashlib.pbkdf2_hmac("sha256", secret.encode(), verifier.salt, verifier.iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return hmac.compare_digest(hashlib.sha256(client_key).digest(), verifier.stored_key)
