"""Passgate as an issuer of tokens."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "signing_keys",
        sa.Column("kid", sa.String, primary_key=True),
        sa.Column("private", sa.String, nullable=False),
        sa.Column("created", sa.String, nullable=False),
    )
    op.create_table(
        "authorizations",
        sa.Column("id", sa.String, primary_key=True),
        sa.Column("client_id", sa.String, nullable=False),
        sa.Column("provider", sa.String, nullable=False),
        sa.Column("principal", sa.JSON, nullable=False),
        sa.Column("resources", sa.JSON, nullable=False),
        sa.Column("verbs", sa.JSON, nullable=False),
        sa.Column("purpose", sa.String, nullable=False),
        sa.Column("ticket", sa.String, nullable=True),
        sa.Column("agent", sa.String, nullable=True),
        sa.Column("passes", sa.JSON, nullable=False),
        sa.Column("issued", sa.String, nullable=False),
        sa.Column("expires", sa.String, nullable=False),
        sa.Column("consented", sa.String, nullable=True),
        sa.Column("revoked", sa.String, nullable=True),
    )
    op.create_index("authorizations_by_expiry", "authorizations", ["expires"])
    op.create_table(
        "refresh_tokens",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("authorization_id", sa.String, nullable=False),
        sa.Column("issued", sa.String, nullable=False),
        sa.Column("used", sa.String, nullable=True),
    )
    op.create_index("refresh_tokens_by_authorization", "refresh_tokens", ["authorization_id"])
    op.create_table(
        "one_time_codes",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("expires", sa.String, nullable=False),
        sa.Column("used", sa.String, nullable=True),
    )
    op.create_index("one_time_codes_by_expiry", "one_time_codes", ["expires"])
    op.create_table(
        "device_codes",
        sa.Column("digest", sa.String, primary_key=True),
        sa.Column("user_code", sa.String, nullable=False),
        sa.Column("content", sa.JSON, nullable=False),
        sa.Column("expires", sa.String, nullable=False),
        sa.Column("interval", sa.Integer, nullable=False),
        sa.Column("asked", sa.String, nullable=True),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("authorization_id", sa.String, nullable=True),
    )
    op.create_index("device_codes_by_user_code", "device_codes", ["user_code"], unique=True)
    op.create_index("device_codes_by_expiry", "device_codes", ["expires"])
