"""The ledger's keys: one that signs, one that wraps, and one per session that encrypts and can be destroyed.

``keys/signing.key``  Ed25519, 32 raw bytes        ``keys/wrapping.key``  AES-256, wraps the sessions' keys (RFC 3394)
``<log>/sessions.keys``  one fixed slot per session: its key, wrapped. Destroying a session's key overwrites the slot in place; what
it encrypted can then be read by nobody, while every hash in the log still proves.
"""

import os
import secrets
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from struct import Struct
from zlib import crc32

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from passgate.core.errors import LedgerCorruptError, LedgerUnavailableError
from passgate.ledger.files import Files, OsFiles, make_folder, write_all
from passgate.ledger.regular import open_regular, read_regular
from passgate.pipeline.sealing import UNSEALED, Sealing

KEY_BYTES = 32
_NONCE = Struct(">4sQ")
_NONCE_BYTES = _NONCE.size
_SLOT = Struct("<B32s32s40s")
SLOT_BYTES = 112
_LIVE, _DESTROYED = 1, 2
_SLOTS_AHEAD = 512
_COMMITMENT = b"passgate session key commitment v1\n"


def _secret_file(path: Path, sealing: Sealing) -> bytes:
    """The 32 bytes in ``path``, made at first use. Two processes that start together agree on one.

    Raises OSError, MasterKeyError.
    """
    name = f"ledger/keys/{path.name}"
    if not path.exists():
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            write_all(OsFiles(), fd, sealing.seal(os.urandom(KEY_BYTES), name), 0)
            os.fsync(fd)
        finally:
            os.close(fd)
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass  # another process was first: its key is the key
        finally:
            temporary.unlink()
        OsFiles().sync_directory(path.parent)
    data = sealing.open(read_regular(path), name)
    if len(data) != KEY_BYTES:
        raise LedgerCorruptError(f"{path.name} does not hold a key")
    return data


class RootKeys:
    """The signing and the wrapping key of a ledger folder."""

    __slots__ = ("_wrapping", "signing")

    def __init__(self, signing: Ed25519PrivateKey, wrapping: bytes) -> None:
        self.signing = signing
        self._wrapping = wrapping

    def __repr__(self) -> str:
        return "RootKeys()"

    @classmethod
    def open(cls, folder: Path, *, create: bool = True, sealing: Sealing = UNSEALED) -> "RootKeys":
        """Raises LedgerUnavailableError (also where there are none and none may be made), LedgerCorruptError, MasterKeyError."""
        try:
            if create:
                make_folder(folder)
            elif not (folder / "wrapping.key").exists():
                raise LedgerUnavailableError("the ledger's keys are not here")
            signing = _secret_file(folder / "signing.key", sealing)
            wrapping = _secret_file(folder / "wrapping.key", sealing)
        except OSError as error:
            raise LedgerUnavailableError(f"the ledger's keys cannot be read: {error.strerror}") from error
        return cls(Ed25519PrivateKey.from_private_bytes(signing), wrapping)

    def wrap(self, key: bytes) -> bytes:
        return aes_key_wrap(self._wrapping, key)

    def unwrap(self, wrapped: bytes) -> bytes:
        """Raises LedgerCorruptError."""
        try:
            return aes_key_unwrap(self._wrapping, wrapped)
        except InvalidUnwrap as error:
            raise LedgerCorruptError("a session's key cannot be unwrapped with this ledger's wrapping key") from error


class Sealer:
    """Encrypts for one purpose, from one thread: the purpose and a counter make the nonce, so none is ever used twice."""

    __slots__ = ("_aead", "_associated", "_count", "_purpose")

    def __init__(self, aead: AESGCM, associated: bytes, purpose: bytes) -> None:
        self._aead = aead
        self._associated = associated
        self._purpose = purpose
        self._count = 0

    def seal(self, plain: bytes) -> bytes:
        """Nonce, ciphertext, tag."""
        self._count += 1
        nonce = _NONCE.pack(self._purpose, self._count)
        return nonce + self._aead.encrypt(nonce, plain, self._associated)


class SessionKey:
    """AES-256-GCM under one session's key. ``id`` commits to the key, so a ciphertext cannot be made to open to two stories."""

    __slots__ = ("_aead", "_key", "_session", "id")

    def __init__(self, session: str, key: bytes) -> None:
        self._session = session
        self._key = key
        self._aead = AESGCM(key)
        self.id = sha256(_COMMITMENT + key).hexdigest()

    @classmethod
    def new(cls, session: str) -> "SessionKey":
        return cls(session, os.urandom(KEY_BYTES))

    def __repr__(self) -> str:
        return f"SessionKey(id={self.id[:16]!r})"

    def sealer(self, purpose: bytes) -> Sealer:
        """``purpose``: four bytes. Ask for each purpose once in the life of a key."""
        return Sealer(self._aead, self._session.encode(), purpose)

    def open(self, sealed: bytes) -> bytes:
        """Raises LedgerCorruptError if this key did not seal it."""
        try:
            return self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], self._session.encode())
        except (InvalidTag, ValueError) as error:  # ValueError: too short to hold a nonce
            raise LedgerCorruptError("a ciphertext does not open with its session's key") from error

    def slot(self, root: RootKeys) -> bytes:
        """What is stored of the key: a fixed number of bytes."""
        return _with_crc(_SLOT.pack(_LIVE, _slot_name(self._session), bytes.fromhex(self.id), root.wrap(self._key)))


def _slot_name(session: str) -> bytes:
    return sha256(session.encode()).digest()


def _with_crc(body: bytes) -> bytes:
    return (body + crc32(body).to_bytes(4, "little")).ljust(SLOT_BYTES, b"\0")


class SlotWriter:
    """Appends slots, in space that is claimed ahead, so that a full disk still has room for a few. Raises OSError."""

    def __init__(self, directory: Path, files: Files) -> None:
        self._files = files
        file = KeyFile(directory)
        fresh = not file.path.exists()
        self._fd = files.open(file.path, create=fresh)
        self._next = file.end()
        self._claimed = 0
        self._claim(self._next)
        if fresh:
            files.sync_directory(directory)

    def append(self, slots: bytes) -> None:
        """Durable on return."""
        if self._next + len(slots) > self._claimed:
            self._claim(self._next + len(slots))
        write_all(self._files, self._fd, slots, self._next)
        self._files.datasync(self._fd)
        self._next += len(slots)

    def close(self) -> None:
        self._files.close(self._fd)

    def _claim(self, size: int) -> None:
        claimed = size + _SLOTS_AHEAD * SLOT_BYTES
        self._files.allocate(self._fd, claimed)
        self._files.datasync(self._fd)
        self._claimed = claimed


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One session's place in the key file. ``wrapped`` is empty once destroyed."""

    offset: int
    name: bytes
    key_id: str
    wrapped: bytes


class KeyFile:
    """The slots of one log. Reading needs no lock: slots are whole or, after a crash, absent."""

    FILE = "sessions.keys"

    def __init__(self, directory: Path) -> None:
        self._path = directory / self.FILE

    @property
    def path(self) -> Path:
        return self._path

    def end(self) -> int:
        """Where the next slot goes: after the last one that is not unwritten space. What a crash tore is written over."""
        if not self._path.exists():
            return 0
        data = self._content().rstrip(b"\0")
        last = max(len(data) - 1, 0) // SLOT_BYTES * SLOT_BYTES
        torn = data[last : last + SLOT_BYTES].ljust(SLOT_BYTES, b"\0")
        return last + SLOT_BYTES if torn == _with_crc(torn[: _SLOT.size]) else last

    def _content(self) -> bytes:
        with os.fdopen(open_regular(self._path), "rb") as file:
            return file.read()

    def slots(self, session: str) -> tuple[Slot, ...]:
        """The session's slots, oldest first; usually one. Raises OSError."""
        if not self._path.exists():
            return ()
        name = _slot_name(session)
        found = []
        with os.fdopen(open_regular(self._path), "rb") as file:
            offset = 0
            while len(raw := file.read(SLOT_BYTES)) == SLOT_BYTES:
                if raw[1:33] == name and raw == _with_crc(raw[: _SLOT.size]):
                    state, _, key_id, wrapped = _SLOT.unpack_from(raw)
                    live = wrapped if state == _LIVE else b""
                    found.append(Slot(offset=offset, name=name, key_id=key_id.hex(), wrapped=live))
                offset += SLOT_BYTES
        return tuple(found)

    def ids(self) -> frozenset[str]:
        """Every key that was ever kept here, destroyed ones too. Raises OSError."""
        data = self._content()
        slots = (data[place : place + SLOT_BYTES] for place in range(0, self.end(), SLOT_BYTES))
        return frozenset(slot[33:65].hex() for slot in slots if slot == _with_crc(slot[: _SLOT.size]))

    def load(self, session: str, root: RootKeys) -> dict[str, SessionKey]:
        """The session's keys by id, without the destroyed ones. Raises LedgerCorruptError, OSError."""
        keys = {}
        for slot in self.slots(session):
            if slot.wrapped:
                key = SessionKey(session, root.unwrap(slot.wrapped))
                if key.id != slot.key_id:
                    raise LedgerCorruptError("a session's key is not the one that was committed to")
                keys[key.id] = key
        return keys

    def destroy(self, session: str) -> int:
        """Overwrite the session's keys; how many there were. Raises OSError."""
        live = [slot for slot in self.slots(session) if slot.wrapped]
        if live:
            fd = os.open(self._path, os.O_WRONLY | os.O_CLOEXEC)
            try:
                for slot in live:
                    body = _SLOT.pack(_DESTROYED, slot.name, bytes.fromhex(slot.key_id), bytes(40))
                    os.pwrite(fd, _with_crc(body), slot.offset)
                os.fsync(fd)
            finally:
                os.close(fd)
        return len(live)
