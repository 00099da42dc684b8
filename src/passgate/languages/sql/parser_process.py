"""The gate's side of the parser's own process: started when first needed, killed when it hangs, started again after a crash."""

import os
import selectors
import struct
import subprocess
import sys
import threading
import time
from typing import IO

from passgate.core.errors import NotUnderstoodError
from passgate.languages.sql.libpg_query import GrammarError

_HEADER = struct.Struct("!I")
_READ = 1 << 18


class ParserProcess:
    """One persistent worker. Calls block, one at a time, for at most ``timeout_seconds``.

    Every failure of the worker is a NotUnderstoodError for the text at hand; the next call gets a new worker.
    """

    def __init__(
        self,
        *,
        timeout_seconds: float,
        command: tuple[str, ...] = (sys.executable, "-m", "passgate.languages.sql.parser_worker"),
    ) -> None:
        self._timeout = timeout_seconds
        self._command = command
        self._worker: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    @property
    def pid(self) -> int | None:
        """Process id of the living worker."""
        return self._worker.pid if self._worker is not None else None

    def parse(self, text: bytes) -> bytes:
        """As LibPgQuery.parse. Raises GrammarError, NotUnderstoodError."""
        return self._call(b"P" + text)

    def fingerprint(self, text: bytes) -> str:
        """As LibPgQuery.fingerprint. Raises GrammarError, NotUnderstoodError."""
        return self._call(b"F" + text).decode("ascii")

    def close(self) -> None:
        with self._lock:
            self._stop()

    def _call(self, request: bytes) -> bytes:
        with self._lock:
            try:
                answer = self._exchange(request)
            except TimeoutError as error:
                self._stop()
                raise NotUnderstoodError(
                    f"The statement took longer than {self._timeout:g} s to parse. Send a shorter or simpler one."
                ) from error
            except (OSError, EOFError) as error:
                self._stop()
                raise NotUnderstoodError(
                    "The statement brought the parser down (it nests too deeply or is too long). Send a shorter or simpler one."
                ) from error
        if answer[:1] == b"+":
            return answer[1:]
        position = _HEADER.unpack(answer[1:5])[0]
        raise GrammarError(answer[5:].decode("utf-8", "replace"), position)

    def _exchange(self, request: bytes) -> bytes:
        worker = self._worker
        if worker is None:
            worker = self._worker = subprocess.Popen(  # noqa: S603 - our own module, by the interpreter that runs us
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            assert worker.stdin is not None  # noqa: S101 - it was asked for
            assert worker.stdout is not None  # noqa: S101 - it was asked for
            os.set_blocking(worker.stdin.fileno(), False)
            os.set_blocking(worker.stdout.fileno(), False)
        if worker.stdin is None or worker.stdout is None:
            raise EOFError
        deadline = time.monotonic() + self._timeout
        _send(worker.stdin, _HEADER.pack(len(request)) + request, deadline)
        length = _HEADER.unpack(_receive(worker.stdout, _HEADER.size, deadline))[0]
        return _receive(worker.stdout, length, deadline)

    def _stop(self) -> None:
        worker, self._worker = self._worker, None
        if worker is not None:
            worker.kill()
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                if pipe is not None:
                    pipe.close()


def _send(pipe: IO[bytes], data: bytes, deadline: float) -> None:
    view = memoryview(data)
    while view:
        _await(pipe, selectors.EVENT_WRITE, deadline)
        view = view[os.write(pipe.fileno(), view) :]


def _receive(pipe: IO[bytes], size: int, deadline: float) -> bytes:
    """Exactly ``size`` bytes. Raises EOFError if the worker is gone."""
    parts: list[bytes] = []
    while size:
        _await(pipe, selectors.EVENT_READ, deadline)
        part = os.read(pipe.fileno(), min(size, _READ))
        if not part:
            raise EOFError
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _await(pipe: IO[bytes], event: int, deadline: float) -> None:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, event)
        if not selector.select(max(0.0, deadline - time.monotonic())):
            raise TimeoutError
