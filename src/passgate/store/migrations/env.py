"""Alembic's entry: runs the steps on the connection it is handed, inside the transaction that is open on it."""

from alembic import context

from passgate.store import (
    access_tables,
    approval_tables,
    directory_tables,
    idempotency_tables,
    issuer_tables,
    lease_tables,
    recheck_tables,
    task_tables,
)
from passgate.store.tables import METADATA

_TABLES = (
    access_tables,
    approval_tables,
    directory_tables,
    idempotency_tables,
    issuer_tables,
    lease_tables,
    recheck_tables,
    task_tables,
)
"""Once they are imported, theirs are among METADATA."""

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transaction_per_migration=False,
    transactional_ddl=False,  # the caller holds one transaction around all of it
)
context.run_migrations()
