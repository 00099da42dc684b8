"""What is known of tasks, as the newest migration leaves it."""

from sqlalchemy import Column, Integer, String, Table, UniqueConstraint

from passgate.store.tables import METADATA, UtcTime

TASK_TAGS = Table(
    "task_tags",
    METADATA,
    Column("seq", Integer, primary_key=True),
    Column("task", String, nullable=False),
    Column("tag", String, nullable=False),
    Column("at", UtcTime, nullable=False),
    UniqueConstraint("task", "tag"),
)
"""Facts of tasks, in the order in which they were set: followed by every gate."""

TASK_COUNTERS = Table(
    "task_counters",
    METADATA,
    Column("task", String, primary_key=True),
    Column("counter", String, primary_key=True),
    Column("value", Integer, nullable=False),
)
"""Sums over all sessions of a task."""
