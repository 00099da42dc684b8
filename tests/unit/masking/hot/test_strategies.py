import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.masking.hot import _strategies as hot


@pytest.mark.parametrize(
    ("value", "first", "last", "masked"),
    [
        (b"4111111111111111", 0, 4, b"************1111"),
        (b"abcdef", 1, 1, b"a****f"),
        (b"abcdef", 9, 9, b"a***ef"),
        (b"abc", 0, 4, b"**c"),
        (b"abc", 2, 0, b"a**"),
        (b"a", 1, 1, b"*"),
        (b"", 1, 1, b""),
        (b"abc", -1, -1, b"***"),
        ("Zoë Ångström".encode(), 3, 1, "Zoë********m".encode()),
        ("åäö".encode(), 0, 1, b"**" + "ö".encode()),
        ("日本".encode(), 1, 0, "日".encode() + b"*"),
        (b"\x80\x80\x80", 1, 1, b""),
        (b"x" * 200, 1, 1, b"x" + b"*" * 64 + b"x"),
        ("é".encode() * 200, 0, 0, b"*" * 64),
    ],
)
def test_partial(value: bytes, first: int, last: int, masked: bytes) -> None:
    assert hot.partial([value], first, last) == [masked]


@pytest.mark.parametrize(
    ("value", "first", "last", "masked"),
    [
        (b"alice@example.com", 1, 0, b"a***@***.com"),
        (b"alice@mail.example.co.uk", 1, 1, b"a***e@***.uk"),
        (b"a@b.com", 1, 0, b"***@***.com"),
        (b"bob@localhost", 1, 0, b"b***@***"),
        (b"@x.org", 1, 0, b"***@***.org"),
        (b"not an address", 1, 0, b"n*************"),
        (b"a.b@x." + b"y" * 40, 0, 0, b"***@***"),
        ("jörg@example.de".encode(), 2, 0, "jö***@***.de".encode()),
    ],
)
def test_partial_email(value: bytes, first: int, last: int, masked: bytes) -> None:
    assert hot.partial_email([value], first, last) == [masked]


def test_constant() -> None:
    assert hot.constant([b"a", b"b"], b"x") == [b"x", b"x"]


@given(st.lists(st.text(max_size=40)), st.integers(0, 30), st.integers(0, 30))
def test_partial_shows_at_most_what_was_asked_and_half(values: list[str], first: int, last: int) -> None:
    masked = hot.partial([value.encode() for value in values], first, last)
    for value, got in zip(values, masked, strict=True):
        text = got.decode()
        hidden = len(value) - len(text.replace("*", "")) if "*" not in value else None
        assert len(text) == min(len(value), len(text))
        if hidden is not None:
            shown = len(value) - hidden
            assert shown <= min(len(value) // 2, first + last)
            assert value.startswith(text.split("*")[0])
            assert value.endswith(text.rsplit("*")[-1])


@given(st.lists(st.binary(max_size=40)), st.integers(0, 9), st.integers(0, 9))
def test_bytes_that_are_not_utf8_do_no_harm(values: list[bytes], first: int, last: int) -> None:
    assert len(hot.partial(values, first, last)) == len(values)
    assert len(hot.partial_email(values, first, last)) == len(values)
