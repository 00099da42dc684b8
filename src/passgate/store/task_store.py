"""Facts of tasks in the database: set, followed by every gate, summed up, forgotten."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, or_, select, text
from sqlalchemy.dialects.sqlite import insert

from passgate.pipeline.tasks import Facts
from passgate.store.sqlite import SqliteDatabase
from passgate.store.tables import PASSES
from passgate.store.task_tables import TASK_COUNTERS, TASK_TAGS

# Built once: putting a query together costs more than running it.
_TAGS = select(TASK_TAGS.c.tag).where(TASK_TAGS.c.task == bindparam("task"))
_COUNTERS = select(TASK_COUNTERS.c.counter, TASK_COUNTERS.c.value).where(TASK_COUNTERS.c.task == bindparam("task"))
_TAG = insert(TASK_TAGS).on_conflict_do_nothing()
_CURSOR = select(func.coalesce(func.max(TASK_TAGS.c.seq), 0))
_TAGGED_AFTER = (
    select(TASK_TAGS.c.seq, TASK_TAGS.c.task, TASK_TAGS.c.tag)
    .where(TASK_TAGS.c.seq > bindparam("cursor"))
    .order_by(TASK_TAGS.c.seq)
)
_insert = insert(TASK_COUNTERS)
_COUNT = _insert.on_conflict_do_update(
    index_elements=("task", "counter"), set_={"value": TASK_COUNTERS.c.value + _insert.excluded.value}
)
_SUMS = text("SELECT task, counter, value FROM task_counters WHERE task IN (SELECT value FROM json_each(:tasks))")
_OWN_TASK = func.coalesce(PASSES.c.task, PASSES.c.id)
_LIVE = select(_OWN_TASK).where(
    PASSES.c.expires >= bindparam("moment"),
    or_(PASSES.c.revoked.is_(None), PASSES.c.revoked >= bindparam("moment")),
)
_SWEEPS = tuple(delete(table).where(table.c.task.not_in(_LIVE)) for table in (TASK_TAGS, TASK_COUNTERS))


class TaskStore:
    """Every method raises StoreError when the database cannot be used."""

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def facts(self, task: str) -> Facts:
        with self._database.reading() as connection:
            tags = connection.execute(_TAGS, {"task": task}).scalars().all()
            counters = connection.execute(_COUNTERS, {"task": task}).all()
        return Facts(tags=frozenset(tags), counters={row.counter: row.value for row in counters})

    def tag(self, task: str, tag: str, *, at: datetime) -> None:
        """Synced when it returns; a second time changes nothing."""
        with self._database.writing() as connection:
            connection.execute(_TAG, {"task": task, "tag": tag, "at": at})

    def cursor(self) -> int:
        """The place up to which a reader that starts now knows everything."""
        with self._database.reading() as connection:
            return int(connection.execute(_CURSOR).scalar_one())

    def tagged_after(self, cursor: int) -> tuple[int, Sequence[tuple[str, str]]]:
        with self._database.reading() as connection:
            rows = connection.execute(_TAGGED_AFTER, {"cursor": cursor}).all()
        return (rows[-1].seq if rows else cursor), tuple((row.task, row.tag) for row in rows)

    def count(self, counted: Mapping[str, Mapping[str, int]], tasks: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
        rows = [
            {"task": task, "counter": counter, "value": by}
            for task, counters in counted.items()
            for counter, by in counters.items()
        ]
        if not rows:
            with self._database.reading() as connection:
                return _sums(connection, tasks)
        with self._database.writing() as connection:
            connection.execute(_COUNT, rows)
            return _sums(connection, tasks)

    def sweep(self, ended_before: datetime) -> None:
        with self._database.writing() as connection:
            for statement in _SWEEPS:
                connection.execute(statement, {"moment": ended_before})


def _sums(connection: Connection, tasks: Sequence[str]) -> Mapping[str, Mapping[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for task, counter, value in connection.execute(_SUMS, {"tasks": json.dumps(list(tasks))}):
        found.setdefault(task, {})[counter] = value
    return found
