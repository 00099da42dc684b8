"""A secret that a program prints: the command line of a vault, a cloud or a keychain."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE
from dataclasses import dataclass

from passgate.core.errors import SecretUnavailableError
from passgate.credentials.credential import MAX_BYTES, checked


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandCredential:
    """The first line that ``argv`` prints. No shell; its standard error is thrown away, since it may hold secrets too."""

    argv: tuple[str, ...]
    timeout_seconds: float = 10

    async def obtain(self) -> str:
        """Raises SecretUnavailableError."""
        where = f"The secret command {self.argv[0]}"
        try:
            transport, program = await asyncio.get_running_loop().subprocess_exec(
                _Program, *self.argv, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True
            )
        except OSError as error:
            raise SecretUnavailableError(f"{where} cannot be started: {error.strerror}") from error
        try:
            async with asyncio.timeout(self.timeout_seconds):
                await asyncio.shield(program.finished)
            status = transport.get_returncode()
        except TimeoutError:
            raise SecretUnavailableError(f"{where} gave no answer within {self.timeout_seconds:g} s") from None
        finally:
            _kill_group(transport.get_pid())
            transport.close()
            await program.finished
        if status != 0:
            raise SecretUnavailableError(f"{where} failed with status {status}")
        line = program.first_line()
        if len(line) > MAX_BYTES:
            raise SecretUnavailableError(f"{where} prints a line longer than {MAX_BYTES} bytes")
        try:
            return checked(line.decode(), f"The output of {self.argv[0]}")
        except UnicodeDecodeError:
            raise SecretUnavailableError(f"The output of {self.argv[0]} is not UTF-8 text") from None


class _Program(asyncio.SubprocessProtocol):
    """Reads all that a program prints, so that it can finish, and keeps what may be its first line."""

    def __init__(self) -> None:
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done when the program has ended and nobody can write to its output any more."""
        self._printed = bytearray()

    def pipe_data_received(self, fd: int, data: bytes) -> None:  # noqa: ARG002 - asyncio's; there is one pipe
        self._printed += data[: MAX_BYTES + 2 - len(self._printed)]

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        self.finished.set_result(None)

    def first_line(self) -> bytes:
        return bytes(self._printed).partition(b"\n")[0].removesuffix(b"\r")


def _kill_group(leader: int) -> None:
    """The program and whatever it started in its own session, which would otherwise live on with nobody to read it."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return
