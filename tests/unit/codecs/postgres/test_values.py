import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.postgres import types
from passgate.codecs.postgres.values import NAMES, ParameterValue, decode_parameter, type_name


@pytest.mark.parametrize(
    ("oid", "sent", "value"),
    [
        (types.INT4, b"\0\0\0\x2a", ParameterValue(text="42", type="int4")),
        (
            1009,
            bytes.fromhex("000000010000000000000019000000010000000100000001") + b"a",
            ParameterValue(text="{a}", type="text[]"),
        ),
        (types.INT4, b"\0", ParameterValue(text=None, type="int4", opaque=True)),
        (0, b"42", ParameterValue(text=None, opaque=True)),
    ],
)
def test_a_binary_value_is_text_or_opaque(oid: int, sent: bytes, value: ParameterValue) -> None:
    assert decode_parameter(sent, oid, 1) == value


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


@pytest.mark.parametrize("oid", [types.REGCLASS, types.REGROLE, types.OID, types.XID])
def test_an_object_bound_in_binary_is_its_number(oid: int) -> None:
    assert decode_parameter(b"\xff\xff\xff\xff", oid, 1).text == "4294967295"


@given(st.sampled_from([0, 999999, *NAMES, *types.ELEMENTS]), st.sampled_from([0, 1]), st.binary(max_size=60))
def test_any_bytes_are_decoded_or_opaque(oid: int, form: int, sent: bytes) -> None:
    value = decode_parameter(sent, oid, form)
    assert value.opaque == (value.text is None)


def test_type_names_of_arrays_are_those_of_their_elements() -> None:
    assert type_name(1231) == "numeric[]"
    assert type_name(types.NUMERIC) == "numeric"
    assert type_name(1041) == type_name(424242) == ""


def test_a_value_is_not_shown() -> None:
    assert "sesame" not in repr(decode_parameter(b"sesame", types.TEXT, 0))
