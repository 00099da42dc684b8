"""Migrations."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from passgate.core.errors import StoreError
from passgate.store.schema import HEAD, current_revision
from passgate.store.sqlite import SqliteDatabase
from passgate.store.tables import METADATA


def test_the_head_named_is_the_newest_step() -> None:
    config = Config()
    config.set_main_option("script_location", "passgate.store:migrations")
    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_the_steps_lead_to_the_tables_that_queries_are_built_on(database: SqliteDatabase) -> None:
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        differences = compare_metadata(context, METADATA)
    # Indexes and foreign keys are the migrations' own business.
    assert [d for d in differences if d[0] not in ("remove_index", "remove_fk")] == []


def test_a_database_is_brought_up_once_and_opened_again(path: Path, database: SqliteDatabase) -> None:
    with database.reading() as connection:
        assert current_revision(connection) == HEAD
    again = SqliteDatabase(path)
    with again.reading() as connection:
        assert current_revision(connection) == HEAD
    again.close()


def test_a_database_from_the_future_is_refused_and_left_alone(path: Path, database: SqliteDatabase) -> None:
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="schema 9999, which this version of Passgate does not know"):
        SqliteDatabase(path)
    with database.reading() as connection:
        assert current_revision(connection) == "9999"


def test_a_step_that_fails_leaves_an_empty_database(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("alembic.op.create_index", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        SqliteDatabase(path)
    monkeypatch.undo()
    database = SqliteDatabase(path)
    with database.reading() as connection:
        assert current_revision(connection) == HEAD
    database.close()
