"""What is good for one use within minutes, in the database."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from passgate.core.authorization import OneTimeCode
from passgate.store.issuer_tables import ONE_TIME_CODES
from passgate.store.sqlite import SqliteDatabase

_KEPT = timedelta(hours=1)
"""After it has expired: so that one used for the second time is known for what it is."""


class OneTimeStore:
    """Every method raises StoreError when the database cannot be used."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def put(self, kind: str, digest: str, content: Mapping[str, str], *, expires: datetime, now: datetime) -> None:
        """What had expired some time before is dropped."""
        row = {"digest": digest, "kind": kind, "content": dict(content), "expires": expires, "used": None}
        with self._database.writing() as connection:
            connection.execute(delete(ONE_TIME_CODES).where(ONE_TIME_CODES.c.expires < now - _KEPT))
            connection.execute(insert(ONE_TIME_CODES), row)

    def take(self, kind: str, digest: str, *, now: datetime) -> OneTimeCode | None:
        """As it was before it was taken; from then on it is used. None if there is none of this kind."""
        this = (ONE_TIME_CODES.c.digest == digest, ONE_TIME_CODES.c.kind == kind)
        with self._database.reading() as connection:
            if connection.execute(select(ONE_TIME_CODES.c.digest).where(*this)).first() is None:
                return None  # who guesses need not wait for the write lock, nor hold it
        with self._database.writing() as connection:
            row = connection.execute(select(ONE_TIME_CODES).where(*this)).one_or_none()
            if row is None:
                return None
            connection.execute(update(ONE_TIME_CODES).where(*this, ONE_TIME_CODES.c.used.is_(None)).values(used=now))
        return OneTimeCode(content=row.content, expires=row.expires, used=row.used is not None)
