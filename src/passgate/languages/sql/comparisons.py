"""Whether comparing a column with a constant can leave rows out."""

from decimal import Decimal

from passgate.languages.sql.catalog import Relation
from passgate.languages.sql.folding import MOMENT_TYPES, NUMBER_TYPES, Folder
from passgate.languages.sql.moments import days_from_now
from passgate.languages.sql.tree import Node

_HUGE = Decimal(999_999)
"""An upper bound from here on is taken for "all": ``id < 1000000``."""

_OLDEST_DAYS = -15 * 365.25
"""A lower bound on time before this is taken for "all"."""

_NEWEST_DAYS = -1 / 24
"""An upper bound on time after this is taken for "all": what exists was made before now."""

_ALIKE = frozenset({"tableoid", "xmin", "xmax", "cmin", "cmax"})
"""System columns that are often equal in every row."""


def equals_is_plain(relation: Relation, column: str) -> bool:
    """Whether equality on the column picks out given values: not for a boolean, nor for a system column alike in all rows."""
    known = relation.column(column)
    return known is not None and known.name not in _ALIKE and known.type_name != "bool"


def _counts_up(relation: Relation, column: str) -> bool:
    """Whether the column is a key, here or elsewhere: by what the catalog says, or by its name where the catalog says nothing."""
    keys = (relation.primary_key, *relation.unique_keys, *(key.columns for key in relation.foreign_keys))
    return any(column in names for names in keys) or column == "id" or column.endswith("_id")


def range_narrows(relation: Relation, column: str, operator: str, bound: Node | None, folder: Folder) -> bool:
    """Whether ``column operator bound`` leaves out more than next to nothing. ``operator``: ``<``, ``<=``, ``>``, ``>=``.

    Keys count up from one and amounts from nought, so a lower bound there leaves nothing out. Texts have no such ends that a reader
    could judge, so a range over them counts for nothing.
    """
    known = relation.column(column)
    if known is None or known.number < 0:
        return False
    if known.type_name in NUMBER_TYPES:
        number = folder.number(bound)
        if number is None:
            return False
        if operator in ("<", "<="):
            return number < _HUGE
        least = Decimal(1) if _counts_up(relation, column) else Decimal(0)
        return number > least if operator == ">=" else number >= least
    if known.type_name in MOMENT_TYPES:
        days = days_from_now(bound, folder)
        if days is None:
            return False
        return days <= _NEWEST_DAYS if operator in ("<", "<=") else days > _OLDEST_DAYS
    return False
