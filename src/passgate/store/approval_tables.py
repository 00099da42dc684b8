"""The tables of held actions that wait for people."""

from sqlalchemy import Boolean, Column, ForeignKey, Integer, LargeBinary, String, Table

from passgate.store.tables import METADATA, UtcTime

APPROVAL_REQUESTS = Table(
    "approval_requests",
    METADATA,
    Column("id", String, primary_key=True),
    Column("question", String, nullable=False),
    Column("pass_id", String, nullable=False),
    Column("state", String, nullable=False),
    Column("asked", UtcTime, nullable=False),
    Column("expires", UtcTime, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
"""``sealed`` holds the statement and all that people are shown, encrypted under a key that is not in this file."""

APPROVAL_VOTES = Table(
    "approval_votes",
    METADATA,
    Column("request", String, ForeignKey("approval_requests.id", ondelete="CASCADE"), primary_key=True),
    Column("person", String, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("approves", Boolean, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
)
"""One row for each person, whatever they do."""

APPROVAL_NOTICES = Table(
    "approval_notices",
    METADATA,
    Column("request", String, ForeignKey("approval_requests.id", ondelete="CASCADE"), primary_key=True),
    Column("channel", String, primary_key=True),
    Column("reference", String, nullable=False),
)
"""Where channels have told of a request: needed to tell there how it ended."""
