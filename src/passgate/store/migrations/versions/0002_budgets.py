"""What passes may spend, and what they have spent."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "pass_budgets",
        sa.Column("pass_id", sa.String, sa.ForeignKey("passes.id"), primary_key=True),
        sa.Column("max_requests", sa.Integer, nullable=True),
        sa.Column("max_tokens", sa.Integer, nullable=True),
        sa.Column("max_microdollars", sa.Integer, nullable=True),
        sa.Column("requests", sa.Integer, nullable=False),
        sa.Column("tokens", sa.Integer, nullable=False),
        sa.Column("microdollars", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
