"""Alembic's entry: runs the steps on the connection it is handed, inside the transaction that is open on it."""

from alembic import context

from passgate.store import idempotency_tables as _idempotency_tables  # noqa: F401 - its tables are in METADATA by this
from passgate.store import issuer_tables  # noqa: F401 - its tables are METADATA's
from passgate.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    transaction_per_migration=False,
    transactional_ddl=False,  # the caller holds one transaction around all of it
)
context.run_migrations()
