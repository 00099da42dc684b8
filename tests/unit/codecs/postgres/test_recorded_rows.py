"""Rows as PostgreSQL's endpoint records them."""

import struct

import pytest

from passgate.codecs.postgres.recorded_rows import PostgresRows
from passgate.core.errors import RemoteProtocolError

ROWS = PostgresRows()
TEXT, BINARY = 0, 1
INT4, TEXT_TYPE, POINT = 23, 25, 600


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def data_row(*values: bytes | None) -> bytes:
    cells = b"".join(struct.pack("!i", -1) if v is None else struct.pack("!i", len(v)) + v for v in values)
    return message(b"D", struct.pack("!H", len(values)) + cells)


def test_text_and_binary_cells() -> None:
    shape = {"columns": ["a", "b", "c"], "types": [INT4, TEXT_TYPE, POINT], "formats": [BINARY, TEXT, BINARY]}
    data = data_row(struct.pack("!i", 7), b"x", b"\1\2") + message(b"S", b"ignored") + data_row(None, b"\xff", None)
    assert ROWS.rows(data, shape) == [("7", "x", "\\x0102"), (None, "\\xff", None)]


def test_a_shape_that_says_nothing_is_text() -> None:
    assert ROWS.rows(data_row(b"1", b"2"), {}) == [("1", "2")]


@pytest.mark.parametrize("cut", range(1, 12))
def test_what_was_cut_off_is_left_out(cut: int) -> None:
    data = data_row(b"1") + data_row(b"2")
    assert ROWS.rows(data[:-cut], {}) == [("1",)]


def test_copied_lines() -> None:
    data = message(b"d", b"1\ta") + message(b"d", b"da\n2\t\\N\n") + message(b"c", b"") + message(b"d", b"csv,line\n")
    shape = {"columns": ["id", "name"], "copy": True}
    assert ROWS.rows(data, shape) == [("1", "ada"), ("2", None), ("csv,line",)]


def test_a_length_that_cannot_be() -> None:
    with pytest.raises(RemoteProtocolError, match="malformed"):
        ROWS.rows(b"D\0\0\0\1abc", {})
