"""Tokens that were exchanged for a pass."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "spent_tokens",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("expires", sa.String, nullable=False),
    )
    op.create_index("spent_tokens_by_expiry", "spent_tokens", ["expires"])
