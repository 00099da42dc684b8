"""Migrations."""

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from passgate.core.errors import StoreError
from passgate.store import schema
from passgate.store.migrations.head import climbed, schema_of
from passgate.store.schema import HEAD, current_revision, head_schema
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


def test_a_new_database_is_what_all_the_steps_lead_to(database: SqliteDatabase) -> None:
    assert head_schema() == climbed(), "run: python -m passgate.store.migrations.head"
    with database.reading() as connection:
        assert schema_of(connection) == head_schema()


def of_the_first_step(path: Path) -> None:
    database = SqliteDatabase(path)
    with database.writing() as connection:
        for (name,) in connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        ).all():
            connection.exec_driver_sql(f"DROP TABLE {name}")
        command.upgrade(steps(connection), "0001")
        connection.execute(text("INSERT INTO node_keys (name, key) VALUES ('old', 'k')"))
    database.close()


def steps(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", "passgate.store:migrations")
    config.attributes["connection"] = connection
    return config


def test_an_old_database_climbs_every_step_and_keeps_its_rows(path: Path) -> None:
    of_the_first_step(path)
    database = SqliteDatabase(path)
    with database.reading() as connection:
        assert current_revision(connection) == HEAD
        assert connection.execute(text("SELECT name FROM node_keys")).scalars().all() == ["old"]
        assert sorted(schema_of(connection).split(";\n")) == sorted(head_schema().split(";\n"))
    database.close()


def test_a_step_that_fails_leaves_the_database_as_it_was(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    of_the_first_step(path)
    monkeypatch.setattr("alembic.op.create_index", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        SqliteDatabase(path)
    monkeypatch.undo()
    database = SqliteDatabase(path)
    with database.reading() as connection:
        assert current_revision(connection) == HEAD
    database.close()


def test_a_new_database_is_whole_or_empty(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "head_schema", lambda: head_schema() + "CREATE TABLE passes (id);\n")
    with pytest.raises(StoreError, match="already exists"):
        SqliteDatabase(path)
    monkeypatch.undo()
    database = SqliteDatabase(path)
    with database.reading() as connection:
        assert current_revision(connection) == HEAD
    database.close()
