"""What an eye would miss is written out."""

from passgate.core.visible import odd_characters, visible


def test_what_has_no_shape_is_written_out_and_lines_stay_lines() -> None:
    assert visible("a\u202eb\u200b\x1b[1m\n\tc é") == "a\\u202eb\\u200b\\x1b[1m\n\tc é"


def test_what_may_be_taken_for_something_else_is_named() -> None:
    assert list(odd_characters("p\u0430y\u200b \u00a0é!")) == [
        "it holds U+0430 CYRILLIC SMALL LETTER A, which may be taken for another letter",
        "it holds U+200B ZERO WIDTH SPACE, which cannot be seen",
        "it holds U+00E9 LATIN SMALL LETTER E WITH ACUTE, which may be taken for another letter",
    ]
