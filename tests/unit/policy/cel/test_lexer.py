import pytest

from passgate.policy.cel.errors import ConditionError
from passgate.policy.cel.lexer import MAX_LENGTH, Kind, tokenize


def words(text: str) -> list[tuple[Kind, str]]:
    return [(token.kind, token.value) for token in tokenize(text)]


def test_names_numbers_strings_and_symbols() -> None:
    assert words("verb in ['a', 0x1F] && !n") == [
        (Kind.IDENT, "verb"),
        (Kind.SYMBOL, "in"),
        (Kind.SYMBOL, "["),
        (Kind.STRING, "a"),
        (Kind.SYMBOL, ","),
        (Kind.INT, "0x1F"),
        (Kind.SYMBOL, "]"),
        (Kind.SYMBOL, "&&"),
        (Kind.SYMBOL, "!"),
        (Kind.IDENT, "n"),
        (Kind.END, ""),
    ]


def test_offsets_count_characters() -> None:
    assert [token.offset for token in tokenize("a  ==\n 'x'")] == [0, 3, 7, 10]


def test_hexadecimal_numbers_have_their_value() -> None:
    assert [token.number for token in tokenize("0x10 16")[:2]] == [16, 16]


def test_comments_run_to_the_end_of_their_line() -> None:
    assert words("a // b && c\n|| d") == [(Kind.IDENT, "a"), (Kind.SYMBOL, "||"), (Kind.IDENT, "d"), (Kind.END, "")]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"'a\x41\u00e9\U0001f600\101'", "aAé😀A"),
        (r"'\a\b\f\n\r\t\v\\\?\"\'\`'", "\a\b\f\n\r\t\v\\?\"'`"),
        (r"r'\d+\''", r"\d+\'"),
        (r'R"\n"', r"\n"),
        ("'''it's\n\"fine\"'''", 'it\'s\n"fine"'),
        ('"""a"b"""', 'a"b'),
        ("''", ""),
    ],
)
def test_strings(text: str, value: str) -> None:
    assert words(text)[0] == (Kind.STRING, value)


@pytest.mark.parametrize(
    ("text", "message", "offset"),
    [
        ("a & b", "unexpected character '&'", 2),
        ("a = b", "unexpected character '='", 2),
        ("{}", "unexpected character '{'", 0),
        ("1.5", "floating-point", 0),
        ("2e9", "floating-point", 0),
        ("1u", "unsigned", 0),
        ("12ab", "a name cannot follow", 2),
        ("b'x'", "byte strings", 0),
        ("rr'x'", "one r at most", 0),
        ("'abc", "not closed", 0),
        ("x == 'a\nb'", "not closed", 5),
        (r"'\q'", "unknown escape", 1),
        (r"'\ud800'", "not a Unicode character", 1),
        (r"'\U00110000'", "not a Unicode character", 1),
        ("9223372036854775809", "64 bits", 0),
        ("9" * 5000, "64 bits", 0),
        ("0x" + "f" * 5000, "64 bits", 0),
        ("x" * (MAX_LENGTH + 1), "longer than", 0),
    ],
)
def test_what_is_refused_and_where(text: str, message: str, offset: int) -> None:
    with pytest.raises(ConditionError, match=message) as caught:
        tokenize(text)
    assert caught.value.offset == offset


def test_refusals_come_with_a_remedy() -> None:
    with pytest.raises(ConditionError) as caught:
        tokenize("a = b")
    assert caught.value.remedy == "write == to compare"
