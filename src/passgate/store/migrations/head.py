"""``python -m passgate.store.migrations.head``: writes ``head.sql``, the schema that the steps lead to. Run it after adding one."""

import re
from pathlib import Path

from sqlalchemy import Connection, create_engine

from passgate.store.schema import climb

PATH = Path(__file__).parents[1] / "head.sql"
_OBJECTS = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY rowid"
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)


def schema_of(connection: Connection) -> str:
    """What stands in a database, a statement each, in the order in which it was made."""
    statements = [_TRAILING.sub("", sql.strip()) for (sql,) in connection.exec_driver_sql(_OBJECTS)]
    return ";\n".join(statements) + ";\n"


def climbed() -> str:
    with create_engine("sqlite://").connect() as connection:
        climb(connection, None)
        return schema_of(connection)


if __name__ == "__main__":
    PATH.write_text(climbed(), "utf-8")
