"""Brings a database to the schema this version knows, and refuses one from the future."""

from importlib.resources import files

from sqlalchemy import Connection, inspect, text

from passgate.core.errors import StoreError

HEAD = "0012"
"""The newest step in ``migrations/versions``; a test holds the two together."""

_MIGRATIONS = "passgate.store:migrations"


def current_revision(connection: Connection) -> str | None:
    """None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return revision


def upgrade(connection: Connection) -> None:
    """To be called inside a write transaction, so that of several processes one does the work and the others find it done.

    Raises StoreError for a schema that this version does not know.
    """
    revision = current_revision(connection)
    if revision == HEAD:
        return
    if revision is None:
        for statement in filter(None, head_schema().split(";\n")):
            connection.exec_driver_sql(statement)
        connection.execute(text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": HEAD})
    else:
        climb(connection, revision)


def head_schema() -> str:
    """Where all the steps lead, for a database that is new. ``migrations/head.py`` writes it, a test holds them together."""
    return files(__package__).joinpath("head.sql").read_text("utf-8")


def climb(connection: Connection, revision: str | None) -> None:
    """Every step from ``revision`` on, None for all of them. Raises StoreError for one that is not known."""
    # Alembic takes a third of a second to import, and as much memory as all the rest of the store: for old databases only.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", _MIGRATIONS)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise StoreError(
            f"The state store has schema {revision}, which this version of Passgate does not know: use a newer one."
        )
    config.attributes["connection"] = connection
    command.upgrade(config, HEAD)
