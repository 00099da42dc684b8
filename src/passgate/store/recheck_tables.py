"""The tables of who vouched for a pass, and of what they are asked with again."""

from sqlalchemy import Column, LargeBinary, String, Table

from passgate.store.tables import METADATA, UtcTime

PASS_ORIGINS = Table(
    "pass_origins",
    METADATA,
    Column("pass_id", String, primary_key=True),
    Column("provider", String, nullable=True),
    Column("recheck", String, nullable=True, index=True),
)
"""Of passes that a token bought. ``provider``: by a grant to its people; null where people allowed it."""

RECHECKS = Table(
    "rechecks",
    METADATA,
    Column("id", String, primary_key=True),
    Column("provider", String, nullable=False),
    Column("sub", String, nullable=False),
    Column("digest", String, nullable=False, unique=True),
    Column("sealed", LargeBinary, nullable=False),
    Column("confirmed", UtcTime, nullable=False),
    Column("due", UtcTime, nullable=False),
)
"""``digest``: of the refresh token as it first came and whose it is; ``sealed``: the one to use next, encrypted.
``confirmed``: when the provider last said that all is well."""
