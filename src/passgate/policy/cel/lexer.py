"""Text to tokens, by the lexical rules of the CEL specification ("Syntax")."""

import re
from dataclasses import dataclass
from enum import Enum, auto

from passgate.policy.cel.errors import ConditionError
from passgate.policy.cel.lookalikes import instead

MAX_LENGTH = 16_384
"""Characters of one condition: a rule longer than this is a list that belongs in a label or a group."""

KEYWORDS = frozenset({"true", "false", "null", "in"})
RESERVED = frozenset(
    {
        *("as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package"),
        *("namespace", "return", "var", "void", "while"),
    }
)
"""Words that CEL keeps for its host languages: no variable may bear one, a field may."""

INT_MAX = 2**63 - 1
_MOST_DIGITS = 40
"""Longer than any number that fits, and short enough to convert."""


class Kind(Enum):
    IDENT = auto()
    INT = auto()
    STRING = auto()
    SYMBOL = auto()  # operators, brackets and the keywords true, false, null, in
    END = auto()


@dataclass(frozen=True, slots=True)
class Token:
    """``value``: the name, the decoded string or the symbol. ``number``: that of an integer, up to 2**63 so that ``-`` applies."""

    kind: Kind
    value: str
    offset: int
    number: int = 0


_SPACE = re.compile(r"(?:[ \t\n\f\r]+|//[^\n]*)+")
_IDENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NUMBER = re.compile(r"0[xX][0-9a-fA-F]+|[0-9]+")
_FLOAT_TAIL = re.compile(r"\.[0-9]|[eE][+-]?[0-9]")
_SYMBOL = re.compile(r"&&|\|\||==|!=|<=|>=|[<>!+\-*/%?:.,()\[\]]")
_STRING_START = re.compile(r"([rRbB]{0,2})(\"\"\"|'''|\"|')")

_SIMPLE_ESCAPES = dict(zip("abfnrtv", "\a\b\f\n\r\t\v", strict=True)) | {c: c for c in "\\?\"'`"}
_CODED_ESCAPE = re.compile(
    r"[xX](?P<byte>[0-9a-fA-F]{2})|u(?P<short>[0-9a-fA-F]{4})|U(?P<long>[0-9a-fA-F]{8})|(?P<octal>[0-3][0-7]{2})"
)

_INSTEAD = {
    "&": "write && for and",
    "|": "write || for or",
    "=": "write == to compare",
    "{": "maps and messages cannot be written in a condition",
    "#": "a comment starts with //",
}


def tokenize(text: str) -> list[Token]:
    """All tokens, the last one of kind END. Raises ConditionError."""
    if len(text) > MAX_LENGTH:
        raise ConditionError(f"the condition is longer than {MAX_LENGTH} characters", offset=0, remedy="split the rule")
    tokens: list[Token] = []
    at = 0
    while True:
        if space := _SPACE.match(text, at):
            at = space.end()
        if at >= len(text):
            tokens.append(Token(Kind.END, "", at))
            return tokens
        token, at = _next(text, at)
        tokens.append(token)


def _next(text: str, at: int) -> tuple[Token, int]:
    if start := _STRING_START.match(text, at):
        return _string(text, at, prefix=start[1].lower(), quote=start[2], body=start.end())
    if word := _IDENT.match(text, at):
        kind = Kind.SYMBOL if word[0] in KEYWORDS else Kind.IDENT
        return Token(kind, word[0], at), word.end()
    if number := _NUMBER.match(text, at):
        return _number(text, number)
    if symbol := _SYMBOL.match(text, at):
        return Token(Kind.SYMBOL, symbol[0], at), symbol.end()
    raise ConditionError(
        f"unexpected character {text[at]!r}", offset=at, remedy=_INSTEAD.get(text[at]) or instead(text[at])
    )


def _number(text: str, number: re.Match[str]) -> tuple[Token, int]:
    at, end = number.span()
    if _FLOAT_TAIL.match(text, end):
        raise ConditionError(
            "floating-point numbers are not part of the rule language", offset=at, remedy="use an integer"
        )
    if text[end : end + 1] in ("u", "U"):
        raise ConditionError(
            "unsigned numbers are not part of the rule language", offset=at, remedy=f"write {number[0]}"
        )
    if _IDENT.match(text, end):
        raise ConditionError(f"a name cannot follow the number {number[0]} directly", offset=end)
    if len(number[0]) > 1 and number[0][0] == "0" and number[0][1].isdecimal():
        raise ConditionError(
            "a number with a 0 in front is octal to some", offset=at, remedy=f"write {number[0].lstrip('0') or '0'}"
        )
    digits = number[0][:_MOST_DIGITS]
    value = int(digits, 0 if digits[:2] in ("0x", "0X") else 10)
    if len(digits) == _MOST_DIGITS or value > INT_MAX + 1:
        raise ConditionError("the number does not fit in 64 bits", offset=at)
    return Token(Kind.INT, number[0], at, value), end


def _string(text: str, at: int, *, prefix: str, quote: str, body: int) -> tuple[Token, int]:
    if "b" in prefix:
        raise ConditionError("byte strings are not part of the rule language", offset=at, remedy="leave out the b")
    if prefix == "rr":
        raise ConditionError("a string has one r at most", offset=at)
    out: list[str] = []
    position = body
    while not text.startswith(quote, position):
        if position >= len(text) or (len(quote) == 1 and text[position] in "\r\n"):
            raise ConditionError("the string is not closed", offset=at, remedy=f"end it with {quote}")
        if text[position] == "\\" and prefix != "r":
            character, position = _escape(text, position)
        else:
            width = 2 if text[position] == "\\" else 1
            character, position = text[position : position + width], position + width
        out.append(character)
    return Token(Kind.STRING, "".join(out), at), position + len(quote)


def _escape(text: str, at: int) -> tuple[str, int]:
    letter = text[at + 1 : at + 2]
    if letter in _SIMPLE_ESCAPES:
        return _SIMPLE_ESCAPES[letter], at + 2
    coded = _CODED_ESCAPE.match(text, at + 1)
    if coded is None:
        raise ConditionError(
            f"unknown escape \\{letter}", offset=at, remedy="write \\\\ for a backslash, or use r'...'"
        )
    digits, base = (coded["octal"], 8) if coded["octal"] else (coded["byte"] or coded["short"] or coded["long"], 16)
    code = int(digits, base)
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        raise ConditionError(f"\\{coded[0]} is not a Unicode character", offset=at)
    return chr(code), coded.end()
