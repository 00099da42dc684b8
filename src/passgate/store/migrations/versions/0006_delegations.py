"""Passes that were delegated from others."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "delegations",
        sa.Column("pass_id", sa.String, sa.ForeignKey("passes.id"), primary_key=True),
        sa.Column("parent", sa.String, sa.ForeignKey("passes.id"), nullable=False),
        sa.Column("ancestors", sa.JSON, nullable=False),
    )
    op.create_index("delegations_by_parent", "delegations", ["parent"])
