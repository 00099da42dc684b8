"""``binary_values.tsv`` was captured from PostgreSQL 15: type OID, binary form, type name, and what the server printed for it."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.postgres import types
from passgate.codecs.postgres.binary_values import UndecodableError, from_binary
from passgate.codecs.postgres.values import type_name

CAPTURED = [line.split("\t") for line in Path(__file__).with_name("binary_values.tsv").read_text().splitlines()]


@pytest.mark.parametrize(("oid", "binary", "name", "text"), CAPTURED, ids=[f"{row[2]}-{row[3]}" for row in CAPTURED])
def test_a_binary_value_is_printed_as_the_server_prints_it(oid: str, binary: str, name: str, text: str) -> None:
    assert from_binary(bytes.fromhex(binary), int(oid)) == text
    assert type_name(int(oid)) == name


@pytest.mark.parametrize(
    ("oid", "sent"),
    [
        (0, "00"),
        (999999, "00"),
        (types.MONEY, "0000000000000064"),
        (types.BOOL, "0000"),
        (types.INT4, "0000"),
        (types.UUID, "00"),
        (types.TEXT, "ff"),
        (types.TEXT, "00"),
        (types.JSONB, "027b7d"),
        (types.JSONB, ""),
        (types.DATE, "ffda97ce"),  # 4713 BC
        (types.TIMESTAMP, "0380e70b913b8000"),  # the year 10000
        (types.TIME, "ffffffffffffffff"),
        (types.TIMETZ, "000000000000000000020000"),
        (types.NUMERIC, "00"),
        (types.NUMERIC, "0001000000000000"),  # a group is missing
        (types.NUMERIC, "0001000000000000ffff"),  # a group of more than four digits
        (types.NUMERIC, "0000000012340000"),  # a sign that is none
        (types.NUMERIC, "00007fff00000000"),  # 131,072 zeros in 8 bytes
        (types.NUMERIC, "0000000000003fff"),
        (1007, "000000010000000000000017000000020000000200000004000000010000000400000001"),  # [2:3]={1,1}
        (1007, "00000001000000000000001900000001000000010000000400000001"),  # elements of another type
        (1007, "000000070000000000000017"),
        (1007, "00000001000000000000001700ffffff00000001"),
        (1007, "0000000000000000000000170000"),
        (1041, "00000000000000000000036500"),  # inet[]
    ],
)
def test_what_cannot_be_decoded_for_certain_is_not_decoded(oid: int, sent: str) -> None:
    with pytest.raises(UndecodableError):
        from_binary(bytes.fromhex(sent), oid)


@given(st.floats(width=32), st.floats())
def test_a_float_reads_back_as_itself(single: float, double: float) -> None:
    for layout, oid, number in (("!f", types.FLOAT4, single), ("!d", types.FLOAT8, double)):
        packed = struct.pack(layout, number)
        assert struct.pack(layout, float(from_binary(packed, oid))) == packed or number != number
