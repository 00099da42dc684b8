"""Where leases are kept."""

from sqlalchemy import Column, String, Table

from passgate.store.tables import METADATA, UtcTime

LEASES = Table(
    "leases",
    METADATA,
    Column("id", String, primary_key=True),
    Column("server", String, nullable=False),
    Column("resource", String, nullable=False),
    Column("session", String, nullable=False),
    Column("user", String, nullable=False),
    Column("expires", UtcTime, nullable=False),
    Column("holder", String, nullable=False),
    Column("held_until", UtcTime, nullable=False),
)
"""Logins that a secrets server has made and not yet taken away. No password is ever here."""
