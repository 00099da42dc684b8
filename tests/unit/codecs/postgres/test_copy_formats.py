from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from passgate.codecs.postgres.copy_formats import CopyFormat, CopyOptions, Format, open_format
from passgate.core.errors import LocalProtocolError, RemoteProtocolError
from tests.unit.codecs.postgres.strategies import chunkings, cut

TEXT = CopyOptions()
CSV = CopyOptions(format=CopyFormat.CSV)
BINARY = CopyOptions(format=CopyFormat.BINARY)
HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"

OPTIONS = [
    TEXT,
    CopyOptions(delimiter=b"|", null=b"NULL"),
    CopyOptions(delimiter=b",", null=b""),
    CSV,
    CopyOptions(format=CopyFormat.CSV, delimiter=b";", null=b"\\N", quote=b"'"),
    CopyOptions(format=CopyFormat.CSV, escape=b"\\"),
    CopyOptions(format=CopyFormat.CSV, delimiter=b"^", quote=b"]", escape=b"-"),
    BINARY,
]
options = pytest.mark.parametrize(
    "chosen", OPTIONS, ids=lambda chosen: f"{chosen.format}{chosen.delimiter!r}{chosen.escape!r}"
)

cells = st.none() | st.binary(max_size=8) | st.text("ab\"'\\,;|\t\n\r^]-N.", max_size=8).map(str.encode)


def values(codec: Format, pieces: list[bytes]) -> list[list[bytes | None]]:
    rows = [row for piece in pieces for row in codec.feed(piece)]
    return [[codec.decode(field) for field in row.fields] for row in rows if row.data]


def written(chosen: CopyOptions, rows: list[list[bytes | None]], columns: int) -> bytes:
    codec = open_format(chosen, columns)
    body = b"".join(codec.join([codec.encode(value) for value in row]) for row in rows)
    return HEADER + body + TRAILER if chosen.format is CopyFormat.BINARY else body


def ambiguous(chosen: CopyOptions, value: bytes | None) -> bool:
    """The text format's NULL string is NULL even where it was a value, as the server's own is."""
    return chosen.format is CopyFormat.TEXT and value is not None and value == chosen.null


@options
@given(columns=st.integers(1, 4), data=st.data())
def test_rows_are_read_as_they_were_written_whatever_the_reads(
    chosen: CopyOptions, columns: int, data: st.DataObject
) -> None:
    cell = cells.filter(lambda value: not ambiguous(chosen, value))
    rows = data.draw(st.lists(st.lists(cell, min_size=columns, max_size=columns), max_size=5))
    stream = written(chosen, rows, columns)
    for pieces in ([stream], [bytes((b,)) for b in stream], cut(stream, data.draw(chunkings(len(stream))))):
        codec = open_format(chosen, columns)
        assert values(codec, pieces) == rows
        codec.finish()


@options
@given(stream=st.binary(max_size=60) | st.text("ab\"'\\,;|\t\n^]-", max_size=40).map(str.encode), data=st.data())
def test_any_bytes_give_the_same_rows_or_a_refusal(chosen: CopyOptions, stream: bytes, data: st.DataObject) -> None:
    if chosen.format is CopyFormat.BINARY and data.draw(st.booleans()):
        stream = HEADER + stream
    outcomes: list[Any] = []
    for pieces in ([stream], [bytes((b,)) for b in stream], cut(stream, data.draw(chunkings(len(stream))))):
        codec = open_format(chosen, 2, max_row=40)
        try:
            outcomes.append(values(codec, pieces))
        except RemoteProtocolError:
            outcomes.append("refused")
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_text_as_the_server_writes_it() -> None:
    codec = open_format(TEXT, 3)
    assert values(codec, [b"a\\tb\t\\N\t\\\\N\n\\x\t\t\\n\n"]) == [[b"a\tb", None, b"\\N"], [b"x", b"", b"\n"]]
    assert codec.encode(b"a\tb\\c\nd\r\x08\f\v") == b"a\\tb\\\\c\\nd\\r\\b\\f\\v"


def test_another_delimiter_is_escaped_by_itself() -> None:
    codec = open_format(CopyOptions(delimiter=b"|"), 2)
    assert codec.encode(b"a|b") == b"a\\|b"
    assert values(codec, [b"a\\|b|c\n"]) == [[b"a|b", b"c"]]
    with pytest.raises(RemoteProtocolError, match="lone backslash"):
        codec.feed(b"a|b\\\n")


def test_csv_as_the_server_writes_it() -> None:
    codec = open_format(CSV, 3)
    assert values(codec, [b'a,,""\n"a ""q"", b","x\ny",c\n']) == [[b"a", None, b""], [b'a "q", b', b"x\ny", b"c"]]
    assert [codec.encode(value) for value in (b"a", b"", None, b'q"', b"\\.", b"a,b")] == [
        b"a",
        b'""',
        b"",
        b'"q"""',
        b'"\\."',
        b'"a,b"',
    ]


@pytest.mark.parametrize("line", [b'a"b",c\n', b'"a"b,c\n', b'"a,b\n"x,c\n'])
def test_a_csv_field_is_quoted_as_a_whole_or_not_at_all(line: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="neither quoted nor plain"):
        open_format(CSV, 2).feed(line)


def test_escapes_can_be_read_in_one_way_only() -> None:
    """Two ways to read a pair of them would take time exponential in their number before a bad field is refused."""
    with pytest.raises(RemoteProtocolError, match="neither quoted nor plain"):
        open_format(CopyOptions(format=CopyFormat.CSV, escape=b"\\"), 1).feed(b'"' + b"\\" * 2000 + b'"x\n')


@pytest.mark.parametrize("chosen", [TEXT, CSV])
@pytest.mark.parametrize("line", [b"a\n", b"a\tb\tc\n", b"a,b,c\n", b"\n"])
def test_another_number_of_fields_is_refused(chosen: CopyOptions, line: bytes) -> None:
    with pytest.raises(RemoteProtocolError, match="not 2"):
        open_format(chosen, 2).feed(line)


@pytest.mark.parametrize("chosen", [TEXT, CSV])
def test_a_header_line_is_no_data(chosen: CopyOptions) -> None:
    codec = open_format(CopyOptions(format=chosen.format, header=True), 1)
    rows = codec.feed(b"email\n") + codec.feed(b"x\n")
    assert [(row.raw, row.data) for row in rows] == [(b"email\n", False), (b"x\n", True)]


@pytest.mark.parametrize("chosen", [TEXT, CSV])
def test_a_table_without_columns_has_empty_rows(chosen: CopyOptions) -> None:
    assert values(open_format(chosen, 0), [b"\n\n"]) == [[], []]
    with pytest.raises(RemoteProtocolError):
        open_format(chosen, 0).feed(b"x\n")


def test_a_binary_table_without_columns_has_empty_tuples() -> None:
    assert values(open_format(BINARY, 0), [HEADER + b"\0\0\0\0" + TRAILER]) == [[], []]


def test_a_binary_header_may_be_extended() -> None:
    head = b"PGCOPY\n\xff\r\n\0" + bytes(4) + b"\0\0\0\3abc"
    rows = open_format(BINARY, 1).feed(head + b"\0\1\0\0\0\1x" + TRAILER)
    assert [(row.raw, row.data) for row in rows] == [(head, False), (b"\0\1\0\0\0\1x", True), (TRAILER, False)]


@pytest.mark.parametrize(
    ("stream", "why"),
    [
        (b"PGCOPY\n\xff\r\n\1" + bytes(8), "signature"),
        (b"PGCOPY\n\xff\r\n\0" + b"\0\1\0\0" + bytes(4), "flags"),
        (b"PGCOPY\n\xff\r\n\0" + bytes(4) + b"\xff\xff\xff\xff", "too large"),
        (HEADER + b"\0\2", "2 fields, not 1"),
        (HEADER + b"\xff\xfe", "-2 fields"),
        (HEADER + b"\0\1\xff\xff\xff\xfe", "-2 bytes"),
        (HEADER + b"\0\1\x7f\xff\xff\xff", "2147483647 bytes"),
        (HEADER + TRAILER + b"x", "behind the trailer"),
    ],
)
def test_binary_data_that_no_server_writes_is_refused(stream: bytes, why: str) -> None:
    with pytest.raises(RemoteProtocolError, match=why):
        open_format(BINARY, 1).feed(stream)


@pytest.mark.parametrize(
    ("chosen", "stream"),
    [
        (TEXT, b"a"),
        (CSV, b'"a\n'),
        (BINARY, b""),
        (BINARY, HEADER),
        (BINARY, HEADER + b"\0\1\0\0\0\1"),
        (BINARY, HEADER[:5]),
    ],
)
def test_data_that_ends_inside_a_row_is_refused(chosen: CopyOptions, stream: bytes) -> None:
    codec = open_format(chosen, 1)
    codec.feed(stream)
    with pytest.raises(RemoteProtocolError, match="cut short"):
        codec.finish()


@pytest.mark.parametrize("chosen", [TEXT, CSV])
def test_a_row_is_bounded(chosen: CopyOptions) -> None:
    codec = open_format(chosen, 1, max_row=10)
    codec.feed(b"0123456789")
    with pytest.raises(RemoteProtocolError, match="more than 10 bytes"):
        codec.feed(b"0")


@pytest.mark.parametrize(
    "chosen",
    [
        CopyOptions(delimiter=b"ab"),
        CopyOptions(delimiter=b"\n"),
        CopyOptions(null=b"a\nb"),
        CopyOptions(null=b"\r"),
        CopyOptions(format=CopyFormat.CSV, quote=b"''"),
        CopyOptions(format=CopyFormat.CSV, delimiter=b'"'),
        CopyOptions(format=CopyFormat.CSV, escape=b"\r"),
    ],
)
def test_options_that_the_server_would_not_take_are_not_taken(chosen: CopyOptions) -> None:
    with pytest.raises(LocalProtocolError):
        open_format(chosen, 1)
