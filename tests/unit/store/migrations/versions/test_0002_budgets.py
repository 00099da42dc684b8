"""A store of the version before keeps its passes, which have no budget."""

import sqlite3
from dataclasses import replace
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from passgate.core.budget import Budget
from passgate.store.budget_store import BudgetStore
from passgate.store.pass_store import PassStore
from passgate.store.sqlite import SqliteDatabase
from tests.unit.store.conftest import VERIFIER, make_pass


def test_a_store_of_the_version_before_is_brought_up(path: Path) -> None:
    path.touch(mode=0o600)
    engine = create_engine(f"sqlite+pysqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", "passgate.store:migrations")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    with sqlite3.connect(path) as raw:
        raw.execute(
            "INSERT INTO passes "
            "VALUES ('pg_old', ?, '[\"shop\"]', '[\"read\"]', 'why', NULL, ?, ?, NULL, x'00', 4096, x'00', x'00')",
            (
                '{"kind": "human", "subject": "ann", "groups": [], "on_behalf_of": null, "claims": {}}',
                "2026-03-01T12:00:00.000000+00:00",
                "2026-03-01T13:00:00.000000+00:00",
            ),
        )
    raw.close()
    database = SqliteDatabase(path)
    passes = PassStore(database)
    found = passes.find("pg_old")
    assert found is not None
    assert (found.purpose, found.budget) == ("why", None)
    passes.add(replace(make_pass(), budget=Budget(requests=1)), VERIFIER, actor="ops")
    assert BudgetStore(database).spent("pg_1").requests == 0
    database.close()
