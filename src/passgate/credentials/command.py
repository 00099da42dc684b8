"""A secret that a program prints: the command line of a vault, a cloud or a keychain."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
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
            process = await asyncio.create_subprocess_exec(
                *self.argv, stdin=DEVNULL, stdout=PIPE, stderr=DEVNULL, start_new_session=True, limit=MAX_BYTES + 2
            )
        except OSError as error:
            raise SecretUnavailableError(f"{where} cannot be started: {error.strerror}") from error
        try:
            async with asyncio.timeout(self.timeout_seconds):
                line = await _only_first_line(process)
                status = await process.wait()
        except TimeoutError:
            raise SecretUnavailableError(f"{where} gave no answer within {self.timeout_seconds:g} s") from None
        except ValueError:
            raise SecretUnavailableError(f"{where} prints a line longer than {MAX_BYTES} bytes") from None
        finally:
            await _end(process)
        if status != 0:
            raise SecretUnavailableError(f"{where} failed with status {status}")
        try:
            return checked(line.decode().rstrip("\r\n"), f"The output of {self.argv[0]}")
        except UnicodeDecodeError:
            raise SecretUnavailableError(f"The output of {self.argv[0]} is not UTF-8 text") from None


async def _only_first_line(process: Process) -> bytes:
    """Raises ValueError for a line over the limit. The rest is read too, or the program could not finish writing it."""
    assert process.stdout is not None  # noqa: S101 - asked for with PIPE
    line = await process.stdout.readline()
    while await process.stdout.read(MAX_BYTES):
        pass
    return line


async def _end(process: Process) -> None:
    """The program and whatever it started: a hung child would keep the pipe open."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    await process.wait()
