"""The rows of shared keys as they are kept, for whoever encrypts them anew."""

from sqlalchemy import select, update

from passgate.store.sqlite import SqliteDatabase
from passgate.store.tables import NODE_KEYS


def sealed_name(name: str) -> str:
    """What a key is called where it is sealed."""
    return f"state.db/node_keys/{name}"


class NodeKeys:
    """Every method raises StoreError."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def names(self) -> tuple[str, ...]:
        with self._database.reading() as connection:
            return tuple(connection.execute(select(NODE_KEYS.c.name).order_by(NODE_KEYS.c.name)).scalars())

    def read(self, name: str) -> bytes:
        with self._database.reading() as connection:
            return bytes(connection.execute(select(NODE_KEYS.c.key).where(NODE_KEYS.c.name == name)).scalar_one())

    def replace(self, name: str, key: bytes) -> None:
        """On return neither the file nor its log holds what was there before."""
        with self._database.writing() as connection:
            connection.exec_driver_sql("PRAGMA secure_delete=ON")
            connection.execute(update(NODE_KEYS).where(NODE_KEYS.c.name == name).values(key=key))
        with self._database.reading() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
