"""People and groups of the directory, who vouched for a pass, and what they are asked with again."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "directory_users",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name_key", sa.String, nullable=False, unique=True),
        sa.Column("external_id", sa.String, nullable=False),
        sa.Column("external_id_key", sa.String, nullable=False),
        sa.Column("email_key", sa.String, nullable=False),
        sa.Column("display_name_key", sa.String, nullable=False),
        sa.Column("active", sa.Integer, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("modified", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    for column in ("external_id", "external_id_key", "email_key"):
        op.create_index(f"ix_directory_users_{column}", "directory_users", [column])
    op.create_table(
        "directory_groups",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("name_key", sa.String, nullable=False, unique=True),
        sa.Column("external_id", sa.String, nullable=False),
        sa.Column("display_name", sa.String, nullable=False),
        sa.Column("created", sa.String, nullable=False),
        sa.Column("modified", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_index("ix_directory_groups_external_id", "directory_groups", ["external_id"])
    op.create_table(
        "directory_members",
        sa.Column("group_id", sa.String, primary_key=True),
        sa.Column("user_id", sa.String, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_directory_members_user_id", "directory_members", ["user_id"])
    op.create_table(
        "pass_origins",
        sa.Column("pass_id", sa.String, sa.ForeignKey("passes.id"), primary_key=True),
        sa.Column("provider", sa.String, nullable=True),
        sa.Column("recheck", sa.String, nullable=True),
    )
    op.create_index("ix_pass_origins_recheck", "pass_origins", ["recheck"])
    op.create_table(
        "rechecks",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("provider", sa.String, nullable=False),
        sa.Column("sub", sa.String, nullable=False),
        sa.Column("digest", sa.String, nullable=False, unique=True),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.Column("confirmed", sa.String, nullable=False),
        sa.Column("due", sa.String, nullable=False),
    )
