"""SCRAM-SHA-256 as the server sees it (RFC 5802, RFC 7677), with channel binding ``tls-server-end-point`` (RFC 5929).

Written out here because libpq sends an empty user name in its first message (the start-up packet has it), which libraries for SCRAM
refuse. Only HMAC and SHA-256 are computed: the salted password was turned into keys when the pass was issued.
"""

import base64
import hashlib
import hmac
import secrets

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from passgate.core.errors import AccessDeniedError, RemoteProtocolError
from passgate.pipeline.protocols import ScramVerifier

PLAIN = "SCRAM-SHA-256"
PLUS = "SCRAM-SHA-256-PLUS"

_BINDING = "tls-server-end-point"
_WEAK = frozenset({"md5", "sha1"})  # RFC 5929, section 4.1: SHA-256 stands in for them


def end_point(certificate: bytes) -> bytes | None:
    """Channel-binding data of a server certificate (DER): its hash by its own signature's algorithm; None if it has none."""
    try:
        algorithm = x509.load_der_x509_certificate(certificate).signature_hash_algorithm
    except (ValueError, UnsupportedAlgorithm):
        return None
    if algorithm is None:
        return None
    return hashlib.new("sha256" if algorithm.name in _WEAK else algorithm.name, certificate).digest()


class ScramServer:
    """One exchange. ``binding``: channel-binding data of the TLS connection, None where none is offered."""

    def __init__(self, verifier: ScramVerifier, *, binding: bytes | None = None, nonce: str | None = None) -> None:
        self._verifier = verifier
        self._binding = binding
        self._nonce = nonce or base64.b64encode(secrets.token_bytes(18)).decode()
        self._gs2 = b""
        self._bound = b""
        self._said = ""

    @property
    def mechanisms(self) -> tuple[str, ...]:
        return (PLUS, PLAIN) if self._binding is not None else (PLAIN,)

    def first(self, mechanism: str, message: bytes | None) -> bytes:
        """Answer the client's first message. Raises RemoteProtocolError."""
        if mechanism not in self.mechanisms:
            raise RemoteProtocolError("this authentication mechanism was not offered")
        flag, authorization, bare = _split(_text(message), 3)
        if authorization:
            raise RemoteProtocolError("an authorization identity is not supported")
        if mechanism == PLUS:
            if flag != f"p={_BINDING}":
                raise RemoteProtocolError("this channel binding is not supported")
            self._bound = self._binding or b""
        elif flag not in ("n", "y"):
            raise RemoteProtocolError("channel binding without the mechanism for it")
        elif flag == "y" and self._binding is not None:
            raise RemoteProtocolError("channel binding was taken out of the offer on its way")
        self._gs2 = f"{flag},{authorization},".encode()
        user, nonce = _split(bare, 2)
        if not user.startswith("n="):
            raise RemoteProtocolError("a mandatory SCRAM extension is not supported")
        nonce = _attribute(nonce.partition(",")[0], "r")
        if not nonce or not all("!" <= char <= "~" for char in nonce):
            raise RemoteProtocolError("a SCRAM nonce that is not one")
        self._nonce = nonce + self._nonce
        salt = base64.b64encode(self._verifier.salt).decode()
        answer = f"r={self._nonce},s={salt},i={self._verifier.iterations}"
        self._said = f"{bare},{answer}"
        return answer.encode()

    def final(self, message: bytes) -> bytes:
        """Check the client's proof and answer with the server's. Raises RemoteProtocolError, AccessDeniedError."""
        without_proof, _, proof = _text(message).rpartition(",")
        channel, nonce = _split(without_proof, 2)
        if _decoded(_attribute(channel, "c")) != self._gs2 + self._bound:
            raise RemoteProtocolError("channel binding does not match")
        if not hmac.compare_digest(_attribute(nonce.partition(",")[0], "r").encode(), self._nonce.encode()):
            raise RemoteProtocolError("a SCRAM nonce does not match")
        proven = _decoded(_attribute(proof, "p"))
        said = f"{self._said},{without_proof}".encode()
        signature = _hmac(self._verifier.stored_key, said)
        if len(proven) != len(signature):
            raise RemoteProtocolError("a SCRAM proof of the wrong length")
        key = bytes(a ^ b for a, b in zip(proven, signature, strict=True))
        if not hmac.compare_digest(hashlib.sha256(key).digest(), self._verifier.stored_key):
            raise AccessDeniedError
        return b"v=" + base64.b64encode(_hmac(self._verifier.server_key, said))


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _text(message: bytes | None) -> str:
    try:
        return (message or b"").decode()
    except UnicodeDecodeError:
        raise RemoteProtocolError("a SCRAM message that is not UTF-8") from None


def _split(text: str, parts: int) -> list[str]:
    split = text.split(",", parts - 1)
    if len(split) != parts:
        raise RemoteProtocolError("a SCRAM message is cut short")
    return split


def _attribute(text: str, name: str) -> str:
    if not text.startswith(f"{name}="):
        raise RemoteProtocolError(f"a SCRAM message without its attribute {name}")
    return text[2:]


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error is one; a text beyond ASCII is the other
        raise RemoteProtocolError("a SCRAM message with bad base64") from None
