"""Tasks: which one a pass belongs to, and what is known of each."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("passes", sa.Column("task", sa.String, nullable=True))  # none: the pass is a task by itself
    op.create_table(
        "task_tags",
        sa.Column("seq", sa.Integer, primary_key=True),
        sa.Column("task", sa.String, nullable=False),
        sa.Column("tag", sa.String, nullable=False),
        sa.Column("at", sa.String, nullable=False),
        sa.UniqueConstraint("task", "tag"),
        sqlite_autoincrement=True,  # a number is never used twice, so a reader's cursor can never miss one
    )
    op.create_table(
        "task_counters",
        sa.Column("task", sa.String, primary_key=True),
        sa.Column("counter", sa.String, primary_key=True),
        sa.Column("value", sa.Integer, nullable=False),
    )
