"""Characters that a reader takes for another one, or does not see. A name that holds one is compared with, and never equal."""

import re
import unicodedata
from dataclasses import dataclass

_WORD = re.compile(r"\w+")
_UNSEEN = frozenset({"Cf", "Cc", "Co", "Cs", "Zl", "Zp"})
"""Controls, zero widths, directions, private use, line separators."""
_SPACES = frozenset("\n\r\t ")
_RESEMBLING = ("CYRILLIC", "GREEK", "COPTIC", "ARMENIAN", "CHEROKEE", "FULLWIDTH", "MATHEMATICAL", "LISU")
"""Scripts with letters that look like Latin ones. A word of such letters alone is a word; among Latin ones they are not seen."""
_QUOTES = {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"', "\u201e": '"', "\u00ab": '"', "\u00bb": '"'}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookalike:
    """``offset`` counts characters from the start of the text."""

    offset: int
    message: str
    remedy: str


def lookalike(text: str) -> Lookalike | None:
    """The first such character of a text."""
    if text.isascii() and text.isprintable():
        return None
    for offset, character in enumerate(text):
        if character not in _SPACES and _unseen(character):
            return Lookalike(
                offset=offset,
                message=f"the character {_named(character)} does not show",
                remedy=f"leave it out, or write {_escaped(character)} in a condition",
            )
    for word in _WORD.finditer(text):
        for offset, character in enumerate(word[0], word.start()):
            if _resembles(character) and any(c.isascii() and c.isalpha() for c in word[0]):
                return Lookalike(
                    offset=offset,
                    message=f"{word[0]!r} mixes {_named(character)} with Latin letters that look like it",
                    remedy=f"type it anew, or write {_escaped(character)} in a condition",
                )
    return None


def instead(character: str) -> str:
    """What to type where a character that is no part of any language of ours stands in a condition; empty if nobody can say."""
    if character in _QUOTES:
        return f"write {_QUOTES[character]}"
    plain = unicodedata.normalize("NFKC", character)
    if character.isspace() or plain == " " or _unseen(character):
        return f"{_named(character)}: write a plain space"
    if not character.isascii() and plain != character and plain.isascii() and plain.isprintable():
        return f"write {plain}"
    return "" if character.isascii() else _named(character)


def _unseen(character: str) -> bool:
    return unicodedata.category(character) in _UNSEEN or (character.isspace() and character not in _SPACES)


def _resembles(character: str) -> bool:
    return not character.isascii() and unicodedata.name(character, "").startswith(_RESEMBLING)


def _named(character: str) -> str:
    name = unicodedata.name(character, "")
    return f"U+{ord(character):04X}" + (f" ({name})" if name else "")


def _escaped(character: str) -> str:
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
