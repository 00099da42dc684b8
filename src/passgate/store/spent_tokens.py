"""Tokens that were used, until they expire: by their digests, since nobody needs the tokens."""

from datetime import datetime, timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.sqlite import insert

from passgate.store.sqlite import SqliteDatabase
from passgate.store.tables import SPENT_TOKENS

_MARGIN = timedelta(minutes=10)
"""Longer than any clock skew that a provider may be forgiven: until then an expired token might still be taken."""


class SpentTokenStore:
    """Raises StoreError when the database cannot be used."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def spend(self, digest: str, *, expires: datetime, now: datetime) -> bool:
        """False if it was spent before, by whichever process."""
        added = insert(SPENT_TOKENS).values(digest=digest, expires=expires).on_conflict_do_nothing()
        with self._database.writing() as connection:
            connection.execute(delete(SPENT_TOKENS).where(SPENT_TOKENS.c.expires < now - _MARGIN))
            return connection.execute(added).rowcount > 0
