import pytest

from passgate.codecs.postgres import types
from passgate.codecs.postgres.types import Carrier, carrier, value_kind
from passgate.core.shape import ValueKind

ENUM = 123456


@pytest.mark.parametrize(
    ("oid", "kind"),
    [
        (types.TEXT, ValueKind.TEXT),
        (types.VARCHAR, ValueKind.TEXT),
        (types.BPCHAR, ValueKind.TEXT),
        (types.NAME, ValueKind.TEXT),
        (types.UNKNOWN, ValueKind.TEXT),
        (types.INT4, ValueKind.NUMBER),
        (types.NUMERIC, ValueKind.NUMBER),
        (types.BYTEA, ValueKind.BYTES),
        (types.BOOL, ValueKind.OTHER),
        (types.UUID, ValueKind.OTHER),
        (types.TIMESTAMPTZ, ValueKind.OTHER),
        (types.CHAR, ValueKind.OTHER),
        (types.JSON, ValueKind.STRUCTURED),
        (types.JSONB, ValueKind.STRUCTURED),
        (types.XML, ValueKind.STRUCTURED),
        (1009, ValueKind.STRUCTURED),  # text[]
        (2249, ValueKind.STRUCTURED),  # record
        (3904, ValueKind.STRUCTURED),  # int4range
        (ENUM, ValueKind.STRUCTURED),
        (0, ValueKind.STRUCTURED),
    ],
)
def test_kinds(oid: int, kind: ValueKind) -> None:
    assert value_kind(oid) is kind


def test_a_type_that_a_catalog_knows_to_be_text_like_is_text() -> None:
    assert value_kind(ENUM, frozenset({ENUM})) is ValueKind.TEXT
    assert carrier(ENUM, 1, frozenset({ENUM})) is Carrier.PLAIN


@pytest.mark.parametrize(
    ("oid", "text", "binary"),
    [
        (types.TEXT, Carrier.PLAIN, Carrier.PLAIN),
        (types.JSON, Carrier.JSON, Carrier.JSON),
        (types.JSONB, Carrier.JSON, Carrier.JSONB),
        (types.BYTEA, Carrier.HEX, Carrier.BYTES),
        (types.XML, Carrier.PLAIN, Carrier.PLAIN),
        (types.INT8, Carrier.INERT, Carrier.INERT),
        (types.DATE, Carrier.INERT, Carrier.INERT),
        (1007, Carrier.INERT, Carrier.INERT),  # int4[]
        (1009, Carrier.PLAIN, Carrier.TEXT_ARRAY),  # text[]
        (1002, Carrier.PLAIN, Carrier.OPAQUE),  # "char"[] can spell a word
        (3807, Carrier.PLAIN, Carrier.OPAQUE),  # jsonb[]
        (2249, Carrier.PLAIN, Carrier.OPAQUE),  # record
        (3614, Carrier.PLAIN, Carrier.OPAQUE),  # tsvector
        (5017, Carrier.PLAIN, Carrier.OPAQUE),  # pg_mcv_list holds values of columns
        (ENUM, Carrier.PLAIN, Carrier.OPAQUE),
    ],
)
def test_carriers(oid: int, text: Carrier, binary: Carrier) -> None:
    assert (carrier(oid, 0), carrier(oid, 1)) == (text, binary)
