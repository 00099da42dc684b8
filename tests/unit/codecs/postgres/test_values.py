"""``values.tsv`` was captured from PostgreSQL 15: type OID, binary form, type name, and what the server printed for it."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.postgres import types
from passgate.codecs.postgres.values import NAMES, ParameterValue, decode_parameter, type_name

CAPTURED = [line.split("\t") for line in Path(__file__).with_name("values.tsv").read_text().splitlines()]


@pytest.mark.parametrize(("oid", "binary", "name", "text"), CAPTURED, ids=[f"{row[2]}-{row[3]}" for row in CAPTURED])
def test_a_binary_value_is_printed_as_the_server_prints_it(oid: str, binary: str, name: str, text: str) -> None:
    assert decode_parameter(bytes.fromhex(binary), int(oid), 1) == ParameterValue(text=text, type=name)


@pytest.mark.parametrize("oid", [0, types.TEXT, types.INT4, 1009, 999999])
@pytest.mark.parametrize("form", [0, 1])
def test_null_is_null_in_every_type_and_format(oid: int, form: int) -> None:
    value = decode_parameter(None, oid, form)
    assert value.text is None
    assert not value.opaque


@pytest.mark.parametrize(
    ("oid", "sent", "text"),
    [
        (types.INT4, b" 042 ", "42"),
        (types.INT8, b"-0", "0"),
        (types.INT2, b"+7\n", "7"),
        (types.BOOL, b"YES", "t"),
        (types.BOOL, b" 0 ", "f"),
        (types.UUID, b"{A0EEBC999C0B4EF8BB6D6BB9BD380A11}", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
        (types.TEXT, b" 042 ", " 042 "),
        (types.DATE, b"2024-01-01", "2024-01-01"),
        (0, b"anything", "anything"),
        (999999, b"anything", "anything"),
    ],
)
def test_text_that_rules_compare_is_brought_into_one_form(oid: int, sent: bytes, text: str) -> None:
    assert decode_parameter(sent, oid, 0).text == text


@pytest.mark.parametrize(
    ("oid", "sent"),
    [
        (types.INT4, b"0x2a"),
        (types.INT4, b"1_000"),
        (types.INT4, "٤٢".encode()),
        (types.INT4, b""),
        (types.INT4, b"9" * 5000),
        (types.BOOL, b"maybe"),
        (types.UUID, b"a0eebc99"),
        (types.TEXT, b"\xff"),
        (types.TEXT, b"a\0b"),
        (0, b"\xff"),
    ],
)
def test_text_that_is_not_understood_is_opaque(oid: int, sent: bytes) -> None:
    value = decode_parameter(sent, oid, 0)
    assert (value.text, value.opaque) == (None, True)


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
def test_what_cannot_be_decoded_for_certain_is_opaque(oid: int, sent: str) -> None:
    value = decode_parameter(bytes.fromhex(sent), oid, 1)
    assert (value.text, value.opaque) == (None, True)


@pytest.mark.parametrize("oid", [types.REGCLASS, types.REGROLE, types.OID, types.XID])
def test_an_object_bound_in_binary_is_its_number(oid: int) -> None:
    assert decode_parameter(b"\xff\xff\xff\xff", oid, 1).text == "4294967295"


@given(st.sampled_from([0, 999999, *NAMES, *types.ELEMENTS]), st.sampled_from([0, 1]), st.binary(max_size=60))
def test_any_bytes_are_decoded_or_opaque(oid: int, form: int, sent: bytes) -> None:
    value = decode_parameter(sent, oid, form)
    assert value.opaque == (value.text is None)


@given(st.floats(width=32), st.floats())
def test_a_float_reads_back_as_itself(single: float, double: float) -> None:
    for layout, oid, number in (("!f", types.FLOAT4, single), ("!d", types.FLOAT8, double)):
        packed = struct.pack(layout, number)
        text = decode_parameter(packed, oid, 1).text
        assert text is not None
        assert struct.pack(layout, float(text)) == packed or number != number


def test_type_names_of_arrays_are_those_of_their_elements() -> None:
    assert type_name(1231) == "numeric[]"
    assert type_name(types.NUMERIC) == "numeric"
    assert type_name(1041) == type_name(424242) == ""


def test_a_value_is_not_shown() -> None:
    assert "sesame" not in repr(decode_parameter(b"sesame", types.TEXT, 0))
