"""Logins that a secrets server has made for sessions."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "leases",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("server", sa.String, nullable=False),
        sa.Column("resource", sa.String, nullable=False),
        sa.Column("session", sa.String, nullable=False),
        sa.Column("user", sa.String, nullable=False),
        sa.Column("expires", sa.String, nullable=False),
        sa.Column("holder", sa.String, nullable=False),
        sa.Column("held_until", sa.String, nullable=False),
    )
