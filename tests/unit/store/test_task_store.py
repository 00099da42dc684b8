"""Facts of tasks in a real database."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from passgate.core.errors import StoreError
from passgate.store.pass_store import PassStore
from passgate.store.sqlite import SqliteDatabase
from passgate.store.task_store import TaskStore
from tests.unit.store.conftest import NOW, VERIFIER, make_pass


@pytest.fixture
def tasks(database: SqliteDatabase) -> TaskStore:
    return TaskStore(database)


def test_nothing_is_known_of_a_new_task(tasks: TaskStore) -> None:
    facts = tasks.facts("t")
    assert (facts.tags, facts.counters) == (frozenset(), {})
    assert (tasks.cursor(), tasks.tagged_after(0)) == (0, (0, ()))


def test_tags_are_set_once_and_followed_in_order(tasks: TaskStore, path: Path) -> None:
    tasks.tag("t", "a", at=NOW)
    cursor = tasks.cursor()
    other = SqliteDatabase(path)
    TaskStore(other).tag("t", "a", at=NOW)
    TaskStore(other).tag("u", "a", at=NOW)
    TaskStore(other).tag("t", "b", at=NOW)
    other.close()
    later, found = tasks.tagged_after(cursor)
    assert found == (("u", "a"), ("t", "b"))
    assert tasks.tagged_after(later) == (later, ())
    assert tasks.facts("t").tags == {"a", "b"}


def test_counters_add_up_over_processes(tasks: TaskStore, path: Path) -> None:
    other = SqliteDatabase(path)
    assert TaskStore(other).count({"t": {"rows": 100}, "u": {"rows": 1}}, ["t"]) == {"t": {"rows": 100}}
    assert tasks.count({"t": {"rows": 5, "tokens": -2}}, ["t", "v"]) == {"t": {"rows": 105, "tokens": -2}}
    assert TaskStore(other).count({}, ["t", "u"]) == {"t": {"rows": 105, "tokens": -2}, "u": {"rows": 1}}
    other.close()
    assert tasks.facts("t").counters == {"rows": 105, "tokens": -2}


def test_facts_live_as_long_as_a_pass_of_their_task(tasks: TaskStore, database: SqliteDatabase) -> None:
    passes = PassStore(database)
    passes.add(replace(make_pass("pg_short", minutes=10), task="t"), VERIFIER, actor="x")
    passes.add(replace(make_pass("pg_long", minutes=20), task="t"), VERIFIER, actor="x")
    passes.add(make_pass("pg_alone", minutes=60), VERIFIER, actor="x")
    for task in ("t", "pg_alone", "nobodys"):
        tasks.tag(task, "sensitive-read", at=NOW)
        tasks.count({task: {"rows": 1}}, [])

    def left() -> set[str]:
        return {task for task in ("t", "pg_alone", "nobodys") if tasks.facts(task).tags and tasks.facts(task).counters}

    tasks.sweep(NOW + timedelta(minutes=15))
    assert left() == {"t", "pg_alone"}
    tasks.sweep(NOW + timedelta(minutes=21))
    assert left() == {"pg_alone"}
    passes.revoke("pg_alone", at=NOW + timedelta(minutes=30), actor="x")
    tasks.sweep(NOW + timedelta(minutes=29))
    assert left() == {"pg_alone"}
    tasks.sweep(NOW + timedelta(minutes=31))
    assert left() == set()
    cursor = tasks.cursor()
    tasks.tag("t", "again", at=NOW)
    assert tasks.tagged_after(cursor)[0] > 3, (
        "a swept number is never given again, or a follower would miss the new fact"
    )


def test_passes_of_before_are_tasks_by_themselves(tasks: TaskStore, database: SqliteDatabase) -> None:
    passes = PassStore(database)
    passes.add(make_pass("pg_old"), VERIFIER, actor="x")
    with database.writing() as connection:
        connection.exec_driver_sql("UPDATE passes SET task = NULL")
    found = passes.find("pg_old")
    assert found is not None
    assert found.task == "pg_old"
    tasks.tag("pg_old", "a", at=NOW)
    tasks.sweep(NOW)
    assert tasks.facts("pg_old").tags == {"a"}


def test_a_database_that_is_gone_is_told(tasks: TaskStore, path: Path) -> None:
    path.unlink()
    for use in (
        lambda: tasks.facts("t"),
        tasks.cursor,
        lambda: tasks.tagged_after(0),
        lambda: tasks.tag("t", "a", at=NOW),
        lambda: tasks.count({}, []),
        lambda: tasks.sweep(NOW),
    ):
        with pytest.raises(StoreError):
            use()
