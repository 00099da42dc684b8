"""Held actions that wait for people, their votes, and where channels have told of them."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "approval_requests",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("question", sa.String, nullable=False),
        sa.Column("pass_id", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("asked", sa.String, nullable=False),
        sa.Column("expires", sa.String, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_index("approval_requests_by_question", "approval_requests", ["question"])
    op.create_table(
        "approval_votes",
        sa.Column("request", sa.String, sa.ForeignKey("approval_requests.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("person", sa.String, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("approves", sa.Boolean, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "approval_notices",
        sa.Column("request", sa.String, sa.ForeignKey("approval_requests.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("channel", sa.String, primary_key=True),
        sa.Column("reference", sa.String, nullable=False),
    )
