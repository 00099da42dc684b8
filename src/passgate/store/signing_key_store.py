"""Signing keys in the database, shared by every process of the state folder."""

from sqlalchemy import delete, insert, select

from passgate.core.signing_key import SigningKey
from passgate.store.issuer_tables import SIGNING_KEYS
from passgate.store.sqlite import SqliteDatabase

_ALL = select(SIGNING_KEYS).order_by(SIGNING_KEYS.c.created, SIGNING_KEYS.c.kid)
_NEWEST = select(SIGNING_KEYS.c.kid).order_by(SIGNING_KEYS.c.created.desc(), SIGNING_KEYS.c.kid.desc()).limit(1)


class SigningKeyStore:
    """Every method raises StoreError when the database cannot be used."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def keys(self) -> tuple[SigningKey, ...]:
        """Oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(_ALL).all()
        return tuple(SigningKey(kid=row.kid, private=row.private, created=row.created) for row in rows)

    def follow(self, key: SigningKey, *, newest: str | None) -> None:
        """Keep ``key`` as the newest one, unless another process was sooner: ``newest`` is then no longer the newest."""
        with self._database.writing() as connection:
            if connection.execute(_NEWEST).scalar() == newest:
                row = {"kid": key.kid, "private": key.private, "created": key.created}
                connection.execute(insert(SIGNING_KEYS), row)

    def drop(self, kid: str) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(SIGNING_KEYS).where(SIGNING_KEYS.c.kid == kid))
