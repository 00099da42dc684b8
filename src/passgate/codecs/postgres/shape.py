"""A RowDescription in the words that planning understands."""

from collections.abc import Callable

from passgate.codecs.postgres.row_description import RowDescription
from passgate.codecs.postgres.types import value_kind
from passgate.core.action import ColumnRef
from passgate.core.shape import Part, Shape

Origin = Callable[[int, int], ColumnRef | None]


def result_shape(description: RowDescription, origin: Origin, text_like: frozenset[int] = frozenset()) -> Shape:
    """``origin(table OID, attribute number)`` names the stored column, None if it is not known.

    An expression (0, 0) is not asked for. ``text_like``: see ``types.value_kind``.
    """
    return Shape(
        parts=tuple(
            Part(
                name=field.name,
                kind=value_kind(field.type, text_like),
                origin=origin(field.table, field.attribute) if field.table else None,
            )
            for field in description.fields
        )
    )
