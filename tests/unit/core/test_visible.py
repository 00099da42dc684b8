"""What an eye would miss is written out."""

import pytest

from passgate.core.visible import odd_characters, visible, visible_lines


def test_what_has_no_shape_is_written_out_and_lines_stay_lines() -> None:
    assert visible("a\u202eb\u200b\x1b[1m\n\tc é") == "a\\u202eb\\u200b\\x1b[1m\n\tc é"


def test_what_may_be_taken_for_something_else_is_named() -> None:
    assert list(odd_characters("p\u0430y\u200b \u00a0é!")) == [
        "it holds U+0430 CYRILLIC SMALL LETTER A, which may be taken for another letter",
        "it holds U+200B ZERO WIDTH SPACE, which cannot be seen",
        "it holds U+00A0 NO-BREAK SPACE, which cannot be seen",
        "it holds U+00E9 LATIN SMALL LETTER E WITH ACUTE, which may be taken for another letter",
    ]


@pytest.mark.parametrize("end", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c"])
def test_a_comment_ends_where_the_server_ends_it(end: str) -> None:
    """Python's own splitlines would show a WHERE that is none, and an editor's line end a comment that runs."""
    (line,) = visible_lines(f"DELETE FROM t -- x{end}WHERE id = 1")
    assert line.isprintable()
    assert visible_lines("SELECT 1 -- x\rDELETE FROM t") == ["SELECT 1 -- x\\r", "DELETE FROM t"]
    assert visible_lines("a\r\nb\n\nc\n") == ["a", "b", "", "c"]
    assert visible_lines("") == [""]


def test_line_ends_of_unicode_are_named() -> None:
    assert list(odd_characters("a\u2028b\n")) == ["it holds U+2028 LINE SEPARATOR, which cannot be seen"]
