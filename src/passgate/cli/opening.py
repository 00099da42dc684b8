"""What a command that works on passes opens: the store of a state folder, and a file for a secret."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from passgate.core.errors import PassRequestError

if TYPE_CHECKING:
    from passgate.config.settings import Settings
    from passgate.config.state_folder import StateFolder
    from passgate.identity.registry import IssuedPass, PassRegistry
    from passgate.store.sqlite import SqliteDatabase


@contextmanager
def open_database(folder: "StateFolder") -> "Iterator[SqliteDatabase]":
    """A state folder's database, for one command. Raises StoreError."""
    from passgate.store.sqlite import SqliteDatabase

    folder.create()
    database = SqliteDatabase(folder.database)
    try:
        yield database
    finally:
        database.close()


@contextmanager
def open_registry(folder: "StateFolder") -> "Iterator[PassRegistry]":
    """The passes of a state folder, for one command. Raises StoreError."""
    with open_database(folder) as database:
        yield passes_of(database)


def passes_of(database: "SqliteDatabase") -> "PassRegistry":
    from passgate.identity.registry import PassRegistry
    from passgate.store.pass_store import PassStore

    return PassRegistry(PassStore(database))


@contextmanager
def secret_to(path: Path | None) -> Iterator[Callable[["Settings", "IssuedPass"], None]]:
    """What writes a pass's secret to a new file, open to its owner only; to none where there is no path.

    The file is there before the pass is, so that no pass is issued whose secret goes nowhere, and is taken away again if the
    command fails. Raises PassRequestError.
    """
    with _new_file(path) as descriptor:

        def keep(settings: "Settings", issued: "IssuedPass") -> None:
            from passgate.cli.connecting import secret_lines

            if descriptor is not None:
                pass_ = issued.pass_
                text = secret_lines(settings, pass_.resources, pass_.id, issued.secret.reveal())
                os.write(descriptor, text.encode())

        yield keep


@contextmanager
def key_to(path: Path | None) -> Iterator[Callable[[str], None]]:
    """The same for a pass's key, in a line of its own."""
    with _new_file(path) as descriptor:

        def keep(key: str) -> None:
            if descriptor is not None:
                os.write(descriptor, f"{key}\n".encode())

        yield keep


@contextmanager
def _new_file(path: Path | None) -> Iterator[int | None]:
    if path is None:
        yield None
        return
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise PassRequestError(f"The secret file {path} cannot be made: {error.strerror}") from error
    try:
        yield descriptor
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)
