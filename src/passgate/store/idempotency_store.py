"""Idempotency keys in the database, for 24 hours."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from passgate.pipeline.control import KeptAnswer, KeyState, UsedKey
from passgate.store.idempotency_tables import IDEMPOTENCY_KEYS
from passgate.store.sqlite import SqliteDatabase

KEPT = timedelta(hours=24)


class IdempotencyStore:
    """Implements ``pipeline.control.IdempotencyKeys``. Raises StoreError when the database cannot be used."""

    def __init__(self, database: SqliteDatabase, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._database = database
        self._now = now

    def begin(self, used: UsedKey) -> KeyState | KeptAnswer:
        now = self._now()
        wanted = select(IDEMPOTENCY_KEYS).where(_of(used))
        row = {
            "caller": used.caller,
            "route": used.route,
            "key": used.key,
            "digest": used.digest,
            "status": None,
            "body": None,
            "expires": now + KEPT,
        }
        with self._database.writing() as connection:
            connection.execute(delete(IDEMPOTENCY_KEYS).where(IDEMPOTENCY_KEYS.c.expires <= now))
            if connection.execute(insert(IDEMPOTENCY_KEYS).values(row).on_conflict_do_nothing()).rowcount > 0:
                return KeyState.NEW
            known = connection.execute(wanted).one()
        if known.digest != used.digest:
            return KeyState.OTHER
        if known.status is None:
            return KeyState.UNDER_WAY
        return KeptAnswer(status=known.status, body=known.body)

    def finish(self, used: UsedKey, answer: KeptAnswer) -> None:
        with self._database.writing() as connection:
            connection.execute(update(IDEMPOTENCY_KEYS).where(_of(used)).values(status=answer.status, body=answer.body))

    def forget(self, used: UsedKey) -> None:
        with self._database.writing() as connection:
            connection.execute(delete(IDEMPOTENCY_KEYS).where(_of(used)))


def _of(used: UsedKey) -> ColumnElement[bool]:
    columns = IDEMPOTENCY_KEYS.c
    return and_(columns.caller == used.caller, columns.route == used.route, columns.key == used.key)
