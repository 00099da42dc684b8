"""What keeps a repeated call to the control API from having a second effect."""

from sqlalchemy import Column, Integer, LargeBinary, String, Table

from passgate.store.tables import METADATA, UtcTime

IDEMPOTENCY_KEYS = Table(
    "idempotency_keys",
    METADATA,
    Column("caller", String, primary_key=True),
    Column("route", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("digest", String, nullable=False),
    Column("status", Integer, nullable=True),
    Column("body", LargeBinary, nullable=True),
    Column("expires", UtcTime, nullable=False),
)
"""``digest``: of the request. Without a ``status`` the call is under way, or its process died over it. ``body`` holds no secret."""
