"""Signed notes (C2SP signed-note): a text, a blank line, and one line per signature.

A signature line is ``— <name> <base64(key hash u32 be | signature)>``. Only Ed25519 (algorithm byte 0x01) is made and checked here;
lines of other keys are skipped, as the specification asks.
"""

import base64
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from passgate.core.errors import LedgerCorruptError

_ED25519 = b"\x01"
_DASH = "\u2014 "
_SIGNATURE_BYTES = 64


@dataclass(frozen=True, slots=True)
class NoteVerifier:
    """A public key under a name. ``name`` is the log's origin."""

    name: str
    public: bytes

    @property
    def key_hash(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.public).digest()[:4]

    def accepts(self, text: bytes, signature: bytes) -> bool:
        """``signature``: 64 raw bytes."""
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, text)
        except InvalidSignature:
            return False
        return True

    def vkey(self) -> str:
        """The C2SP text of a verifier key: ``name+hash+key``."""
        return f"{self.name}+{self.key_hash.hex()}+{base64.b64encode(_ED25519 + self.public).decode()}"

    @classmethod
    def parse(cls, vkey: str) -> "NoteVerifier":
        """Raises LedgerCorruptError if ``vkey`` is not the text of an Ed25519 verifier key."""
        name, _, rest = vkey.strip().partition("+")
        key_hash, _, encoded = rest.partition("+")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise LedgerCorruptError(f"not a verifier key: {error}") from error
        if len(raw) != 33 or raw[:1] != _ED25519:
            raise LedgerCorruptError("not an Ed25519 verifier key")
        verifier = cls(name, raw[1:])
        if verifier.key_hash.hex() != key_hash:
            raise LedgerCorruptError("the verifier key's hash does not match its name and key")
        return verifier


class NoteSigner:
    """A private key under a name."""

    __slots__ = ("_private", "verifier")

    def __init__(self, name: str, private: Ed25519PrivateKey) -> None:
        self._private = private
        self.verifier = NoteVerifier(name, private.public_key().public_bytes_raw())

    def __repr__(self) -> str:
        return f"NoteSigner({self.verifier.name!r})"

    def sign(self, text: bytes) -> bytes:
        return self._private.sign(text)


def split_notes(data: bytes) -> list[bytes]:
    """The notes in a file that holds several, one after the other."""
    notes: list[list[bytes]] = []
    signed = True
    for line in data.splitlines(keepends=True):
        signature = line.startswith(_DASH.encode())
        if signed and not signature:
            if not line.strip():
                continue
            notes.append([])
        signed = signature
        if not notes:
            notes.append([])
        notes[-1].append(line)
    return [b"".join(lines) for lines in notes]


def note(text: bytes, verifier: NoteVerifier, signature: bytes) -> bytes:
    """The note that carries ``signature`` of ``text``; ``text`` ends with a newline."""
    encoded = base64.b64encode(verifier.key_hash + signature).decode()
    return text + f"\n{_DASH}{verifier.name} {encoded}\n".encode()


def open_note(data: bytes, verifier: NoteVerifier) -> tuple[bytes, bytes]:
    """The signed text and the signature. Raises LedgerCorruptError unless ``verifier`` signed it."""
    text, blank, lines = data.rpartition(b"\n\n")
    if not blank or not lines.endswith(b"\n"):
        raise LedgerCorruptError("not a signed note")
    text += b"\n"
    for line in lines.decode("utf-8", "replace").splitlines():
        if not line.startswith(_DASH):
            raise LedgerCorruptError("not a signed note: a signature line is malformed")
        name, _, encoded = line[len(_DASH) :].partition(" ")
        try:
            raw = base64.b64decode(encoded, validate=True)
        except ValueError as error:
            raise LedgerCorruptError("not a signed note: a signature is not base64") from error
        if name != verifier.name or raw[:4] != verifier.key_hash:
            continue
        if len(raw) != 4 + _SIGNATURE_BYTES or not verifier.accepts(text, raw[4:]):
            raise LedgerCorruptError(f"the signature of {name} is wrong")
        return text, raw[4:]
    raise LedgerCorruptError(f"no signature of {verifier.name}")
