from collections.abc import Callable

import pytest

from passgate.codecs.postgres import wire
from passgate.codecs.postgres.simple_query import EmptyQueryResponse
from passgate.core.errors import LocalProtocolError, RemoteProtocolError


def reader(data: bytes) -> wire.Reader:
    return wire.Reader(data, "Sample")


def test_numbers_are_big_endian_and_signed_where_they_say_so() -> None:
    sample = reader(b"\xff\xfe" * 2 + b"\xff\xff\xff\xfe" * 2 + b"\x07")
    assert (sample.int16(), sample.uint16(), sample.int32(), sample.uint32(), sample.byte()) == (
        -2,
        0xFFFE,
        -2,
        0xFFFFFFFE,
        7,
    )
    sample.end()


@pytest.mark.parametrize(
    "read",
    [
        wire.Reader.int16,
        wire.Reader.uint16,
        wire.Reader.int32,
        wire.Reader.uint32,
        wire.Reader.byte,
        wire.Reader.text,
        wire.Reader.value,
        wire.Reader.formats,
    ],
)
def test_what_is_missing_is_refused_by_name(read: Callable[[wire.Reader], object]) -> None:
    with pytest.raises(RemoteProtocolError, match="Sample: "):
        read(reader(b""))


def test_a_text_must_be_utf8() -> None:
    with pytest.raises(RemoteProtocolError, match="UTF-8"):
        reader(b"\xff\0").text()


def test_a_value_of_minus_one_is_null_and_less_is_refused() -> None:
    assert reader(b"\xff\xff\xff\xff").value() is None
    assert reader(b"\0\0\0\0").value() == b""
    with pytest.raises(RemoteProtocolError):
        reader(b"\xff\xff\xff\xfe").value()


def test_a_format_code_is_0_or_1() -> None:
    assert reader(b"\0\x02\0\0\0\x01").formats() == (0, 1)
    with pytest.raises(RemoteProtocolError, match="format code 2"):
        reader(b"\0\x02").format()


def test_bytes_too_many_are_counted() -> None:
    with pytest.raises(RemoteProtocolError, match="2 bytes too many"):
        reader(b"ab").end()


def test_the_rest_is_everything_left() -> None:
    sample = reader(b"abc")
    assert (sample.byte(), sample.left, sample.rest(), sample.left) == (97, 2, b"bc", 0)


@pytest.mark.parametrize(
    ("write", "number"),
    [
        (wire.int16, 0x8000),
        (wire.uint16, -1),
        (wire.uint16, 0x10000),
        (wire.int32, 0x80000000),
        (wire.uint32, -1),
        (wire.byte, 256),
    ],
)
def test_a_number_that_does_not_fit_is_our_mistake(write: Callable[[int], bytes], number: int) -> None:
    with pytest.raises(LocalProtocolError):
        write(number)


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_a_text_that_cannot_be_sent_is_our_mistake(value: str) -> None:
    with pytest.raises(LocalProtocolError):
        wire.text(value)


def test_a_bodiless_message_has_no_body() -> None:
    assert EmptyQueryResponse().encode() == b"I\0\0\0\x04"
    assert EmptyQueryResponse.parse(b"") == EmptyQueryResponse()
    with pytest.raises(RemoteProtocolError):
        EmptyQueryResponse.parse(b"x")
