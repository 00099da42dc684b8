"""Standard output whose reader may go away (``| head``): a command ends then, without a word or the status of a result."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO, cast

from passgate.core.errors import PassgateError


class ReaderGoneError(PassgateError):
    """Nobody reads standard output any more."""


class _Watched:
    """The libraries that print end a program with status 1 where the reader is gone, which of many commands is a result."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except BrokenPipeError as error:
            raise ReaderGoneError from error

    def flush(self) -> None:
        try:
            self._stream.flush()
        except BrokenPipeError as error:
            raise ReaderGoneError from error

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the stream has
        return getattr(self._stream, name)


@contextmanager
def watched_output() -> Iterator[None]:
    """Raises ReaderGoneError, also for what is written only when the command ends."""
    stream = sys.stdout
    watched = _Watched(stream)
    sys.stdout = cast("TextIO", watched)
    try:
        try:
            yield
        finally:
            watched.flush()
    except ReaderGoneError:
        with suppress(OSError), open(os.devnull, "w") as nowhere:  # Python flushes once more when it ends
            os.dup2(nowhere.fileno(), stream.fileno())
        raise
    finally:
        sys.stdout = stream
