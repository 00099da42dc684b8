"""Locks in the database: set, lifted, and read by every gate."""

from datetime import datetime

from sqlalchemy import Row, bindparam, delete, insert, or_, select

from passgate.core.errors import StoreError
from passgate.core.lock import Lock, LockKind
from passgate.store.sqlite import SqliteDatabase
from passgate.store.tables import LOCKS

_HOLDING = select(LOCKS).where(or_(LOCKS.c.until.is_(None), LOCKS.c.until > bindparam("now"))).order_by(LOCKS.c.at)


class LockStore:
    """Every method raises StoreError when the database cannot be used."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def add(self, lock: Lock) -> None:
        row = {
            "id": lock.id,
            "kind": lock.kind.value,
            "target": lock.target,
            "reason": lock.reason,
            "actor": lock.actor,
            "at": lock.at,
            "until": lock.until,
        }
        with self._database.writing() as connection:
            connection.execute(insert(LOCKS), row)

    def lift(self, lock_id: str) -> bool:
        """False if there is no such lock."""
        with self._database.writing() as connection:
            return connection.execute(delete(LOCKS).where(LOCKS.c.id == lock_id)).rowcount > 0

    def holding(self, now: datetime) -> tuple[Lock, ...]:
        """Oldest first."""
        with self._database.reading() as connection:
            rows = connection.execute(_HOLDING, {"now": now}).all()
        return tuple(_lock(row) for row in rows)


def _lock(row: Row[*tuple[object, ...]]) -> Lock:
    try:
        kind = LockKind(row.kind)
    except ValueError as error:
        raise StoreError(f"The stored lock {row.id} cannot be read: of no known kind") from error
    return Lock(id=row.id, kind=kind, target=row.target, reason=row.reason, actor=row.actor, at=row.at, until=row.until)
