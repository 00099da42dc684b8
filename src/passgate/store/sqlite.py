"""One SQLite file, used by the gate's workers and by the command line at the same time."""

import os
import sqlite3
import stat
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from passgate.core.errors import StoreError
from passgate.store.schema import upgrade

_BUSY_SECONDS = 5
"""How long a write waits for another process's write. Writes are a few rows, so a wait this long means that something is stuck."""

_AGAIN_SECONDS = 0.01

_PRAGMAS = (
    "PRAGMA synchronous=FULL",  # a revocation that was reported done stays done after a power cut
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
)


class SqliteDatabase:
    """Opens, migrates and guards the file. Every failure is a StoreError that names the file and holds no row's content."""

    def __init__(self, path: Path) -> None:
        """Raises StoreError."""
        self.path = path
        self._identity = _claim_file(path)
        self._counting: sqlite3.Connection | None = None
        self._engine = _engine(path)
        try:
            with self.writing() as connection:
                upgrade(connection)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._engine.dispose()
        if self._counting is not None:
            self._counting.close()
            self._counting = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Each statement by itself, on the newest committed state."""
        with self._failures("read"), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction that holds the write lock from its start, so what it reads is still true when it writes."""
        with self._failures("written"), self._engine.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.exec_driver_sql("ROLLBACK")
                raise
            connection.exec_driver_sql("COMMIT")

    def count(self, statement: str, values: Sequence[int | str]) -> Sequence[Sequence[int]]:
        """Run one statement by itself, for counters that are written at every call, and return its rows.

        It commits without a sync: the crash of a process loses nothing, a power cut may lose the last counts before it. Always
        called by one and the same thread. Raises StoreError.
        """
        self._check_identity()
        try:
            if self._counting is None:
                self._counting = _counting(self.path)
            rows: list[tuple[int, ...]] = self._counting.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"The state store {self.path} cannot be written: {error}") from None
        return rows

    @contextmanager
    def _failures(self, what: str) -> Iterator[None]:
        self._check_identity()
        try:
            yield
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or type(error).__name__
            raise StoreError(f"The state store {self.path} cannot be {what}: {cause}") from None
        except ValueError:  # of a column's type: the row holds what Passgate never wrote
            raise StoreError(f"The state store {self.path} holds a value that is not of its column's type") from None

    def _check_identity(self) -> None:
        # A file that was moved away or put back from a backup is still open here, and would never show a revocation again.
        try:
            found = _identity(self.path.stat())
        except OSError as error:
            raise StoreError(f"The state store {self.path} is gone: {error.strerror}") from error
        if found != self._identity:
            raise StoreError(f"The state store {self.path} was replaced while it was in use: start again")


def _claim_file(path: Path) -> tuple[int, int]:
    """The file must be there with mode 0600 before SQLite writes to it: the WAL files take their mode from it."""
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        status = path.stat()
    except OSError as error:
        raise StoreError(f"The state store {path} cannot be opened: {error.strerror}") from error
    if status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise StoreError(f"Others may read or write the state store {path}: chmod 600 {path}")
    return _identity(status)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _counting(path: Path) -> sqlite3.Connection:
    """The driver's own: what SQLAlchemy adds to a statement costs several times the statement. WAL, as the file itself says."""
    connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.execute("PRAGMA trusted_schema=OFF")
    return connection


def _engine(path: Path) -> Engine:
    # AUTOCOMMIT: transactions are begun here, by hand, since sqlite3 would begin them late and deferred.
    engine = create_engine(
        f"sqlite+pysqlite:///{path}",
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        connect_args={"timeout": _BUSY_SECONDS},
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        try:
            _write_ahead(cursor)
            for pragma in _PRAGMAS:
                cursor.execute(pragma)
        finally:
            cursor.close()

    return engine


def _write_ahead(cursor: DBAPICursor) -> None:
    """Readers never wait for a writer. To change a new file over, or to recover one, SQLite does not wait for another process that
    does the same at that moment, whatever its time-out; so it is asked again."""
    until = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_AGAIN_SECONDS)  # noqa: TID251 - SQLite has nothing to wait for here
        else:
            return
