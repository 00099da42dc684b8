"""The tables as the newest migration leaves them, for building queries. The migrations are what makes them."""

from datetime import UTC, datetime

from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table
from sqlalchemy.engine import Dialect
from sqlalchemy.types import JSON, TypeDecorator


class UtcTime(TypeDecorator[datetime]):
    """An aware time, kept as ISO 8601 in UTC with microseconds: sorts as text, and a person can read it."""

    impl = String
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: str | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - SQLAlchemy's
        if value is None:
            return None
        time = datetime.fromisoformat(value)
        if time.tzinfo is None:
            raise ValueError("a stored time has no zone")
        return time


METADATA = MetaData()

PASSES = Table(
    "passes",
    METADATA,
    Column("id", String, primary_key=True),
    Column("principal", JSON, nullable=False),
    Column("resources", JSON, nullable=False),
    Column("verbs", JSON, nullable=False),
    Column("purpose", String, nullable=False),
    Column("ticket", String, nullable=True),
    Column("issued", UtcTime, nullable=False),
    Column("expires", UtcTime, nullable=False),
    Column("revoked", UtcTime, nullable=True),
    Column("scram_salt", LargeBinary, nullable=False),
    Column("scram_iterations", Integer, nullable=False),
    Column("scram_stored_key", LargeBinary, nullable=False),
    Column("scram_server_key", LargeBinary, nullable=False),
)
"""RFC 5802 keys stand for the secret; the secret itself is nowhere."""

PASS_BUDGETS = Table(
    "pass_budgets",
    METADATA,
    Column("pass_id", String, primary_key=True),
    Column("max_requests", Integer, nullable=True),
    Column("max_tokens", Integer, nullable=True),
    Column("max_microdollars", Integer, nullable=True),
    Column("requests", Integer, nullable=False),
    Column("tokens", Integer, nullable=False),
    Column("microdollars", Integer, nullable=False),
)
"""Of passes with a budget: its ceilings, and what is spent of it, calls in flight included. In one row, so that one statement can
hold the one against the other."""

DELEGATIONS = Table(
    "delegations",
    METADATA,
    Column("pass_id", String, primary_key=True),
    Column("parent", String, nullable=False),
    Column("ancestors", JSON, nullable=False),
)
"""Of passes made from another: that one, and the whole line up to the first, the nearest first."""

PASS_CHANGES = Table(
    "pass_changes",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("kind", String, nullable=False),
    Column("pass_id", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("claimed_by", String, nullable=True),
    Column("claimed_until", UtcTime, nullable=True),
    Column("recorded", Integer, nullable=False),
)
"""What happened to passes, in order: followed by gates to end sessions, and claimed by one of them to write it into its ledger."""

NODE_KEYS = Table(
    "node_keys",
    METADATA,
    Column("name", String, primary_key=True),
    Column("key", LargeBinary, nullable=False),
)
"""Random keys that every process of this state folder must share."""

LOCKS = Table(
    "locks",
    METADATA,
    Column("id", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("target", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    Column("until", UtcTime, nullable=True),
)
"""Who and what is kept out; a lifted lock is gone from here and stays in the ledger."""

SPENT_TOKENS = Table(
    "spent_tokens",
    METADATA,
    Column("digest", String, primary_key=True),
    Column("expires", UtcTime, nullable=False),
)
"""SHA-256 of tokens that bought a pass; kept until they could not be used anyway."""
