"""Master keys: 32 bytes that the gate is given, or a program that wraps and unwraps with a key the gate never sees."""

import base64
import binascii
import contextlib
import os
import select
import signal
import subprocess
import time
from dataclasses import dataclass
from hashlib import sha256
from typing import IO, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from passgate.core.errors import MasterKeyError

MASTER_KEY_BYTES = 32
_NONCE_BYTES = 12
_ID = b"passgate master key id v1\n"
_PURPOSE = b"passgate data key v1\n"
_COMMAND_SECONDS = 30
_MAX_BYTES = 16 * 1024
_MAX_TEXT = _MAX_BYTES * 4 // 3 + 8


class MasterKey(Protocol):
    @property
    def id(self) -> str:
        """Tells it from others, and nothing about it."""

    def wrap(self, key: bytes, key_id: str) -> bytes:
        """Raises MasterKeyError."""

    def unwrap(self, wrapped: bytes, key_id: str) -> bytes:
        """Raises MasterKeyError."""


class GivenMasterKey:
    """AES-256-GCM under a key that a file or a variable holds."""

    __slots__ = ("_aead", "id")

    def __init__(self, text: str) -> None:
        """``text``: 32 bytes in base64, as ``openssl rand -base64 32`` prints them. Raises MasterKeyError."""
        try:
            key = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError):
            key = b""
        if len(key) != MASTER_KEY_BYTES:
            raise MasterKeyError("a master key is 32 bytes in base64: `openssl rand -base64 32` makes one")
        self._aead = AESGCM(key)
        self.id = f"key-{sha256(_ID + key).hexdigest()[:16]}"

    def __repr__(self) -> str:
        return f"GivenMasterKey(id={self.id!r})"

    def wrap(self, key: bytes, key_id: str) -> bytes:
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, key, _PURPOSE + key_id.encode())

    def unwrap(self, wrapped: bytes, key_id: str) -> bytes:
        """Raises MasterKeyError."""
        try:
            return self._aead.decrypt(wrapped[:_NONCE_BYTES], wrapped[_NONCE_BYTES:], _PURPOSE + key_id.encode())
        except (InvalidTag, ValueError):
            raise MasterKeyError("the keyring was changed: it does not open with its own master key") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandMasterKey:
    """``argv`` with ``wrap`` or ``unwrap`` as one argument more: it reads base64 on its standard input and prints base64, one line
    each. No shell; its standard error is thrown away."""

    argv: tuple[str, ...]

    @property
    def id(self) -> str:
        return f"command-{sha256(_ID + chr(0).join(self.argv).encode()).hexdigest()[:16]}"

    def wrap(self, key: bytes, key_id: str) -> bytes:
        """Raises MasterKeyError."""
        wrapped = self._run("wrap", key)
        # A program that cannot give it back would cost everything: better known now.
        if wrapped == key or self.unwrap(wrapped, key_id) != key:
            raise MasterKeyError(f"{self.argv[0]} does not give back what it wrapped, so nothing is kept with it")
        return wrapped

    def unwrap(self, wrapped: bytes, key_id: str) -> bytes:  # noqa: ARG002 - it has a name for its key itself
        """Raises MasterKeyError."""
        return self._run("unwrap", wrapped)

    def _run(self, what: str, content: bytes) -> bytes:
        where = f"The command of the master key, {self.argv[0]} {what},"
        try:
            process = subprocess.Popen(  # noqa: S603 - the operator's own, without a shell
                [*self.argv, what],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise MasterKeyError(f"{where} cannot be started: {error.strerror}") from error
        try:
            printed = _answer(process, base64.b64encode(content) + b"\n")
            if len(printed) > _MAX_TEXT:
                raise MasterKeyError(f"{where} printed more than a wrapped key")
            process.wait(timeout=_COMMAND_SECONDS)
        except (TimeoutError, subprocess.TimeoutExpired):
            raise MasterKeyError(f"{where} gave no answer within {_COMMAND_SECONDS} s") from None
        finally:
            _end(process)
        if process.returncode != 0:
            raise MasterKeyError(f"{where} failed with status {process.returncode}")
        try:
            answer = base64.b64decode(printed.strip(), validate=True)
        except binascii.Error:
            answer = b""
        if not 0 < len(answer) <= _MAX_BYTES:
            raise MasterKeyError(f"{where} printed no base64")
        return answer


def _answer(process: "subprocess.Popen[bytes]", asked: bytes) -> bytes:
    """What it prints until nobody has its output open any more, or until it is more than is taken. Raises TimeoutError."""
    assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018 - both are pipes
    _tell(process.stdin, asked)
    until = time.monotonic() + _COMMAND_SECONDS
    printed = b""
    while len(printed) <= _MAX_TEXT:
        ready, _, _ = select.select([process.stdout], [], [], max(until - time.monotonic(), 0))
        if not ready:
            raise TimeoutError
        part = os.read(process.stdout.fileno(), _MAX_TEXT)
        if not part:
            return printed
        printed += part
    return printed


def _tell(into: IO[bytes], asked: bytes) -> None:
    """Far less than a pipe holds, so it waits for nobody. A program that takes no question may answer all the same."""
    try:
        into.write(asked)
        into.close()
    except BrokenPipeError:
        return


def _end(process: "subprocess.Popen[bytes]") -> None:
    """With whatever it started. Its output is not read to the end: what is in a session of its own may hold it open for ever."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
