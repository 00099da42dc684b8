"""The first step, run by itself, holds what the tables say must never happen."""

import importlib
from collections.abc import Iterator

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import StaticPool

STEP = importlib.import_module("passgate.store.migrations.versions.0001_passes")

CHANGE = "INSERT INTO pass_changes (kind, pass_id, actor, at, recorded) VALUES ('issued', :id, 'ops', '2026', 0)"
PASS = "INSERT INTO passes VALUES (:id, '{}', '[]', '[]', 'p', NULL, '2026', '2026', NULL, x'00', 4096, x'00', x'00')"


@pytest.fixture
def connection() -> Iterator[Connection]:
    engine = create_engine("sqlite://", poolclass=StaticPool)
    with engine.connect() as connection:
        connection.execute(text("PRAGMA foreign_keys=ON"))
        with Operations.context(MigrationContext.configure(connection)):
            STEP.upgrade()
        yield connection
    engine.dispose()


def test_it_is_the_first() -> None:
    assert (STEP.revision, STEP.down_revision) == ("0001", None)


def test_a_change_belongs_to_a_pass(connection: Connection) -> None:
    with pytest.raises(IntegrityError, match="FOREIGN KEY"):
        connection.execute(text(CHANGE), {"id": "pg_none"})


def test_a_number_of_a_change_is_never_used_twice(connection: Connection) -> None:
    connection.execute(text(PASS), {"id": "pg_1"})
    for _ in range(3):
        connection.execute(text(CHANGE), {"id": "pg_1"})
    connection.execute(text("DELETE FROM pass_changes"))
    connection.execute(text(CHANGE), {"id": "pg_1"})
    assert connection.execute(text("SELECT seq FROM pass_changes")).scalars().all() == [4]


@pytest.mark.parametrize(
    "column", ["principal", "resources", "verbs", "purpose", "issued", "expires", "scram_stored_key"]
)
def test_what_a_pass_cannot_be_without(connection: Connection, column: str) -> None:
    connection.execute(text(PASS), {"id": "pg_1"})
    with pytest.raises(IntegrityError, match=f"NOT NULL constraint failed: passes.{column}"):
        connection.execute(text(f"UPDATE passes SET {column} = NULL"))
