"""What the gate keeps as an issuer of tokens."""

from sqlalchemy import Column, Integer, String, Table
from sqlalchemy.types import JSON

from passgate.store.tables import METADATA, UtcTime

SIGNING_KEYS = Table(
    "signing_keys",
    METADATA,
    Column("kid", String, primary_key=True),
    Column("private", String, nullable=False),
    Column("created", UtcTime, nullable=False),
)
"""Whole keys as JWKs: whoever can read this file can issue tokens."""

AUTHORIZATIONS = Table(
    "authorizations",
    METADATA,
    Column("id", String, primary_key=True),
    Column("client_id", String, nullable=False),
    Column("provider", String, nullable=False),
    Column("principal", JSON, nullable=False),
    Column("resources", JSON, nullable=False),
    Column("verbs", JSON, nullable=False),
    Column("purpose", String, nullable=False),
    Column("ticket", String, nullable=True),
    Column("agent", String, nullable=True),
    Column("passes", JSON, nullable=False),
    Column("issued", UtcTime, nullable=False),
    Column("expires", UtcTime, nullable=False),
    Column("consented", UtcTime, nullable=True),
    Column("revoked", UtcTime, nullable=True),
)
"""What somebody allowed a client."""

REFRESH_TOKENS = Table(
    "refresh_tokens",
    METADATA,
    Column("digest", String, primary_key=True),
    Column("authorization_id", String, nullable=False),
    Column("issued", UtcTime, nullable=False),
    Column("used", UtcTime, nullable=True),
)
"""SHA-256 of refresh tokens; used ones stay as long as their authorization, so that a second use is noticed."""

ONE_TIME_CODES = Table(
    "one_time_codes",
    METADATA,
    Column("digest", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("content", JSON, nullable=False),
    Column("expires", UtcTime, nullable=False),
    Column("used", UtcTime, nullable=True),
)
"""SHA-256 of what is good for one use within minutes: authorization codes, the states of sign-ins under way, consents."""

DEVICE_CODES = Table(
    "device_codes",
    METADATA,
    Column("digest", String, primary_key=True),
    Column("user_code", String, nullable=False),
    Column("content", JSON, nullable=False),
    Column("expires", UtcTime, nullable=False),
    Column("interval", Integer, nullable=False),
    Column("asked", UtcTime, nullable=True),
    Column("state", String, nullable=False),
    Column("authorization_id", String, nullable=True),
)
"""SHA-256 of device codes (RFC 8628). ``asked``: when the device last did; ``interval``: seconds that it must leave between."""
