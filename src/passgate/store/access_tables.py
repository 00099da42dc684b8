"""The tables of requests for access."""

from sqlalchemy import JSON, Column, Integer, String, Table

from passgate.store.tables import METADATA, UtcTime

ACCESS_REQUESTS = Table(
    "access_requests",
    METADATA,
    Column("id", String, primary_key=True),
    Column("asked_sha256", String, nullable=False),
    Column("principal", JSON, nullable=False),
    Column("source", String, nullable=False),
    Column("resources", JSON, nullable=False),
    Column("verbs", JSON, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("reason", String, nullable=False),
    Column("ticket", String, nullable=True),
    Column("rule", String, nullable=False),
    Column("approvers", String, nullable=False),
    Column("needed", Integer, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("expires", UtcTime, nullable=False),
    Column("state", String, nullable=False),
    Column("decided", UtcTime, nullable=True),
    Column("pass_id", String, nullable=True),
)
"""Who asked for what, and what came of it. ``approvers``: the group; ``asked_sha256``: of all that an approval is bound to."""

ACCESS_VOTES = Table(
    "access_votes",
    METADATA,
    Column("request_id", String, primary_key=True),
    Column("person", String, primary_key=True),
    Column("subject", String, nullable=False),
    Column("approves", Integer, nullable=False),
    Column("note", String, nullable=False),
    Column("at", UtcTime, nullable=False),
)
"""``person``: the subject without its capitals. The key keeps anybody from voting twice, through whichever process."""
