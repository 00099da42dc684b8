"""The tables of people and groups, as the newest migration leaves them."""

from sqlalchemy import JSON, Column, Integer, String, Table

from passgate.store.tables import METADATA, UtcTime

DIRECTORY_USERS = Table(
    "directory_users",
    METADATA,
    Column("id", String, primary_key=True),
    Column("name_key", String, nullable=False, unique=True),
    Column("external_id", String, nullable=False, index=True),
    Column("external_id_key", String, nullable=False, index=True),
    Column("email_key", String, nullable=False, index=True),
    Column("display_name_key", String, nullable=False),
    Column("active", Integer, nullable=False),
    Column("content", JSON, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("modified", UtcTime, nullable=False),
    Column("version", Integer, nullable=False),
)
"""A ``_key`` is the same in capitals. ``content``: what else is kept of the person."""

DIRECTORY_GROUPS = Table(
    "directory_groups",
    METADATA,
    Column("id", String, primary_key=True),
    Column("name_key", String, nullable=False, unique=True),
    Column("external_id", String, nullable=False, index=True),
    Column("display_name", String, nullable=False),
    Column("created", UtcTime, nullable=False),
    Column("modified", UtcTime, nullable=False),
    Column("version", Integer, nullable=False),
)

DIRECTORY_MEMBERS = Table(
    "directory_members",
    METADATA,
    Column("group_id", String, primary_key=True),
    Column("user_id", String, primary_key=True, index=True),
)
