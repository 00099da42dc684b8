"""Passes, what happened to them, and the keys that processes share."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "passes",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("principal", sa.JSON, nullable=False),
        sa.Column("resources", sa.JSON, nullable=False),
        sa.Column("verbs", sa.JSON, nullable=False),
        sa.Column("purpose", sa.String, nullable=False),
        sa.Column("ticket", sa.String, nullable=True),
        sa.Column("issued", sa.String, nullable=False),
        sa.Column("expires", sa.String, nullable=False),
        sa.Column("revoked", sa.String, nullable=True),
        sa.Column("scram_salt", sa.LargeBinary, nullable=False),
        sa.Column("scram_iterations", sa.Integer, nullable=False),
        sa.Column("scram_stored_key", sa.LargeBinary, nullable=False),
        sa.Column("scram_server_key", sa.LargeBinary, nullable=False),
    )
    op.create_index("passes_by_expiry", "passes", ["expires"])
    op.create_table(
        "pass_changes",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("pass_id", sa.String, sa.ForeignKey("passes.id"), nullable=False),
        sa.Column("actor", sa.String, nullable=False),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("claimed_by", sa.String, nullable=True),
        sa.Column("claimed_until", sa.String, nullable=True),
        sa.Column("recorded", sa.Integer, nullable=False),
        sqlite_autoincrement=True,  # a number is never used twice, so a reader's cursor can never miss one
    )
    op.create_index("pass_changes_unrecorded", "pass_changes", ["seq"], sqlite_where=sa.text("recorded = 0"))
    op.create_table(
        "node_keys",
        sa.Column("name", sa.String, primary_key=True),
        sa.Column("key", sa.LargeBinary, nullable=False),
    )
