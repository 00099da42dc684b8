"""The log's head: origin, size, root (C2SP tlog-checkpoint), and the seal that closes a batch with one.

A seal's signature is over the checkpoint's own text, so every seal can be handed out as a checkpoint.
"""

import base64
from dataclasses import dataclass
from struct import Struct

from passgate.core.errors import LedgerCorruptError
from passgate.ledger.merkle import HASH_BYTES
from passgate.ledger.notes import NoteSigner, NoteVerifier, note, open_note

_SEAL = Struct("<Q32s64s")
SEAL_BYTES = _SEAL.size

MAX_DIGITS = 20
"""Of a number of leaves: those of 64 bits. Python itself refuses to read a number of thousands of digits."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """``size`` leaves of ``origin`` hash to ``root`` (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def text(self) -> bytes:
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n".encode()


@dataclass(frozen=True, slots=True)
class Seal:
    """A checkpoint as it lies in a segment: the origin is the log's own."""

    size: int
    root: bytes
    signature: bytes

    def payload(self) -> bytes:
        return _SEAL.pack(self.size, self.root, self.signature)

    @classmethod
    def parse(cls, payload: bytes) -> "Seal":
        """Raises LedgerCorruptError for anything but 104 bytes."""
        if len(payload) != _SEAL.size:
            raise LedgerCorruptError("a seal has the wrong length")
        return cls(*_SEAL.unpack(payload))

    def checkpoint(self, origin: str) -> Checkpoint:
        return Checkpoint(origin, self.size, self.root)

    def signed_by(self, verifier: NoteVerifier) -> bool:
        return verifier.accepts(self.checkpoint(verifier.name).text(), self.signature)

    def note(self, verifier: NoteVerifier) -> bytes:
        """The same head as a signed note, to be published."""
        return note(self.checkpoint(verifier.name).text(), verifier, self.signature)


def seal(size: int, root: bytes, signer: NoteSigner) -> Seal:
    return Seal(size, root, signer.sign(Checkpoint(signer.verifier.name, size, root).text()))


def open_checkpoint(data: bytes, verifier: NoteVerifier) -> Seal:
    """Raises LedgerCorruptError unless ``data`` is a checkpoint of this origin signed by this key."""
    text, signature = open_note(data, verifier)
    lines = text.decode("utf-8", "replace").split("\n")
    if len(lines) < 4 or lines[0] != verifier.name:
        raise LedgerCorruptError(f"not a checkpoint of {verifier.name}")
    size_text, root_text = lines[1], lines[2]
    digits = size_text.isascii() and size_text.isdigit() and len(size_text) <= MAX_DIGITS
    if not digits or str(int(size_text)) != size_text:
        raise LedgerCorruptError("the checkpoint's size is not a number")
    try:
        root = base64.b64decode(root_text, validate=True)
    except ValueError as error:
        raise LedgerCorruptError("the checkpoint's root is not base64") from error
    if len(root) != HASH_BYTES:
        raise LedgerCorruptError("the checkpoint's root is not a SHA-256 hash")
    return Seal(int(size_text), root, signature)
