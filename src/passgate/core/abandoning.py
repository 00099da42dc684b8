"""Work in a thread that nobody waits for any more stops by itself, at the places where it may go on for long."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from passgate.core.errors import AbandonedError


class _Here(threading.local):
    abandoned: threading.Event | None = None


_here = _Here()


@contextmanager
def until(abandoned: threading.Event) -> Iterator[None]:
    """What this thread does inside stops once the event is set."""
    _here.abandoned = abandoned
    try:
        yield
    finally:
        _here.abandoned = None


def go_on() -> None:
    """To be asked in loops whose length an attacker may choose; a twentieth of a microsecond. Raises AbandonedError."""
    abandoned = _here.abandoned
    if abandoned is not None and abandoned.is_set():
        raise AbandonedError
