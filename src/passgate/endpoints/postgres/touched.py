"""How many rows a transaction has touched in user tables: what the row guard holds a limit against, and a preview counts."""

from collections.abc import Sequence

COUNT = (
    "SELECT pg_catalog.current_setting('track_counts'), pg_catalog.sum("
    "n_tup_ins OPERATOR(pg_catalog.+) n_tup_upd OPERATOR(pg_catalog.+) n_tup_del)"
    " FROM pg_catalog.pg_stat_xact_user_tables"
)
"""Rows that triggers and cascades touch count; a row that moves between partitions counts twice."""


def count(rows: Sequence[Sequence[bytes | str | None]]) -> int | None:
    """Of ``COUNT``'s last row; None if the server keeps no statistics."""
    if not rows or rows[-1][0] not in ("on", b"on"):
        return None
    return int(rows[-1][1] or 0)
