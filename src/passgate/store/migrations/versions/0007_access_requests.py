"""Requests for access, and the votes on them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "access_requests",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("asked_sha256", sa.String, nullable=False),
        sa.Column("principal", sa.JSON, nullable=False),
        sa.Column("source", sa.String, nullable=False),
        sa.Column("resources", sa.JSON, nullable=False),
        sa.Column("verbs", sa.JSON, nullable=False),
        sa.Column("seconds", sa.Integer, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("ticket", sa.String, nullable=True),
        sa.Column("rule", sa.String, nullable=False),
        sa.Column("approvers", sa.String, nullable=False),
        sa.Column("needed", sa.Integer, nullable=False),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("expires", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("decided", sa.String, nullable=True),
        sa.Column("pass_id", sa.String, nullable=True),
    )
    op.create_index("access_requests_by_asked", "access_requests", ["asked_sha256"])
    op.create_index(
        "access_requests_waiting", "access_requests", ["expires"], sqlite_where=sa.text("state = 'pending'")
    )
    op.create_table(
        "access_votes",
        sa.Column("request_id", sa.String, sa.ForeignKey("access_requests.id"), primary_key=True),
        sa.Column("person", sa.String, primary_key=True),
        sa.Column("subject", sa.String, nullable=False),
        sa.Column("approves", sa.Integer, nullable=False),
        sa.Column("note", sa.String, nullable=False),
        sa.Column("at", sa.String, nullable=False),
    )
