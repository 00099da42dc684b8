from passgate.codecs.postgres import types
from passgate.codecs.postgres.row_description import FieldDescription, RowDescription
from passgate.codecs.postgres.shape import result_shape
from passgate.core.action import ColumnRef
from passgate.core.shape import ValueKind

SSN = ColumnRef(namespace="public", object="customers", column="ssn")


def test_a_part_says_where_the_server_read_it_whatever_the_statement_calls_it() -> None:
    asked = []

    def origin(table: int, attribute: int) -> ColumnRef | None:
        asked.append((table, attribute))
        return SSN if (table, attribute) == (16384, 4) else None

    shape = result_shape(
        RowDescription(
            fields=(
                FieldDescription(name="x", table=16384, attribute=4, type=types.TEXT),
                FieldDescription(name="ssn", type=types.INT8, format=1),
                FieldDescription(name="other", table=16384, attribute=5, type=777777),
            )
        ),
        origin,
    )
    assert asked == [(16384, 4), (16384, 5)]
    assert [(part.name, part.kind, part.origin) for part in shape.parts] == [
        ("x", ValueKind.TEXT, SSN),
        ("ssn", ValueKind.NUMBER, None),
        ("other", ValueKind.STRUCTURED, None),
    ]


def test_types_known_from_a_catalog_hold_masks() -> None:
    description = RowDescription(fields=(FieldDescription(name="mood", type=777777),))
    shape = result_shape(description, lambda table, attribute: None, frozenset({777777}))
    assert shape.parts[0].kind is ValueKind.TEXT
